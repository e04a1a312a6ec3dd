"""One discovery and one ranking with clients of their own: what the two functions and the command ``rank`` call."""

import asyncio
import random
import time
from collections.abc import Callable

from shared.adapters.discovery.discover import Discovered, DiscoveryApi, DiscoveryRules, discover
from shared.adapters.discovery.rankings import Run, publish, rank_lake
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.http import PublicHttp
from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import Lake
from shared.analytics.scoring import ScoringRules
from shared.settings import Settings

Say = Callable[[str], None]


async def discover_now(
    settings: Settings,
    endpoint: Endpoint,
    bucket: str,
    rules: DiscoveryRules,
    say: Say,
    time_left: Callable[[], float] = lambda: float("inf"),
) -> Discovered:
    """``discover`` at this instant, into the lake of ``endpoint``; raises what it raises."""
    lake, venue = Lake(s3_client(endpoint), bucket), settings.venue
    async with PublicHttp(clock=time.monotonic_ns, sleep=asyncio.sleep, jitter=random.random) as http:
        data = DiscoveryApi(http, nonce=time.time_ns, base_url=venue.data_api_url)
        gamma = Gamma(http, nonce=time.time_ns, base_url=venue.gamma_url)
        return await discover(data, gamma, lake, time.time_ns(), rules, say=say, time_left=time_left)


def rank_now(settings: Settings, endpoint: Endpoint, bucket: str, now: int, rules: ScoringRules, say: Say) -> Run:
    """``rank_lake`` as of ``now`` (nanoseconds), then publish the watch list and its voices; raises what they raise."""
    run, ranking, voices = rank_lake(s3_client(endpoint), bucket, now, rules, say=say)
    publish(Tables(settings.state.table_prefix, endpoint), settings.account, run.name, ranking, time.sleep, voices)
    return run
