"""Lambda: find wallets worth scoring and bring their activity into the lake. Runs on a schedule, or on request.

The event may carry ``rules`` (fields of ``DiscoveryRules``); everything else in it is ignored.
"""

import asyncio
import random
import time
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import Surroundings, entrance, surroundings
from shared.adapters.discovery.discover import Discovered, DiscoveryApi, DiscoveryRules, discover
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.http import PublicHttp
from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import Lake
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


async def run(around: Surroundings, rules: DiscoveryRules, context: LambdaContext) -> Discovered:
    """One discovery with clients of its own."""
    lake = Lake(s3_client(around.endpoint), around.bucket)
    venue = around.settings.venue
    async with PublicHttp(clock=time.monotonic_ns, sleep=asyncio.sleep, jitter=random.random) as http:
        data = DiscoveryApi(http, nonce=time.time_ns, base_url=venue.data_api_url)
        gamma = Gamma(http, nonce=time.time_ns, base_url=venue.gamma_url)
        return await discover(
            data,
            gamma,
            lake,
            time.time_ns(),
            rules,
            say=logger.info,
            time_left=lambda: context.get_remaining_time_in_millis() / 1000.0,
        )


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, discover, answer."""
    done = asyncio.run(run(surroundings(), rules_of(event), context))
    metrics.add_metric("wallets_discovered", MetricUnit.Count, done.wallets)
    metrics.add_metric("activity_rows", MetricUnit.Count, done.rows)
    metrics.add_metric("wallets_failed", MetricUnit.Count, done.failed)
    answer: dict[str, Any] = msgspec.to_builtins(done)
    return answer


handler = entrance(logger, metrics, work)
