"""Can this machine reach the venue? Asked once, quickly, before a run chooses live data or the synthetic day."""

import asyncio
from collections.abc import Mapping

import httpx

from shared.adapters.polymarket.http import CLOB_API, DATA_API, GAMMA_API, USER_AGENT

PROBES: Mapping[str, str] = {
    "data API": f"{DATA_API}/v2/leaderboard?limit=1",
    "Gamma": f"{GAMMA_API}/markets/keyset?limit=1",
    "CLOB": f"{CLOB_API}/ok",
}
TIMEOUT_S = 4.0

Finding = tuple[str, bool, str]
"""(name, reachable, one sentence)."""


async def probe(urls: Mapping[str, str] = PROBES, *, timeout_s: float = TIMEOUT_S) -> list[Finding]:
    """Ask every address at once; never takes longer than ``timeout_s`` seconds and never raises for a dead network."""
    async with httpx.AsyncClient(headers={"User-Agent": USER_AGENT}, timeout=timeout_s, trust_env=False) as client:
        return list(await asyncio.gather(*(_ask(client, name, url, timeout_s) for name, url in urls.items())))


async def _ask(client: httpx.AsyncClient, name: str, url: str, timeout_s: float) -> Finding:
    host = httpx.URL(url).host
    try:
        async with asyncio.timeout(timeout_s), client.stream("GET", url) as response:
            status = response.status_code
    except TimeoutError:
        return name, False, f"The {name} ({host}) did not answer within {timeout_s:g} s."
    except httpx.TransportError as error:
        return name, False, f"The {name} ({host}) cannot be reached ({type(error).__name__})."
    if status == httpx.codes.OK:
        return name, True, f"The {name} ({host}) answers."
    return name, False, f"The {name} ({host}) answers with HTTP {status} instead of 200."
