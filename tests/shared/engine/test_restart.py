"""A new life over the old journal: the same money, the same doubts, the same limits."""

import pytest

from shared.domain.command import CommandKind
from shared.domain.decision import Reason
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    Event,
    MarketListed,
    MarketResolved,
    OrderInDoubt,
    OrderReport,
    Payload,
    VoicesPublished,
)
from shared.domain.money import ONE, Fraction, Shares, dollars
from shared.domain.order import OrderState, Side
from shared.domain.tables import Pair, Voices
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON, RATIO, House, market, ranking, trade
from tests.shared.engine.reasons_breakers import failures

S = OrderState


def same_money(one: House, two: House) -> bool:
    """Whether two lives believe the same of orders, positions, balances and rooms."""
    a, b = one.engine.desk.books, two.engine.desk.books
    return (a.positions, a.balances, a.used, a.realized, a.fees, a.fills) == (
        b.positions,
        b.balances,
        b.used,
        b.realized,
        b.fees,
        b.fills,
    )


def test_the_journal_alone_rebuilds_what_was_believed() -> None:
    house = House(params=RATIO).ready()
    house.lose()
    house.bought()
    house.accept(house.copied(trade(side=Side.SELL, size=500 * ONE, tx="sale")))
    life = house.restarted()
    assert same_money(house, life)
    assert life.engine.desk.books.orders == house.engine.desk.books.orders
    assert life.engine.desk.execution.open_by_market == house.engine.desk.execution.open_by_market


def test_marks_start_again_at_cost() -> None:
    house = House().ready()
    house.bought()
    life = house.restarted()
    position = life.engine.desk.books.positions["m:yes#whale_copy/whale"]
    assert 0 <= position.cost - life.engine.desk.marks.total < position.size // ONE + 1


def test_an_order_planned_by_an_earlier_life_is_in_doubt() -> None:
    house = House().ready()
    sent = house.copied()
    life = house.restarted()
    assert life.order(sent).state is S.IN_DOUBT
    assert life.store.books.orders[sent.order_key].state is S.IN_DOUBT
    assert life.queries == [sent.order_key]
    assert life.whale(trade(tx="tx2")) is Reason.JOINED_BURST


@pytest.mark.parametrize("doubt", [True, False])
def test_an_open_order_is_asked_about_and_still_runs_out(doubt: bool) -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    if doubt:
        house.give(OrderInDoubt(sent.order_key, "time-out"))
    life = house.restarted(after=MINUTE)
    assert life.queries == [sent.order_key]
    life.report(sent, S.LIVE)
    life.wake()
    assert life.cancels == [sent.order_key]


def test_what_filled_while_nobody_was_there_is_booked_from_the_answer() -> None:
    house = House().ready()
    sent = house.copied()
    life = house.restarted()
    life.fill(sent)
    life.give(OrderReport(sent.order_key, S.FILLED, sent.size))
    assert life.order(sent).state is S.FILLED
    assert life.size() == sent.size


def test_a_stopped_house_stays_stopped() -> None:
    house = House().ready()
    house.kill()
    life = house.restarted(trading=house.store.switch().trading)
    assert life.whale() is Reason.TRADING_DISABLED


def test_the_loss_of_the_day_is_not_forgotten() -> None:
    house = House(Limits(daily_loss_usd=dollars(40)), RATIO).ready()
    house.lose()
    assert house.whale() is Reason.HALTED_DAILY_LOSS
    life = house.restarted()
    assert life.whale(trade(tx="tx2")) is Reason.HALTED_DAILY_LOSS


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(source_daily_loss_usd=dollars(40)), Reason.WHALE_DAILY_LOSS),
        (Limits(losses_to_pause=1), Reason.PAUSED_LOSSES),
        (Limits(drawdown_halt=Fraction(4_000), drawdown_reduce=Fraction(4_000)), Reason.HALTED_DRAWDOWN),
    ],
)
def test_a_whales_loss_a_pause_and_a_drawdown_are_not_forgotten(limits: Limits, reason: Reason) -> None:
    house = House(limits, RATIO).ready()
    house.lose()
    assert house.restarted().whale() is reason


def test_the_order_rate_counts_the_entries_of_the_earlier_life() -> None:
    house = House(Limits(entries_per_minute=1), RATIO).ready()
    house.give(MarketListed(market("l")))
    house.copied(trade(token="l:yes", tx="txl"))
    assert house.restarted().whale() is Reason.ORDER_RATE


