"""Lambda: the ledger against journal, positions and orders, once an hour; everything anew in the first hour of a day.

The event may carry ``whole`` (true: everything anew now).
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from functions.parts import notifier_of, tables_of, vault_of
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR
from shared.domain.notice import Notice
from shared.observability import make_logger, make_metrics

NAME = "ledger_differs"
logger = make_logger("audit_ledger")
metrics = make_metrics("audit_ledger")


def is_whole(event: dict[str, Any], now: int) -> bool:
    """Whether everything is to be read; ``BadInput`` for an event that does not say so clearly."""
    asked = event.get("whole", now % DAY < HOUR)
    if not isinstance(asked, bool):
        raise BadInput(f"event.whole must be true or false, not {asked!r}")
    return asked


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, audit, tell what differs."""
    from shared.adapters.audit.books import audit_books

    whole, around = is_whole(event, time.time_ns()), surroundings()
    account = around.settings.account
    audit = audit_books(account, tables_of(around), vault_of(around), whole=whole)
    metrics.add_metric("ledger_differences", MetricUnit.Count, audit.differences)
    if audit.differences:
        text = f"{audit.differences} difference(s) between journal and tables, the first: {audit.told[0]}"
        notifier_of(around).notify(Notice(account, 1, NAME, text, audit.at, source="audit_ledger"))
    answer: dict[str, Any] = msgspec.to_builtins(audit)
    return answer


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return f"{answer['differences']} differences"


handler = entrance(logger, metrics, work, Leaves("audit_ledger", says))
