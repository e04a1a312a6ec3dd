"""The paper venue on books: what is its own beyond the contract (tests/contracts/venue): latency, its log, restarts of
the process and of the engine, lost books, and the order of what it says.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import PaperOrder, RestartSettings, SettlementSettings, VenueSettings, checked
from shared.adapters.paper.outages import Mode, Outages
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from shared.domain.ledger import Fill
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    MarketResolved,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReport,
    TickSizeChanged,
)
from shared.domain.money import ONE, Fraction, Price, Shares
from shared.domain.order import OrderState, OrderType, Side
from shared.ports import Answer
from tests.shared.engine.builders import NOON, book, market, order, trade

S = OrderState
BOOKS = VenueSettings(books=True)
LATER = NOON + 2 * SECOND


def venue(log: MemoryPaperLog | None = None, settings: VenueSettings = BOOKS, seed: int = 1) -> PaperVenue:
    return PaperVenue(seed, log or MemoryPaperLog(), settings=settings)


def ask(size: int, at: int = 500_000) -> BookChange:
    return BookChange("m", "m:yes", Side.SELL, at, size * ONE)


def fills(answers: list[Answer]) -> list[Fill]:
    return [answer.payload.fill for answer in answers if isinstance(answer.payload, OrderFilled)]


def until(house: PaperVenue, at: int) -> list[Answer]:
    """Everything that happens by then."""
    heard: list[Answer] = []
    while answers := house.advance(at):
        heard += answers
    return heard


@given(st.text(min_size=1), st.integers(0, 2**32))
def test_an_order_meets_the_book_after_half_a_round_trip_of_a_tenth_to_half_a_second(key: str, seed: int) -> None:
    house = venue(seed=seed)
    house.on_book(book(), NOON)
    assert house.submit(order(order_key=key), NOON) == []
    arrives = house.next_at
    assert arrives is not None
    assert NOON + 50 * MILLISECOND <= arrives <= NOON + 250 * MILLISECOND
    assert until(house, arrives - 1) == []
    heard = until(house, arrives)
    accepted = next(answer for answer in heard if isinstance(answer.payload, OrderAccepted))
    assert NOON + 100 * MILLISECOND <= accepted.observed_at <= NOON + 500 * MILLISECOND
    assert [fill.venue_at for fill in fills(heard)] == [arrives]


def test_the_book_at_the_moment_of_arrival_counts_not_the_one_at_the_moment_of_sending() -> None:
    house = venue()
    house.on_book(book(ask=480_000), NOON)
    house.submit(order(), NOON)
    house.on_book(book(ask=500_000), NOON + MILLISECOND)
    assert [fill.price for fill in fills(until(house, LATER))] == [500_000]


def test_a_crypto_market_makes_a_taker_wait_and_it_takes_what_is_there_afterwards() -> None:
    house = venue()
    house.on_book(book(ask=480_000), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE), NOON)
    arrives = house.next_at
    assert arrives is not None
    (accepted,) = until(house, arrives)
    assert isinstance(accepted.payload, OrderAccepted)
    assert house.next_at == arrives + 150 * MILLISECOND
    assert fills(house.on_book(book(ask=490_000), arrives + 149 * MILLISECOND)) == []
    assert [fill.price for fill in fills(until(house, LATER))] == [490_000]


def test_a_crypto_order_that_takes_nothing_does_not_wait() -> None:
    house = venue()
    house.on_book(book(ask=600_000), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE), NOON)
    until(house, LATER)
    assert house.next_at is None
    assert [resting.order.order_key for resting in house.open_tokens["m:yes"]] == ["intent.1"]


def test_an_all_or_nothing_order_that_found_enough_at_first_and_not_after_the_wait_ends_unfilled() -> None:
    house = venue()
    house.on_book(book(ask=480_000), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE, order_type=OrderType.FOK), NOON)
    until(house, house.next_at or 0)
    house.on_book(book(ask=490_000, size=ONE), (house.next_at or 0) - 1)
    assert until(house, LATER)[-1].payload == OrderReport("intent.1", S.CANCELED, Shares(0))


def test_advance_stops_at_the_first_answer_that_is_heard_before_the_next_thing_happens() -> None:
    house = venue()
    house.on_book(book(ask=600_000), NOON)
    house.submit(order(), NOON)
    house.submit(order(order_key="later", order_type=OrderType.GTD, expires_at=NOON + 5 * MINUTE), NOON)
    first = house.advance(NOON + DAY)
    assert all(isinstance(answer.payload, OrderAccepted) for answer in first)
    assert until(house, NOON + DAY)[-1].payload == OrderReport("later", S.EXPIRED, Shares(0))


def test_nothing_of_a_print_of_unknown_taker_reaches_a_resting_order() -> None:
    house = venue()
    house.on_book(book(bid=500_000, ask=600_000), NOON)
    house.submit(order(), NOON)
    assert fills(house.on_print(trade("someone", price=100_000, side=Side.SELL, tx="p"), LATER)) == []


# ------------------------------------------------------------------ books that are not known


def test_an_order_that_comes_before_any_book_takes_from_the_first_one_shown() -> None:
    house = venue()
    house.submit(order(), NOON)
    (accepted,) = until(house, LATER)
    assert isinstance(accepted.payload, OrderAccepted)
    (fill,) = fills(house.on_book(book(ask=490_000), LATER))
    assert (fill.price, fill.liquidity, fill.fee > 0) == (490_000, "taker", True)


def test_a_post_only_order_that_comes_before_any_book_ends_if_it_would_take() -> None:
    house = venue()
    house.submit(order(post_only=True), NOON)
    until(house, LATER)
    (answer,) = house.on_book(book(ask=490_000), LATER)
    assert answer.payload == OrderReport("intent.1", S.CANCELED, Shares(0))


@pytest.mark.parametrize("lost", ["lost", "tick"])
def test_while_its_book_is_unknown_a_token_trades_nothing_and_what_was_taken_is_not_forgotten(lost: str) -> None:
    house = venue()
    house.on_book(book(size=100 * ONE), NOON)
    house.submit(order(), NOON)
    until(house, LATER)
    if lost == "lost":
        house.lose_books(["m:yes", "unknown"])
    else:
        house.on_book(TickSizeChanged("m", "m:yes", 1_000), LATER)
    house.on_book(ask(500), LATER)
    house.submit(order(order_key="b", limit=Price(500_000), order_type=OrderType.FAK), LATER)
    assert isinstance(until(house, LATER + SECOND)[0].payload, OrderRejected)
    house.on_book(book(size=130 * ONE), LATER + SECOND)
    house.submit(order(order_key="c", order_type=OrderType.FAK), LATER + SECOND)
    assert sum(fill.size for fill in fills(until(house, LATER + 2 * SECOND))) == 30 * ONE


def test_a_new_tick_counts_from_the_moment_it_is_shown() -> None:
    house = venue()
    house.market(market())
    house.on_book(TickSizeChanged("m", "m:yes", 1_000), NOON)
    house.on_book(book(ask=600_000), NOON)
    house.submit(order(limit=Price(501_000)), NOON)
    assert isinstance(until(house, LATER)[0].payload, OrderAccepted)


def test_a_resolved_market_cancels_what_is_open_in_it() -> None:
    house = venue()
    house.on_book(book(ask=600_000), NOON)
    house.submit(order(), NOON)
    house.submit(order(order_key="other", market="n", token="n:yes"), NOON)
    until(house, LATER)
    answers = house.on_resolved(MarketResolved("m", {"m:yes": ONE, "m:no": 0}), LATER)
    assert [answer.payload for answer in answers] == [OrderReport("intent.1", S.CANCELED, Shares(0))]
    assert house.open_tokens == {}
    assert house.query("other", LATER)[-1].payload == OrderReport("other", S.LIVE, Shares(0))


def test_a_market_that_resolves_while_an_order_is_delayed_or_on_its_way_ends_it_unfilled() -> None:
    house = venue()
    house.on_book(book(), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE), NOON)
    until(house, house.next_at or 0)
    house.submit(order(order_key="b"), NOON + 100 * MILLISECOND)
    answers = house.on_resolved(MarketResolved("m", {"m:yes": ONE, "m:no": 0}), NOON + 110 * MILLISECOND)
    ended = [answer.payload for answer in answers if isinstance(answer.payload, OrderReport)]
    assert OrderReport("b", S.CANCELED, Shares(0)) in ended
    assert until(house, LATER) == []
    assert house.query("b", LATER)[-1].payload == OrderReport("b", S.CANCELED, Shares(0))


def test_a_cancel_that_overtakes_its_order_acts_when_the_order_is_there() -> None:
    overtaken = 0
    for seed in range(20):
        house = venue(seed=seed)
        house.on_book(book(ask=600_000), NOON)
        house.submit(order(), NOON)
        arrives = house.next_at
        house.cancel("intent.1", NOON)
        overtaken += house.next_at != arrives
        accepted, ended = sorted(until(house, LATER), key=lambda answer: type(answer.payload).__name__)
        assert isinstance(accepted.payload, OrderAccepted)
        assert accepted.venue_at == arrives
        assert ended.payload == OrderReport("intent.1", S.CANCELED, Shares(0))
        assert house.open_tokens == {}
    assert 0 < overtaken < 20


# ------------------------------------------------------------------ the log


class Listening(MemoryPaperLog):
    """A log that remembers the order of what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[PaperOrder] = []

    def put(self, order: PaperOrder) -> None:
        super().put(order)
        self.kept.append(order)