def test_executions_that_failed_to_settle_count_on_after_a_restart() -> None:
    house = failures(6)
    life = house.restarted()
    assert life.engine.desk.risk.breaker("", life.now) is Reason.HALTED_SETTLEMENTS


def test_a_deposit_asked_for_again_after_a_restart_is_booked_once() -> None:
    house = House().ready()
    life = house.restarted()
    life.deposit(10_000)
    assert life.cash == dollars(10_000)
    life.command(CommandKind.DEPOSIT, "another", dollars(5))
    assert life.cash == dollars(10_005)


def test_a_resolution_heard_while_warming_up_is_settled_on_recovery() -> None:
    house = House().ready()
    house.bought()
    life = House(store=house.store)
    paid = MarketResolved("m", {"m:yes": ONE, "m:no": 0})
    life.engine.warm(Event(0, house.now, house.now, "feed", paid))
    life.perform(life.engine.recover(house.store.journal("test"), trading=True, at=house.now + SECOND))
    assert life.size() == 0
    assert life.engine.desk.books.realized > 0


def test_warming_up_rebuilds_what_detection_knew_without_deciding_anything() -> None:
    house = House().ready()
    for payload in (ranking("whale"), MarketListed(market("n")), trade(), trade(delivery=1), trade("stranger")):
        house.engine.warm(Event(0, NOON, NOON, "feed", payload))
    house.engine.warm(Event(0, NOON, NOON, "feed", OrderReport("nobody.1", S.LIVE, Shares(0))))
    assert house.decisions == []
    assert house.engine.detection.whales["whale"].holdings == {"m:yes": 1_000 * ONE}
    assert "n" in house.engine.markets
    assert house.whale(trade(delivery=2)) is None


def test_what_other_whales_said_before_the_restart_and_how_they_overlap_still_counts() -> None:
    two = ranking("whale", "other")
    voices = VoicesPublished(Voices(0, (Pair("other", "whale", 300_001, 0),)))
    for token, table, reason in (
        ("m:no", False, Reason.CONFLICT),
        ("m:yes", True, Reason.OVERLAP),
        ("m:yes", False, Reason.COPIED),
    ):
        house = House().ready("whale", "other")
        facts: list[Payload] = [two, *([voices] if table else []), trade("other", token, tx="tx0")]
        for payload in facts:
            house.engine.warm(Event(0, house.now, house.now, "feed", payload))
        assert house.whale() is reason


def test_a_burst_seen_while_warming_up_is_not_replaced_by_the_stored_one() -> None:
    house = House().ready()
    house.bought(trade(size=400 * ONE))
    life = House(store=house.store)
    life.now = house.now
    for payload in (ranking("whale"), MarketListed(market())):
        life.engine.warm(Event(0, life.now, life.now, "feed", payload))
    life.engine.warm(Event(0, NOON + SECOND, NOON, "feed", trade(size=400 * ONE)))
    life.perform(life.engine.recover(house.store.journal("test"), trading=True, at=life.now))
    (burst,) = life.engine.detection.whales["whale"].bursts.values()
    assert burst.size == 400 * ONE
    assert burst.signal_id == next(iter(house.engine.desk.books.orders.values())).signal_id


def test_the_stored_burst_wins_over_a_later_half_of_it() -> None:
    house = House().ready()
    sent = house.bought()
    life = House(store=house.store)
    life.now = house.now
    life.engine.warm(Event(0, life.now, life.now, "feed", ranking("whale")))
    life.engine.warm(Event(0, life.now, life.now, "feed", MarketListed(market())))
    life.engine.warm(Event(0, life.now, life.now, "feed", trade(tx="second half")))
    life.perform(life.engine.recover(house.store.journal("test"), trading=True, at=life.now))
    (burst,) = life.engine.detection.whales["whale"].bursts.values()
    assert burst.signal_id == sent.signal_id


def test_a_burst_of_a_wallet_that_is_no_longer_followed_is_dropped() -> None:
    house = House().ready()
    house.copied()
    life = House(store=house.store)
    life.perform(life.engine.recover(house.store.journal("test"), trading=True, at=house.now))
    life.now = house.now
    life.engine.detection.publish(ranking("other").ranking, ())
    assert life.engine.detection.whales["other"].bursts == {}
