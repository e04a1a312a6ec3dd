"""The client over real HTTP: what is retried, what is not, and that everything has an end."""

import asyncio

import httpx
import pytest

from shared.adapters.polymarket.http import (
    USER_AGENT,
    HttpRefused,
    HttpSettings,
    PublicHttp,
    Throttled,
    batches,
    retry_after_s,
)
from shared.domain.errors import BadInput, Temporary
from tests.exchange.clock import FakeTime
from tests.exchange.faults import Fault, broken, html_page, huge, restarting, slow, throttled, truncated
from tests.shared.adapters.polymarket.venue import World, run, world

OK = "clob/ok"


async def ask(here: World) -> bytes:
    return await here.http.get("clob", here.venue.clob_url, "/ok")


def test_a_good_answer_comes_at_the_first_attempt_with_our_user_agent() -> None:
    async def body() -> None:
        async with world() as here:
            assert await ask(here) == b'"OK"'
            assert here.venue.requests[0].headers["user-agent"] == USER_AGENT
            assert (here.http.stats.requests, here.http.stats.retries, here.http.stats.bytes_read) == (1, 0, 4)

    run(body())


@pytest.mark.parametrize("fault", [broken(500), broken(503), restarting(), truncated(), Fault(reset=True)])
def test_a_passing_failure_is_retried(fault: Fault) -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail(OK, fault, fault)
            assert await ask(here) == b'"OK"'
            assert here.http.stats.retries == 2
            assert len(here.venue.requests) == 3

    run(body())


def test_a_lasting_failure_ends_after_the_last_attempt_with_growing_pauses() -> None:
    async def body() -> None:
        async with world(settings=HttpSettings(attempts=4, backoff_base_s=1, backoff_max_s=3)) as here:
            here.venue.fail(OK, *[broken(502)] * 9)
            with pytest.raises(Temporary, match="/ok: answered 502"):
                await ask(here)
            assert len(here.venue.requests) == 4
            assert here.time.slept_s == [0.75, 1.5, 2.25]
            assert here.http.stats.server_errors == 4

    run(body())


def test_a_429_waits_as_long_as_the_venue_asks() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail(OK, throttled("3"))
            assert await ask(here) == b'"OK"'
            assert here.time.slept_s == [3.0]
            assert here.http.stats.throttled == 1

    run(body())


def test_a_429_that_asks_for_too_long_is_handed_to_the_caller_at_once() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail(OK, throttled("79"))
            with pytest.raises(Throttled) as caught:
                await ask(here)
            assert caught.value.retry_after_s == 79
            assert (here.time.slept_s, len(here.venue.requests)) == ([], 1)

    run(body())


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_a_refusal_is_not_retried_and_keeps_its_status(status: int) -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail(OK, Fault(status=status, body=b'{"error":"no"}'))
            with pytest.raises(HttpRefused, match=f"/ok: answered {status}") as caught:
                await ask(here)
            assert caught.value.status == status
            assert len(here.venue.requests) == 1

    run(body())


def test_an_html_page_is_named_as_such_whatever_its_status() -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail(OK, html_page(200), Fault(body=b"  <html>"), html_page(403))
            for _ in range(2):
                with pytest.raises(BadInput, match="/ok: answered an HTML page instead of JSON"):
                    await ask(here)
            with pytest.raises(HttpRefused, match="Just a moment"):
                await ask(here)

    run(body())


@pytest.mark.parametrize("declared", [True, False])
def test_a_huge_body_is_refused_without_reading_it_all(*, declared: bool) -> None:
    async def body() -> None:
        async with world(settings=HttpSettings(body_max_bytes=100_000)) as here:
            here.venue.fail(OK, huge(50_000_000, declare_length=declared))
            with pytest.raises(BadInput, match="above the limit of 100000 bytes"):
                await ask(here)
            assert await ask(here) == b'"OK"'

    run(body())


