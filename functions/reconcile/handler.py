"""Lambda: the paper venue's statement against our books, every five minutes, whatever the trader says of itself.

What differs in two runs is told to people; nothing is repaired and no command given.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import Surroundings, entrance, surroundings
from functions.leaving import Leaves
from functions.parts import notifier_of, tables_of
from shared.observability import make_logger, make_metrics

if TYPE_CHECKING:
    from shared.adapters.audit.venue import Reader
    from shared.adapters.dynamo.tables import Tables

logger = make_logger("reconcile")
metrics = make_metrics("reconcile")
readers: dict[tuple[str, str], "Reader"] = {}
"""Kept while the function stays warm, by table prefix and account."""


def reader_of(around: Surroundings, tables: "Tables") -> "Reader":
    """The reader of our books, which remembers what it has read."""
    from shared.adapters.audit.venue import Reader

    key = (tables.prefix, around.settings.account)
    return readers.setdefault(key, Reader(around.settings.account, tables))


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compare, tell what stands wrong, remember."""
    from shared.adapters.audit.standing import recall, remember, stand, tell
    from shared.adapters.audit.venue import AGAIN_NS, SOURCE, STANDS_NS, compare, statement

    around, now = surroundings(), time.time_ns()
    account = around.settings.account
    tables = tables_of(around)
    memory, before = recall(tables, account, SOURCE)
    reports = statement(account, tables, now)
    wrong, memory = compare(reader_of(around, tables).read(), reports, memory)
    memory, due = stand(memory, wrong, now, STANDS_NS, AGAIN_NS)
    tell(account, SOURCE, memory, due, notifier_of(around))
    kept = remember(tables, account, SOURCE, memory, before)
    standing = [one.text for one in wrong if now - memory.since[one.subject].seen_at >= STANDS_NS]
    metrics.add_metric("books_differences", MetricUnit.Count, len(standing))
    return {"differences": [one.text for one in wrong], "standing": standing, "told": len(due), "kept": kept}


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return f"{len(answer['standing'])} differences stand"


handler = entrance(logger, metrics, work, Leaves("reconcile", says))
