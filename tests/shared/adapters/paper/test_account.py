"""The account at the paper venue: its wallet over restarts, redemptions, merges, rebates, questions without answer."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import Movement, MovementKind, SettlementSettings, VenueSettings, checked
from shared.adapters.paper.register import Timeline
from shared.adapters.paper.statements import CANCELS_KEPT
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, MINUTE, SECOND, end_of_day, iso_day
from shared.domain.ledger import Fill
from shared.domain.messages import (
    MarketResolved,
    MergeReverted,
    OrderFilled,
    OrderRejected,
    Payload,
    PublicTrade,
    RebatePaid,
    Redeemed,
)
from shared.domain.money import ONE, Fraction, Shares, dollars
from shared.domain.order import OrderType, Side
from shared.ports import Answer
from tests.shared.adapters.paper.sessions import Trader, market_of_random_books
from tests.shared.adapters.paper.test_books import until
from tests.shared.engine.builders import NOON, book, market, order

SETTLING = VenueSettings(books=True, settlement=SettlementSettings(enabled=True))
REBATES = VenueSettings(books=True, rebates=True)
MIDNIGHT = end_of_day(NOON)


def said(answers: list[Answer]) -> list[Payload]:
    return [answer.payload for answer in answers]


def funded(log: MemoryPaperLog, settings: VenueSettings = SETTLING) -> PaperVenue:
    house = PaperVenue(1, log, settings=settings)
    house.deposit("first", dollars(1_000), NOON)
    house.market(market())
    return house


def bought(house: PaperVenue, key: str = "intent.1", at: int = NOON) -> Fill:
    """A hundred shares at fifty cents."""
    house.on_book(book(), at)
    house.submit(order(order_key=key, order_type=OrderType.FAK), at)
    (fill,) = [one.fill for one in said(until(house, at + SECOND)) if isinstance(one, OrderFilled)]
    return fill


def cash(house: PaperVenue) -> int | None:
    return house.reports(NOON, 0).balance


# ---------------------------------------------------------------------- deposits


def test_what_is_paid_in_counts_once_however_often_it_is_told() -> None:
    log = MemoryPaperLog()
    house = funded(log)
    house.deposit("first", dollars(1_000), NOON + 1)
    assert cash(house) == dollars(1_000)
    assert cash(funded(log)) == dollars(1_000)
    house.deposit("second", dollars(5), NOON)
    assert cash(house) == dollars(1_005)


def test_an_account_that_was_paid_into_can_sell_only_what_it_holds() -> None:
    house = funded(MemoryPaperLog())
    house.on_book(book(), NOON)
    house.submit(order(side=Side.SELL, order_type=OrderType.FAK), NOON)
    assert any(
        isinstance(one, OrderRejected) and "not enough balance" in one.reason
        for one in said(until(house, NOON + SECOND))
    )


def test_an_account_nobody_told_of_spends_what_it_likes_and_has_no_balance() -> None:
    house = PaperVenue(1, MemoryPaperLog(), settings=SETTLING)
    bought(house)
    reports = house.reports(NOON, 0)
    assert (reports.positions, reports.balance) == ({"m:yes": 100 * ONE}, None)


# ---------------------------------------------------------------------- the venue's own memory


@given(st.integers(0, 2**32), st.integers(0, 600_000), st.booleans())
def test_another_process_over_the_log_states_what_this_one_states(seed: int, failed: int, rebates: bool) -> None:
    settlement = SettlementSettings(enabled=True, failed=Fraction(failed))
    trader = Trader(seed, VenueSettings(books=True, settlement=settlement, rebates=rebates))
    trader.venue.deposit("first", dollars(100_000), SECOND)
    shown = market_of_random_books(seed, 150)
    trader.show(shown, 20, 100)
    last = trader.now
    draw = Random(seed)
    trader.venue.market(market())
    trader.venue.merge("m", Shares(draw.choice((1, 5)) * ONE), "some", last)
    if draw.random() < 0.5:
        trader.venue.on_resolved(MarketResolved("m", {"m:yes": draw.choice((0, ONE, 500_000)), "m:no": 0}), last)
        trader.venue.redeem("m", last)
    trader.finish()
    since = draw.choice((0, last // 2))
    before = trader.venue.reports(last, since)
    trader.reopen()
    after = trader.venue.reports(last, since)
    assert sorted(map(repr, after.trades or ())) == sorted(map(repr, before.trades or ()))
    assert sorted(map(repr, after.statements)) == sorted(map(repr, before.statements))
    assert (after.open_orders, after.positions, after.balance) == (before.open_orders, before.positions, before.balance)


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(0, 50))
def test_a_timeline_gives_what_happened_since(instants: list[int], since: int) -> None:
    timeline: Timeline[int] = Timeline()
    for n, at in enumerate(instants):
        timeline.add(at, n)
    assert list(timeline.since(since)) == [n for n, at in enumerate(instants) if at >= since]


# ---------------------------------------------------------------------- redemptions and merges


def test_shares_are_redeemed_only_once_their_execution_is_on_the_chain() -> None:
    late = SettlementSettings(enabled=True, mined_min_ns=MINUTE, mined_max_ns=MINUTE)
    house = funded(MemoryPaperLog(), VenueSettings(books=True, settlement=late))
    fill = bought(house)
    house.on_resolved(MarketResolved("m", {"m:yes": ONE, "m:no": 0}), NOON + SECOND)
    house.redeem("m", NOON - MINUTE)  # on its way long enough to overtake the execution
    heard = until(house, fill.venue_at + MINUTE - 1)
    assert not any(isinstance(one, Redeemed) for one in said(heard))
    assert Redeemed("m") in said(until(house, NOON + 3 * MINUTE))


def test_a_payout_is_remembered_where_the_account_had_an_order_and_nowhere_else() -> None:
    log = MemoryPaperLog()
    house = funded(log)
    bought(house)
    for name in ("m", "other"):
        house.on_resolved(MarketResolved(name, {f"{name}:yes": ONE, f"{name}:no": 0}), NOON + MINUTE)
        house.on_resolved(MarketResolved(name, {f"{name}:yes": 0, f"{name}:no": ONE}), NOON + MINUTE)
    kept = [movement for movement in log.movements() if movement.kind is MovementKind.PAYOUT]
    assert kept == [Movement("payout/m", MovementKind.PAYOUT, NOON + MINUTE, {"m:yes": ONE, "m:no": 0}, "m")]
    again = PaperVenue(1, log, settings=SETTLING)
    again.redeem("m", NOON + MINUTE)
    assert Redeemed("m") in said(until(again, NOON + 2 * MINUTE))
    assert again.reports(NOON, 0).positions == {}


@pytest.mark.parametrize("size", [0, -5])
def test_nothing_and_less_is_not_merged(size: int) -> None:
    house = funded(MemoryPaperLog())
    house.merge("m", Shares(size), "none", NOON)
    assert said(until(house, NOON + MINUTE)) == [MergeReverted("m", "none")]


def test_a_market_nobody_told_of_has_nothing_to_merge() -> None:
    house = PaperVenue(1, MemoryPaperLog(), settings=SETTLING)
    house.merge("m", Shares(ONE), "some", NOON)
    assert said(until(house, NOON + MINUTE)) == [MergeReverted("m", "some")]


def test_without_settlement_a_redemption_takes_a_round_trip() -> None:
    house = funded(MemoryPaperLog(), VenueSettings())
    house.submit(order(), NOON)
    house.on_print(PublicTrade("m", "m:yes", Side.BUY, 500_000, 500 * ONE, "p", 0), NOON + SECOND)
    house.on_resolved(MarketResolved("m", {"m:yes": ONE, "m:no": 0}), NOON + MINUTE)
    house.redeem("m", NOON + MINUTE)
    (answer,) = [one for one in until(house, NOON + DAY) if isinstance(one.payload, Redeemed)]
    assert 100_000_000 <= answer.venue_at - NOON - MINUTE <= 500_000_000


# ---------------------------------------------------------------------- rebates


def made(house: PaperVenue, shares: int, at: int, key: str) -> None:
    """A maker's execution of so many shares at 49 cents."""
    house.on_book(book(bid=480_000), at)
    house.submit(order(order_key=key, limit=490_000, size=shares * ONE, fee_rate=Fraction(50_000)), at)
    until(house, at + SECOND)
    house.on_print(PublicTrade("m", "m:yes", Side.SELL, 490_000, shares * ONE, f"p{key}", 0), at + 2 * SECOND)


