"""Lambda: what the tables journal and ledger say on their streams goes into the audit bucket, for good.

Answers with the sequence numbers of exactly the records that failed. (Powertools' batch processor works record by
record; here a batch becomes one object per account, day and unbroken run of records.)
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from functions.parts import notifier_of, tables_of, vault_of
from shared.domain.errors import BadInput
from shared.observability import make_logger, make_metrics

logger = make_logger("archive_stream")
metrics = make_metrics("archive_stream")


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, archive, hand back what failed."""
    from shared.adapters.archive.archiving import archive_batch
    from shared.adapters.dynamo.lines import line_before

    records = event.get("Records")
    if not isinstance(records, list):
        raise BadInput(f"event.Records must be a list of stream records, not {records!r}")
    around = surroundings()
    tables = tables_of(around)
    before = partial(line_before, tables)
    done = archive_batch(records, tables.prefix, before, vault_of(around), notifier_of(around))
    for number, why in done.failed.items():
        logger.error("not archived", number=number, why=why)
    metrics.add_metric("records_archived", MetricUnit.Count, done.records)
    metrics.add_metric("archive_failed", MetricUnit.Count, len(done.failed))
    metrics.add_metric("history_changed", MetricUnit.Count, done.changes)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in done.failed]}


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return f"{len(answer['batchItemFailures'])} records failed"


handler = entrance(logger, metrics, work, Leaves("archive_stream", says))
