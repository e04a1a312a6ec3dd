"""The local venue behaves like the documented one; otherwise tests against it would prove nothing."""

import json

import httpx
import pytest

from tests.exchange.clock import FakeTime
from tests.exchange.content import Wire
from tests.exchange.faults import Fault, huge, truncated
from tests.exchange.server import LocalVenue
from tests.shared.adapters.polymarket.venue import WALLET, run, trade

Asked = list[tuple[str, str]]


async def ask(venue: LocalVenue, path: str, *query: tuple[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(venue.base_url + path, params=list(query))


def test_a_page_is_the_documented_envelope_and_its_cursor_belongs_to_its_filters() -> None:
    async def body() -> None:
        async with LocalVenue(clock=FakeTime().seconds) as venue:
            venue.content.add_rows([trade(1), trade(2), trade(3)])
            first = (await ask(venue, "/data/v2/activity", ("user", WALLET), ("limit", "2"))).json()
            assert set(first) == {"data", "pagination"}
            assert first["pagination"]["has_more"] is True
            cursor = ("cursor", first["pagination"]["next_cursor"])
            rest = (await ask(venue, "/data/v2/activity", ("user", WALLET), ("limit", "2"), cursor)).json()
            assert rest == {"data": [trade(1)], "pagination": {"next_cursor": None, "has_more": False}}
            forgot = await ask(venue, "/data/v2/activity", ("user", WALLET), ("type", "TRADE"), cursor)
            assert forgot.status_code == 400

    run(body())


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/data/v2/activity", [], 400),
        ("/data/v2/activity", [("user", WALLET), ("limit", "1001")], 400),
        ("/data/v2/nothing", [], 404),
        ("/gamma/markets/keyset", [("condition_ids", f"0x{n}") for n in range(101)], 422),
        ("/gamma/nothing", [], 404),
        ("/clob/order", [], 404),
        ("/clob/book", [("token_id", "9")], 404),
        ("/elsewhere", [], 404),
    ],
)
def test_what_the_venue_refuses_is_refused(path: str, query: Asked, status: int) -> None:
    async def body() -> None:
        async with LocalVenue(clock=FakeTime().seconds) as venue:
            assert (await ask(venue, path, *query)).status_code == status

    run(body())


def test_the_gotchas_of_the_real_thing_are_there_too() -> None:
    async def body() -> None:
        async with LocalVenue(clock=FakeTime().seconds) as venue:
            venue.content.add_rows([trade(1)])
            venue.content.add_rows([trade(2)], maker=True)
            both_wallets = await ask(venue, "/data/v2/trades", ("user", f"{WALLET},0x12"))
            assert both_wallets.json()["data"] == []
            takers: list[Wire] = (await ask(venue, "/data/v2/trades", ("user", WALLET))).json()["data"]
            assert len(takers) == 1
            assert "type" not in takers[0]
            venue.content.markets = [
                {"conditionId": "0x1", "slug": "a", "closed": False},
                {"conditionId": "0x2", "slug": "b", "closed": True},
                {"conditionId": "0x3", "slug": "c", "closed": False},
            ]
            for misnamed in (("cursor", "anything"), ("offset", "1")):
                page = (await ask(venue, "/gamma/markets/keyset", ("limit", "1"), misnamed)).json()
                assert page["markets"][0]["slug"] == "a"
            joined = await ask(venue, "/gamma/markets/keyset", ("condition_ids", "0x1,0x3"))
            assert joined.json() == {"markets": []}

    run(body())


def test_the_edge_caches_by_the_whole_address_until_its_age_is_over() -> None:
    async def body() -> None:
        time = FakeTime()
        async with LocalVenue(clock=time.seconds) as venue:

            async def count(*extra: tuple[str, str]) -> tuple[int, str]:
                answer = await ask(venue, "/data/v2/activity", ("user", WALLET), *extra)
                return len(answer.json()["data"]), answer.headers["X-Cache"].split()[0]

            assert await count() == (0, "Miss")
            venue.content.add_rows([trade(1)])
            assert await count() == (0, "Hit")
            assert await count(("_", "1")) == (1, "Miss")
            time.advance(15)
            assert await count() == (1, "Miss")

    run(body())


def test_too_many_requests_are_told_when_to_come_back() -> None:
    async def body() -> None:
        time = FakeTime()
        async with LocalVenue(clock=time.seconds, limits={"clob/ok": (2, 10.0)}) as venue:
            assert [(await ask(venue, "/clob/ok")).status_code for _ in range(3)] == [200, 200, 429]
            refused = await ask(venue, "/clob/ok")
            time.advance(int(refused.headers["Retry-After"]))
            assert (await ask(venue, "/clob/ok")).status_code == 200

    run(body())


def test_faults_happen_once_each_and_in_order() -> None:
    async def body() -> None:
        async with LocalVenue(clock=FakeTime().seconds) as venue:
            venue.fail("clob/ok", Fault(status=503, body=b"{}"), huge(1000), truncated(2), Fault(reset=True))
            assert (await ask(venue, "/clob/ok")).status_code == 503
            assert len((await ask(venue, "/clob/ok")).content) == 1000
            for _ in range(2):
                with pytest.raises(httpx.RemoteProtocolError):
                    await ask(venue, "/clob/ok")
            assert (await ask(venue, "/clob/ok")).json() == "OK"

    run(body())


def test_it_listens_on_loopback_only_and_is_gone_afterwards() -> None:
    async def body() -> None:
        async with LocalVenue(clock=FakeTime().seconds) as venue:
            assert venue.base_url.startswith("http://127.0.0.1:")
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(3):
                    assert json.loads((await client.get(f"{venue.clob_url}/time")).content) > 0
                # The connection stays open while the server goes.
                address = venue.base_url
                await venue.close()
                with pytest.raises(httpx.TransportError):
                    await client.get(f"{address}/clob/time")

    run(body())