def test_every_state_is_kept_before_it_is_told() -> None:
    log = Listening()
    house = venue(log)
    house.on_book(book(size=40 * ONE), NOON)
    house.submit(order(), NOON)
    until(house, LATER)
    house.cancel("intent.1", LATER)
    until(house, LATER + SECOND)
    assert [paper.state for paper in log.kept] == [S.PLANNED, S.PARTIAL, S.CANCELED]
    assert [paper.filled for paper in log.kept] == [0, 40 * ONE, 40 * ONE]


def test_a_rejection_is_remembered_by_the_next_process() -> None:
    log = MemoryPaperLog()
    house = venue(log)
    house.on_book(book(), NOON)
    house.submit(order(limit=Price(505_000)), NOON)
    (rejected,) = until(house, LATER)
    again = venue(log)
    (told,) = again.query("intent.1", LATER)
    (sent,) = again.submit(order(limit=Price(505_000)), LATER)
    assert rejected.payload == told.payload == sent.payload


@pytest.mark.parametrize("stop", [1, 60 * MILLISECOND, 300 * MILLISECOND, SECOND])
def test_a_process_that_dies_at_any_moment_leaves_an_order_that_the_next_one_finishes(stop: int) -> None:
    log = MemoryPaperLog()
    house = venue(log)
    house.on_book(book(size=40 * ONE), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE), NOON)
    made = fills(until(house, NOON + stop))
    again = venue(log)
    assert fills(until(again, LATER)) == []
    made += fills(again.on_book(book(size=30 * ONE, ask=490_000), LATER))
    again.cancel("intent.1", LATER)
    assert until(again, LATER + SECOND)[-1].payload == OrderReport(
        "intent.1", S.CANCELED, Shares(sum(fill.size for fill in made))
    )
    assert len({fill.trade_id for fill in made}) == len(made)


