"""Reachable or not, quickly and in one sentence each."""

import asyncio

from shared.adapters.polymarket.reachability import PROBES, probe
from tests.exchange.faults import html_page, slow
from tests.shared.adapters.polymarket.venue import run, world


def test_the_probe_tells_who_answers_who_refuses_and_who_is_silent() -> None:
    async def body() -> None:
        async with world() as here:
            base = here.venue.base_url
            here.venue.fail("gamma/markets/keyset", html_page(403))
            here.venue.fail("clob/time", slow(5))
            loop = asyncio.get_running_loop()
            started = loop.time()
            findings = await probe(
                {
                    "CLOB": f"{base}/clob/ok",
                    "Gamma": f"{base}/gamma/markets/keyset",
                    "clock": f"{base}/clob/time",
                    "nobody": "http://127.0.0.1:1/",
                },
                timeout_s=0.3,
            )
            assert loop.time() - started < 2
            assert findings == [
                ("CLOB", True, "The CLOB (127.0.0.1) answers."),
                ("Gamma", False, "The Gamma (127.0.0.1) answers with HTTP 403 instead of 200."),
                ("clock", False, "The clock (127.0.0.1) did not answer within 0.3 s."),
                ("nobody", False, "The nobody (127.0.0.1) cannot be reached (ConnectError)."),
            ]

    run(body())


def test_the_default_probe_asks_the_three_public_services() -> None:
    assert list(PROBES) == ["data API", "Gamma", "CLOB"]
    assert all(url.startswith("https://") for url in PROBES.values())
