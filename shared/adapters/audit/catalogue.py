"""The venue's catalogue, asked by a function: loaded only where there is something to ask about."""

import asyncio
import random
import time

from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.gamma_market import GammaMarket
from shared.adapters.polymarket.http import PublicHttp
from shared.settings import VenueSettings


def markets_now(venue: VenueSettings, markets: list[str]) -> list[GammaMarket]:
    """The markets as the catalogue has them now, past its cache. ``Temporary`` when it does not answer."""
    return asyncio.run(_ask(venue, markets))


async def _ask(venue: VenueSettings, markets: list[str]) -> list[GammaMarket]:
    async with PublicHttp(clock=time.monotonic_ns, sleep=asyncio.sleep, jitter=random.random) as http:
        gamma = Gamma(http, nonce=time.time_ns, base_url=venue.gamma_url)
        return list((await gamma.markets(condition_ids=markets, closed=None, fresh=True)).rows)