def test_an_order_that_only_takes_and_was_delayed_when_the_process_died_ends_unfilled() -> None:
    log = MemoryPaperLog()
    house = venue(log)
    house.on_book(book(), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE, order_type=OrderType.FAK), NOON)
    until(house, house.next_at or 0)
    again = venue(log)
    assert until(again, LATER)[-1].payload == OrderReport("intent.1", S.CANCELED, Shares(0))


def test_an_order_until_a_date_expires_for_the_next_process_too() -> None:
    log = MemoryPaperLog()
    house = venue(log)
    house.on_book(book(ask=600_000), NOON)
    house.submit(order(order_type=OrderType.GTD, expires_at=NOON + 5 * MINUTE), NOON)
    until(house, LATER)
    again = venue(log)
    assert until(again, NOON + 4 * MINUTE - 1) == []
    assert until(again, NOON + 4 * MINUTE)[-1].payload == OrderReport("intent.1", S.EXPIRED, Shares(0))


# ------------------------------------------------------------------ without books


@pytest.mark.parametrize("kind", [OrderType.FOK, OrderType.FAK])
def test_without_books_an_order_that_only_takes_finds_nobody(kind: OrderType) -> None:
    house = venue(settings=VenueSettings())
    (answer,) = house.submit(order(order_type=kind), NOON)
    assert isinstance(answer.payload, OrderRejected)
    assert house.on_print(trade("someone", tx="p"), LATER) == []


