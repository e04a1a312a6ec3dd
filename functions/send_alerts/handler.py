"""Lambda: tell people what the alerts queue holds. Batches of the queue, the worst first; only what failed returns.

One poisoned message is nobody else's trouble: the queue offers it again, and gives it up to its dead letters.
"""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import Surroundings, entrance, surroundings
from shared.adapters.notices.body import notice_of
from shared.domain.errors import BadInput
from shared.observability import Hidden, make_logger, make_metrics

if TYPE_CHECKING:
    from shared.adapters.notices.compose import Cloud
    from shared.adapters.notices.delivery import Delivery

hidden = Hidden()
logger = make_logger("send_alerts", hidden)
metrics = make_metrics("send_alerts")
LAST = 9
_clouds: "dict[Surroundings, Cloud]" = {}


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver every message of the batch; the answer names those that go back to the queue."""
    delivery = _delivery(surroundings(), context)
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    ordered = {"Records": sorted(event.get("Records") or (), key=_severity)}
    metrics.add_metric("notices_taken", MetricUnit.Count, len(ordered["Records"]))
    return dict(process_partial_response(ordered, lambda record: _tell(record, delivery), processor, context))


def _delivery(around: Surroundings, context: LambdaContext) -> "Delivery":
    from shared.adapters.notices.compose import Cloud

    if around not in _clouds:
        _clouds[around] = Cloud(around.settings, around.endpoint, hidden)
    owner = f"{context.aws_request_id}/{time.time_ns()}"
    return _clouds[around].delivery(owner, lambda: context.get_remaining_time_in_millis() / 1000.0, logger.warning)


def _severity(record: dict[str, Any]) -> int:
    try:
        return notice_of(record.get("body", "")).severity
    except BadInput:
        return LAST


def _tell(record: SQSRecord, delivery: "Delivery") -> None:
    try:
        notice = notice_of(record.body)
        outcome = delivery.deliver(notice)
    except Exception:
        logger.exception("a message goes back to the queue", message_id=record.message_id)
        raise
    logger.info("notice", notice=repr(notice), outcome=repr(outcome))
    metrics.add_metric("notices_told", MetricUnit.Count, outcome.told)
    metrics.add_metric("notices_failed", MetricUnit.Count, outcome.failed)


_entered = entrance(logger, metrics, work)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The queue is told which messages return, and nothing else."""
    return {"batchItemFailures": _entered(event, context)["batchItemFailures"]}
