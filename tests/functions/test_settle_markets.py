from collections.abc import Iterator
from typing import Any

import pytest

from functions.settle_markets import handler as settle_markets
from shared.adapters.audit.resolutions import held_by_market, not_booked
from shared.domain.errors import Temporary
from shared.domain.instants import HOUR, MINUTE
from shared.engine.ledger import settle_record
from tests.contracts.store.records import LIMITS, NOON, buy, deposit, fill_of, fill_record, planned
from tests.exchange.faults import Fault
from tests.exchange.server import LocalVenue
from tests.functions.cloud import Cloud
from tests.functions.test_whale_functions import TOKEN, Venue, condition, market

HANDLER = settle_markets.handler
RESOLVED, OPEN = 1, 99


def unresolved(number: int) -> dict[str, Any]:
    return market(number) | {"closed": False, "outcomePrices": '["0.5", "0.5"]', "umaResolutionStatus": ""}


@pytest.fixture
def venue(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalVenue]:
    """We hold shares in a market that has resolved and in one that has not."""
    deployed.write(deposit(deployed.account))
    for number in (RESOLVED, OPEN):
        order = buy(deployed.account, f"i{number}", market=condition(number), token=str(TOKEN + 2 * number))
        deployed.write(planned(order))
        fill = fill_of(order, order.size, f"{deployed.account}-{number}")
        deployed.write(fill_record(order, None, fill, NOON, LIMITS))
    with Venue() as local:
        local.content.markets = [market(RESOLVED), unresolved(OPEN)]
        monkeypatch.setenv("GAMMA_URL", local.gamma_url)
        yield local


def at(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    now = NOON + HOUR + int(minutes * MINUTE)
    monkeypatch.setattr("functions.settle_markets.handler.time.time_ns", lambda: now)


def test_a_resolution_that_is_not_booked_within_ten_minutes_is_told_once(
    deployed: Cloud, venue: LocalVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 0)
    first = deployed.call(HANDLER)
    assert (first["held"], first["resolved"], first["told"]) == (2, [condition(RESOLVED)], 0)
    for minutes in (15, 15.1, 30):
        at(monkeypatch, minutes)
        deployed.call(HANDLER)
    (notice,) = deployed.notices()
    assert (notice.severity, notice.name, notice.source) == (2, "resolution_not_booked", "settle_markets")
    assert "market will-it-happen-1 has resolved (" in notice.text
    assert "still hold 1 position(s) in it that cost $41.2" in notice.text
    assert deployed.store.commands() == []


def test_a_resolution_that_the_trader_books_in_time_is_not_told(
    deployed: Cloud, venue: LocalVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 0)
    deployed.call(HANDLER)
    position = next(one for one in deployed.books.positions.values() if one.market == condition(RESOLVED))
    deployed.write(settle_record(position, 1_000_000, NOON, LIMITS))
    at(monkeypatch, 15)
    assert deployed.call(HANDLER)["resolved"] == []
    assert deployed.notices() == []


def test_a_catalogue_that_does_not_answer_is_a_failure_and_not_an_answer(
    deployed: Cloud, venue: LocalVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        venue.fail("gamma/markets/keyset", Fault(status=503))
    at(monkeypatch, 0)
    with pytest.raises(Temporary):
        deployed.call(HANDLER)


def test_who_holds_nothing_asks_nothing(deployed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMMA_URL", "http://127.0.0.1:9")
    assert deployed.call(HANDLER) == {"ok": True, "held": 0, "resolved": [], "told": 0, "kept": True}


def test_a_market_that_nobody_holds_any_more_is_none_of_ours() -> None:
    assert not_booked({}, []) == []
    assert held_by_market({}) == {}
