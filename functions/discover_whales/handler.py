"""Lambda: find wallets worth scoring and bring their activity into the lake. Runs on a schedule, or on request.

The event may carry ``rules`` (fields of ``DiscoveryRules``); everything else in it is ignored.
"""

import asyncio
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from shared.adapters.discovery.discover import DiscoveryRules
from shared.adapters.discovery.refresh import discover_now
from shared.domain.errors import BadInput
from shared.observability import make_logger, make_metrics

logger = make_logger("discover_whales")
metrics = make_metrics("discover_whales")


def rules_of(event: dict[str, Any]) -> DiscoveryRules:
    """The rules an event asks for; ``BadInput`` names the field that cannot be used."""
    try:
        return msgspec.convert(event.get("rules") or {}, DiscoveryRules)
    except msgspec.ValidationError as error:
        raise BadInput(f"event.rules: {error}") from None


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, discover, answer."""
    around, rules = surroundings(), rules_of(event)
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
    metrics.add_metric("wallets_discovered", MetricUnit.Count, done.wallets)
    metrics.add_metric("activity_rows", MetricUnit.Count, done.rows)
    metrics.add_metric("wallets_failed", MetricUnit.Count, done.failed)
    answer: dict[str, Any] = msgspec.to_builtins(done)
    return answer


handler = entrance(logger, metrics, work)
