"""Lambda, every minute: whether the trader lives. When it dies, everything open is cancelled and people are told, once.

It does not set the kill switch: the next trader goes on as soon as it has reconciled. Metrics ``heartbeat_age_s`` and
``uptime`` (1 or 0) come with every run.
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from functions.parts import notifier_of
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.observability import make_logger, make_metrics

logger = make_logger("watch_trader")
metrics = make_metrics("watch_trader")


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look, act on a death once, answer how the trader stands."""
    from shared.adapters.control.deaths import acted_on
    from shared.adapters.control.watching import WRITTEN_AT, pulse

    around = surroundings()
    place, url = around.place(), around.settings.cloud.alerts_queue_url
    if not url:
        raise BadInput("setting ALERTS_QUEUE_URL is empty: nobody would be told of a death")
    live = place.readers.live(place.account) or {}
    lease = place.readers.lease(place.account)
    found = pulse(int(live.get(WRITTEN_AT, 0)), lease, time.time_ns(), around.settings.lease)
    metrics.add_metric("uptime", MetricUnit.Count, int(found.up))
    if found.written_at:
        metrics.add_metric("heartbeat_age_s", MetricUnit.Seconds, round(found.age / SECOND, 3))
    acted = found.dead and acted_on(found, place, notifier_of(around))
    if acted:
        metrics.add_metric("deaths", MetricUnit.Count, 1)
    answer: dict[str, Any] = msgspec.to_builtins(found)
    return {**answer, "acted": acted}


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return str(answer["says"])


handler = entrance(logger, metrics, work, Leaves("watch_trader", says))
