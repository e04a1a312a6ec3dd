"""Lambda: the daily digest of an account. Once a day, soon after 00:00 UTC.

The event may carry ``day`` (such as ``2026-03-22``; default: yesterday). A day is told once, and none before it later.
"""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from shared.domain.errors import BadInput
from shared.domain.instants import day_of, iso_day
from shared.observability import make_logger, make_metrics

logger = make_logger("send_report")
metrics = make_metrics("send_report")
_EPOCH = date(1970, 1, 1)


def day_asked(event: dict[str, Any], now: int) -> int:
    """The number of the day to tell of, one that is over at ``now`` (nanoseconds)."""
    asked = event.get("day")
    if asked is None:
        return day_of(now) - 1
    try:
        day = (datetime.strptime(str(asked), "%Y-%m-%d").replace(tzinfo=UTC).date() - _EPOCH).days
    except ValueError:
        raise BadInput(f"event.day must be a date such as 2026-03-22, not {asked!r}") from None
    if not 0 <= day < day_of(now):
        raise BadInput(f"event.day must be before today, {iso_day(now)}, not {asked!r}")
    return day


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Read, tell, answer."""
    from shared.adapters.dynamo.readers import Readers
    from shared.adapters.notices.clients import sqs_client
    from shared.adapters.notices.line import AlertsLine
    from shared.adapters.reports.daily import report

    around, day = surroundings(), day_asked(event, time.time_ns())
    settings = around.settings
    readers = Readers(settings.state.table_prefix, around.endpoint)
    line = AlertsLine(sqs_client(around.endpoint), settings.cloud.alerts_queue_url)
    text = report(readers, readers.tables, settings.account, day, line)
    metrics.add_metric("reports", MetricUnit.Count, int(bool(text)))
    return {"day": (date.fromordinal(_EPOCH.toordinal() + day)).isoformat(), "text": text}


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return f"{answer['day']} told" if answer["text"] else f"{answer['day']} was told before"


handler = entrance(logger, metrics, work, Leaves("send_report", says))