def test_without_books_an_order_until_a_date_expires_as_well() -> None:
    house = venue(settings=VenueSettings())
    house.submit(order(order_type=OrderType.GTD, expires_at=NOON + 5 * MINUTE), NOON)
    assert until(house, NOON + DAY)[-1].payload == OrderReport("intent.1", S.EXPIRED, Shares(0))
    assert house.open_tokens == {}


# ------------------------------------------------------------------ restarts of the matching engine


def test_the_engine_restarts_once_in_every_period_at_a_seeded_moment() -> None:
    settings = RestartSettings(every_ns=HOUR)
    for seed in range(5):
        outages = Outages(seed, settings)
        modes = [outages.mode(NOON + n * SECOND)[0] for n in range(3 * 3_600)]
        assert modes.count(Mode.RESTARTING) == 3 * 90
        assert modes.count(Mode.POST_ONLY) == 3 * 120
        starts = [n for n in range(1, len(modes)) if modes[n] is Mode.RESTARTING and modes[n - 1] is Mode.OPEN]
        assert len({n // 3_600 for n in starts}) == len(starts) == 3
    assert Outages(1, settings).mode(NOON) == Outages(1, settings).mode(NOON)


def test_a_refusal_says_when_to_come_back() -> None:
    house = venue()
    house.on_book(book(), NOON)
    house.restart(NOON)
    house.submit(order(), NOON + 89 * SECOND)
    (answer,) = until(house, NOON + 90 * SECOND)
    assert isinstance(answer.payload, OrderRejected)
    assert answer.payload.reason == "425 service_not_ready: service not ready (retry after 1 s)"


def test_a_delayed_order_that_meets_a_restart_waits_until_the_venue_trades_again() -> None:
    house = venue()
    house.on_book(book(), NOON)
    house.submit(order(fee_rate=CRYPTO_TAKER_FEE), NOON)
    arrived = house.next_at or 0
    until(house, arrived)
    house.restart(arrived + MILLISECOND)
    assert fills(until(house, NOON + 3 * MINUTE)) == []
    (fill,) = fills(until(house, NOON + 4 * MINUTE))
    assert fill.venue_at == arrived + MILLISECOND + 210 * SECOND


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (VenueSettings(settlement=SettlementSettings(failed=Fraction(ONE + 1))), "settlement.failed must lie between"),
        (VenueSettings(settlement=SettlementSettings(adverse_share=Fraction(-1))), "settlement.adverse_share"),
        (VenueSettings(crypto_rebate=Fraction(2 * ONE)), "crypto_rebate must lie between 0 and 1, not 2"),
        (VenueSettings(settlement=SettlementSettings(mined_max_ns=1)), "settlement.mined_max_ns is 1"),
        (VenueSettings(settlement=SettlementSettings(confirmed_ns=-1)), "settlement.confirmed_ns must not be negative"),
        (VenueSettings(restarts=RestartSettings(every_ns=MINUTE)), "restarts.every_ns is 60000000000, not longer than"),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(settings: VenueSettings, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        venue(settings=settings)
    assert checked(replace(settings, **{name: getattr(BOOKS, name) for name in BOOKS.__struct_fields__})) == BOOKS
    assert isinstance(book(), BookSnapshot)
