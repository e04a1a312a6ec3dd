"""Lambda: how well we executed, were heard and were there in the last day; conditions that began or ended. Hourly.

The event may carry ``at`` (Unix seconds; default now).
"""

import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import float_of_micro
from shared.observability import make_logger, make_metrics

logger = make_logger("collect_quality")
metrics = make_metrics("collect_quality")


def instant_of(event: dict[str, Any]) -> int:
    """The end of the day to look at, in nanoseconds."""
    asked = event.get("at")
    if asked is None:
        return time.time_ns()
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 < asked < 10**11:
        raise BadInput(f"event.at must be Unix seconds, not {asked!r}")
    return asked * SECOND


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look, keep, tell, answer."""
    from shared.adapters.dynamo.readers import Readers
    from shared.adapters.dynamo.tables import Tables
    from shared.adapters.notices.clients import sqs_client
    from shared.adapters.notices.line import AlertsLine
    from shared.adapters.reports.hourly import collect

    around, now = surroundings(), instant_of(event)
    settings, prefix = around.settings, around.settings.state.table_prefix
    line = AlertsLine(sqs_client(around.endpoint), settings.cloud.alerts_queue_url)
    hour = collect(Readers(prefix, around.endpoint), Tables(prefix, around.endpoint), settings.account, now, line)
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
