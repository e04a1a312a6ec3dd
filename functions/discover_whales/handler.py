"""Lambda: find wallets worth scoring and bring their activity into the lake. Runs on a schedule, or on request.

The event may carry ``rules`` (fields of ``DiscoveryRules``); everything else in it is ignored. Two runs at once would
read the same and count each other's markets out, so the second one does nothing.
"""

import asyncio
import time
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.parts import tables_of
from shared.adapters.discovery.discover import DiscoveryRules
from shared.adapters.discovery.refresh import discover_now
from shared.domain.errors import BadInput
from shared.domain.instants import MINUTE
from shared.observability import make_logger, make_metrics

logger = make_logger("discover_whales")
metrics = make_metrics("discover_whales")

RUNNING = "discovery"
LONGEST_NS = 16 * MINUTE
"""Longer than the platform lets any run go on."""


def rules_of(event: dict[str, Any]) -> DiscoveryRules:
    """The rules an event asks for; ``BadInput`` names the field that cannot be used."""
    try:
        return msgspec.convert(event.get("rules") or {}, DiscoveryRules)
    except msgspec.ValidationError as error:
        raise BadInput(f"event.rules: {error}") from None


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, discover unless somebody does, answer."""
    from shared.adapters.dynamo.once import claim, let_go

    around, rules = surroundings(), rules_of(event)
    tables, account = tables_of(around), around.settings.account
    if not claim(tables, account, RUNNING, time.time_ns(), for_ns=LONGEST_NS):
        logger.warning("another run is under way")
        metrics.add_metric("discoveries_refused", MetricUnit.Count, 1)
        return {"busy": True}
    done = asyncio.run(
        discover_now(
            around.settings,
            around.endpoint,
            around.bucket,
            rules,
            say=logger.info,
            time_left=lambda: context.get_remaining_time_in_millis() / 1000.0,
        )
    )
    let_go(tables, account, RUNNING, time.time_ns())
    metrics.add_metric("wallets_discovered", MetricUnit.Count, done.wallets)
    metrics.add_metric("activity_rows", MetricUnit.Count, done.rows)
    metrics.add_metric("wallets_failed", MetricUnit.Count, done.failed)
    answer: dict[str, Any] = msgspec.to_builtins(done)
    return answer


handler = entrance(logger, metrics, work)
