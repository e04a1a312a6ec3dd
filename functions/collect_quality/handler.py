"""Lambda: how well we executed, were heard and were there in the last day; conditions that began or ended. Hourly.

The event may carry ``at`` (Unix seconds or ISO-8601; default now).
"""

import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from functions.requests import instant_of
from shared.domain.money import float_of_micro
from shared.observability import make_logger, make_metrics

logger = make_logger("collect_quality")
metrics = make_metrics("collect_quality")


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look, keep, tell, answer."""
    from shared.adapters.dynamo.readers import Readers
    from shared.adapters.notices.clients import sqs_client
    from shared.adapters.notices.line import AlertsLine
    from shared.adapters.reports.hourly import collect

    around, now = surroundings(), instant_of(event, "at", time.time_ns())
    settings = around.settings
    readers = Readers(settings.state.table_prefix, around.endpoint)
    line = AlertsLine(sqs_client(around.endpoint), settings.cloud.alerts_queue_url)
    hour = collect(readers, readers.tables, settings.account, now, line)
    metrics.add_metric("conditions", MetricUnit.Count, len(hour.found))
    if hour.uptime is not None:
        metrics.add_metric("uptime_day", MetricUnit.Percent, 100.0 * float_of_micro(hour.uptime))
    if hour.execution.fill_rate is not None:
        metrics.add_metric("fill_rate", MetricUnit.Percent, 100.0 * float_of_micro(hour.execution.fill_rate))
    slippage = hour.execution.slippage[0]
    if slippage is not None:
        metrics.add_metric("slippage_median", MetricUnit.Percent, 100.0 * float_of_micro(slippage))
    return {
        "orders": hour.execution.orders,
        "fills": hour.execution.fills,
        "uptime": hour.uptime,
        "conditions": [one.name for one in hour.found],
        "notices": hour.notices,
    }


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return ", ".join(answer["conditions"]) or "no condition stands"


handler = entrance(logger, metrics, work, Leaves("collect_quality", says))