def paid(house: PaperVenue, at: int) -> list[RebatePaid]:
    return [one for one in said(until(house, at)) if isinstance(one, RebatePaid)]


def test_what_makers_earned_on_a_day_is_paid_at_its_end_and_told_again_to_a_new_process() -> None:
    log = MemoryPaperLog()
    house = funded(log, REBATES)
    made(house, 400, NOON, "a")
    made(house, 400, NOON + MINUTE, "b")
    earned = sum(fill.rebate for paper in log.load() for fill in paper.fills)
    assert earned > ONE
    before = cash(house)
    assert before is not None
    assert paid(house, MIDNIGHT - 1) == []
    rebate = RebatePaid(f"rebate/{iso_day(NOON)}", earned)
    assert paid(house, MIDNIGHT) == [rebate]
    assert cash(house) == before + earned
    again = PaperVenue(1, log, settings=REBATES)
    assert paid(again, MIDNIGHT + DAY) == [rebate]
    assert cash(again) == before + earned


def test_days_that_were_paid_long_ago_are_not_told_again() -> None:
    log = MemoryPaperLog()
    house = funded(log, REBATES)
    house.deposit("second", dollars(1_000), NOON)
    for day in range(3):
        at = NOON + day * DAY
        made(house, 800, at, f"k{day}")
        assert len(paid(house, end_of_day(at))) == 1
    again = PaperVenue(1, log, settings=REBATES)
    assert [one.ref for one in paid(again, NOON + 9 * DAY)] == [f"rebate/{iso_day(NOON + 2 * DAY)}"]