def test_a_slow_answer_ends_in_time() -> None:
    async def body() -> None:
        settings = HttpSettings(attempts=2, read_timeout_s=5, attempt_timeout_s=0.05)
        async with world(settings=settings) as here:
            here.venue.fail(OK, slow(5), slow(5))
            with pytest.raises(Temporary, match=r"no usable answer \(TimeoutError\)"):
                await ask(here)
            assert here.http.stats.transport_errors == 2

    run(body())


def test_nobody_listening_is_temporary() -> None:
    async def body() -> None:
        async with world() as here:
            closed = here.venue.base_url
        time = FakeTime()
        async with PublicHttp(clock=time.clock, sleep=time.sleep, jitter=lambda: 0.0) as http:
            with pytest.raises(Temporary, match="ConnectError"):
                await http.get("clob", closed, "/ok")
            assert http.stats.requests == 4

    run(body())


def test_our_own_limit_spaces_the_requests() -> None:
    async def body() -> None:
        async with world(documented={"clob": 2}) as here:
            started = here.time.now_ns
            for _ in range(5):
                await ask(here)
            assert here.time.now_ns - started == 20 * 10**9
            assert (here.http.stats.rate_waits, here.http.stats.rate_wait_ns) == (2, 20 * 10**9)

    run(body())


def test_concurrent_requests_share_the_limit() -> None:
    async def body() -> None:
        async with world(documented={"clob": 3}) as here:
            await asyncio.gather(*(ask(here) for _ in range(9)))
            assert len(here.venue.requests) == 9
            assert here.http.stats.rate_waits >= 2

    run(body())


def test_a_venue_that_throttles_everyone_is_served_patiently() -> None:
    async def body() -> None:
        async with world(venue_limits={"clob/ok": (2, 3.0)}) as here:
            for _ in range(7):
                assert await ask(here) == b'"OK"'
            assert here.http.stats.throttled >= 2

    run(body())


@pytest.mark.parametrize("path", ["/order", "/orders", "/books/", "/cancel-all", "/books?x=1"])
def test_a_post_to_anything_but_a_read_only_route_is_impossible(path: str) -> None:
    async def body() -> None:
        async with world() as here:
            with pytest.raises(ValueError, match="is not a read-only route"):
                await here.http.post_once("clob", here.venue.clob_url, path, b"{}")
            assert here.venue.requests == []

    run(body())


@pytest.mark.parametrize("fault", [broken(500), throttled(), truncated(), Fault(reset=True)])
def test_a_post_is_sent_once_whatever_happens(fault: Fault) -> None:
    async def body() -> None:
        async with world() as here:
            here.venue.fail("clob/books", fault)
            with pytest.raises(Temporary):
                await here.http.post_once("clob", here.venue.clob_url, "/books", b"[]")
            assert len(here.venue.requests) == 1

    run(body())


def test_only_get_has_a_retrying_method() -> None:
    public = {name for name in vars(PublicHttp) if not name.startswith("_")}
    assert public == {"get", "post_once", "close"}


def test_a_sunset_notice_is_remembered() -> None:
    async def body() -> None:
        async with world() as here:
            await here.http.get("gamma", here.venue.gamma_url, "/markets")
            assert here.http.stats.deprecations == {"/markets": "Fri, 01 May 2026 00:00:00 GMT"}

    run(body())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Sat, 21 Nov 2026 02:00:09 GMT", "Date": "Sat, 21 Nov 2026 02:00:00 GMT"}, 9.0),
        ({"Retry-After": "Sat, 21 Nov 2026 02:00:00 GMT", "Date": "Sat, 21 Nov 2026 02:00:09 GMT"}, 0.0),
        ({"Retry-After": "Sat, 21 Nov 2026 02:00:09 GMT"}, None),
        ({"Retry-After": "soon", "Date": "Sat, 21 Nov 2026 02:00:00 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9" * 400}, 999999.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(httpx.Headers(headers)) == seconds


def test_batches_are_distinct_ordered_and_bounded() -> None:
    assert [list(part) for part in batches(["a", "b", "a", "c", "d"], 2)] == [["a", "b"], ["c", "d"]]