@pytest.mark.parametrize(("shares", "pays"), [(533, False), (534, True)])
def test_less_than_a_dollar_is_not_paid(shares: int, pays: bool) -> None:
    house = funded(MemoryPaperLog(), REBATES)
    made(house, shares, NOON, "a")
    assert bool(paid(house, MIDNIGHT)) is pays


def test_what_failed_to_settle_earns_nothing() -> None:
    failing = SettlementSettings(enabled=True, failed=Fraction(ONE))
    house = funded(MemoryPaperLog(), VenueSettings(books=True, rebates=True, settlement=failing))
    made(house, 800, NOON, "a")
    assert paid(house, MIDNIGHT) == []


def test_no_rebate_is_paid_unless_it_is_asked_for() -> None:
    house = funded(MemoryPaperLog(), VenueSettings(books=True))
    made(house, 800, NOON, "a")
    assert paid(house, MIDNIGHT) == []


# ---------------------------------------------------------------------- questions


@pytest.mark.parametrize("name", ["open_orders", "trades", "positions", "balance"])
def test_a_question_that_nobody_answers_is_none_and_not_nothing(name: str) -> None:
    house = funded(MemoryPaperLog())
    assert getattr(house.reports(NOON, 0), name) is not None
    house.statements.silent = (name,)
    reports = house.reports(NOON, 0)
    assert getattr(reports, name) is None
    assert [one for one in ("open_orders", "trades", "positions", "balance") if getattr(reports, one) is None] == [name]


def test_the_part_of_the_questions_that_nobody_answers_is_as_set() -> None:
    house = funded(MemoryPaperLog(), VenueSettings(unread=Fraction(200_000)))
    asked = [house.reports(NOON + n, 0) for n in range(2_000)]
    assert 0.17 < sum(one.balance is None for one in asked) / len(asked) < 0.23
    assert asked[0] == house.reports(NOON, 0)


def test_a_part_beyond_one_is_refused() -> None:
    with pytest.raises(BadInput, match=r"unread must lie between 0 and 1, not 1\.5"):
        checked(VenueSettings(unread=Fraction(1_500_000)))


def test_of_answered_cancels_the_last_ones_are_remembered() -> None:
    house = funded(MemoryPaperLog())
    for n in range(CANCELS_KEPT + 2):
        house.cancel(f"k{n}", NOON)
    answered = house.reports(NOON, 0).cancels_answered
    assert len(answered) == CANCELS_KEPT
    assert answered[0] == "k2"


# ---------------------------------------------------------------------- from prints to books


def test_an_order_that_waited_for_prints_goes_on_to_wait_for_books() -> None:
    log = MemoryPaperLog()
    house = funded(log, VenueSettings())
    house.submit(order(), NOON)
    live = house.reopened(SETTLING)
    assert [one.order_key for one in live.reports(NOON, 0).open_orders or ()] == ["intent.1"]
    assert cash(live) == dollars(1_000)
    (fill,) = [one.fill for one in said(live.on_book(book(), NOON + SECOND)) if isinstance(one, OrderFilled)]
    assert (fill.price, fill.settles) == (500_000, True)
