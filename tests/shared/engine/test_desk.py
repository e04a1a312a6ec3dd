"""Orders from plan to end: what is asked of the world, what is believed, and what is kept until there is proof."""

import pytest

from shared.domain.decision import Reason
from shared.domain.errors import Corrupt
from shared.domain.instants import SECOND
from shared.domain.messages import (
    MarketListed,
    OrderAccepted,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    Payload,
    PlanCommitted,
    PlanRefused,
    RefusedBy,
    TimerFired,
    TimerKind,
)
from shared.domain.money import ONE, Shares, dollars
from shared.domain.order import OrderState, Side
from shared.engine.desk import Desk
from tests.shared.engine.builders import PLAIN, House, market, trade

S = OrderState
SALE = trade(side=Side.SELL, tx="sale")


def in_doubt() -> tuple[House, str]:
    """A house with one order of which nobody knows what became of it."""
    house = House().ready()
    sent = house.copied()
    house.give(OrderInDoubt(sent.order_key, "time-out"))
    return house, sent.order_key


def test_a_plan_takes_the_money_before_anything_is_sent() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    (plan,) = house.plans
    assert plan.record.order is not None
    assert house.sent == []
    assert house.reserved == plan.record.order.reserved > 0
    assert house.cash + house.reserved == dollars(10_000)
    house.answer_plan(plan)
    assert house.sent == [plan.record.order]


def test_an_accepted_order_runs_for_thirty_seconds_and_what_is_left_is_cancelled() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    assert house.order(sent).state is S.LIVE
    assert house.wakes[-1].at == house.now + 30 * SECOND
    house.fill(sent, size=50 * ONE)
    house.wake(house.wakes[-1])
    assert house.cancels == [sent.order_key]
    house.report(sent, S.CANCELED)
    assert house.order(sent).state is S.CANCELED
    assert house.reserved == 0
    assert house.size() == 50 * ONE


def test_a_cancel_that_is_never_answered_is_asked_again() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    for _ in range(3):
        house.wake()
    assert house.cancels == [sent.order_key] * 3
    house.report(sent, S.CANCELED)
    house.wake()
    assert len(house.cancels) == 3


def test_an_order_that_is_never_answered_falls_into_doubt_and_is_asked_about_until_it_is_known() -> None:
    house = House().ready()
    sent = house.copied()
    house.wake()
    assert house.order(sent).state is S.IN_DOUBT
    assert house.reserved == sent.reserved
    assert house.alerts[-1].name == "order_in_doubt"
    house.wake()
    house.wake()
    assert house.queries == [sent.order_key] * 3
    house.report(sent, S.LIVE)
    assert house.order(sent).state is S.LIVE
    house.wake(next(w for w in reversed(house.wakes) if w.timer is TimerKind.ANSWER_TIMEOUT))
    assert len(house.queries) == 3


def test_a_query_that_fails_does_not_ask_again_at_once() -> None:
    house, key = in_doubt()
    for _ in range(5):
        house.give(OrderInDoubt(key, "query time-out"), SECOND)
    assert house.queries == [key]
    assert len(house.alerts) == 1


def test_a_doubt_about_an_order_that_has_ended_changes_nothing() -> None:
    house = House().ready()
    sent = house.bought()
    house.give(OrderInDoubt(sent.order_key, "late time-out"))
    assert house.order(sent).state is S.FILLED
    assert house.queries == []


def test_a_fill_in_doubt_proves_acceptance_and_the_rest_still_runs_out() -> None:
    house, key = in_doubt()
    sent = house.engine.desk.books.orders[key]
    house.fill(sent, size=ONE)
    house.report(sent, S.PARTIAL)
    assert house.order(sent).state is S.PARTIAL
    assert house.wakes[-1].timer is TimerKind.ORDER_EXPIRY
    house.wake()
    assert house.cancels == [key]


def test_a_partly_filled_order_that_comes_out_of_doubt_is_partial_not_live() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    house.fill(sent, size=ONE)
    house.give(OrderInDoubt(sent.order_key, "cancel time-out"))
    house.give(OrderAccepted(sent.order_key, "venue-id"))
    assert house.order(sent).state is S.PARTIAL


def test_a_whole_fill_before_the_acceptance_ends_the_order_and_late_acceptance_changes_nothing() -> None:
    house = House().ready()
    sent = house.copied()
    house.fill(sent)
    wakes = len(house.wakes)
    house.accept(sent)
    assert house.order(sent).state is S.FILLED
    assert len(house.wakes) == wakes


def test_a_fill_reported_twice_is_booked_once() -> None:
    house = House().ready()
    sent = house.copied()
    house.fill(sent, size=ONE, trade_id="t")
    house.fill(sent, size=ONE, trade_id="t")
    assert house.size() == ONE
    assert house.engine.desk.books.fills == 1


def test_an_end_is_not_believed_while_fills_are_missing() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    house.report(sent, S.CANCELED, filled=ONE)
    assert house.order(sent).state is S.LIVE
    assert house.queries == [sent.order_key]
    house.fill(sent, size=ONE)
    house.report(sent, S.CANCELED)
    assert house.order(sent).state is S.CANCELED


@pytest.mark.parametrize("state", [S.CANCELED, S.EXPIRED, S.REJECTED])
def test_an_end_reported_while_in_doubt_is_proof(state: OrderState) -> None:
    house, key = in_doubt()
    house.give(OrderReport(key, state, Shares(0)))
    assert house.engine.desk.books.orders[key].state is state
    assert house.reserved == 0
    assert house.cash == dollars(10_000)


def test_a_rejected_order_gives_its_money_back_and_people_are_told_why() -> None:
    house = House().ready()
    sent = house.copied()
    house.give(OrderRejected(sent.order_key, "not enough balance"))
    assert house.cash == dollars(10_000)
    assert house.alerts[-1].text == f"order {sent.order_key}: not enough balance"
    assert house.order(sent).note == "not enough balance"


def test_a_report_on_a_live_order_changes_nothing() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    wakes = len(house.wakes)
    house.report(sent, S.LIVE)
    assert len(house.wakes) == wakes
    assert house.order(sent).state is S.LIVE


def test_a_late_fill_of_a_cancelled_order_is_booked_all_the_same() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    house.report(sent, S.CANCELED)
    house.fill(sent, size=10 * ONE)
    assert house.order(sent).state is S.CANCELED
    assert house.size() == 10 * ONE
    house.fill(sent)
    assert house.order(sent).state is S.FILLED
    assert house.reserved == 0
    assert house.engine.desk.books.imbalance() == 0


def test_a_late_sale_takes_back_the_shares_that_were_free_again() -> None:
    house = House().ready()
    house.bought()
    held = house.size()
    sent = house.copied(SALE)
    house.accept(sent)
    house.report(sent, S.CANCELED)
    view = house.engine.judge.view
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == held
    house.fill(sent, size=10 * ONE)
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == house.size() == held - 10 * ONE


@pytest.mark.parametrize("by", list(RefusedBy))
def test_a_refused_plan_gives_the_money_back_and_nothing_is_sent(by: RefusedBy) -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    order = house.plans[0].record.order
    assert order is not None
    house.give(PlanRefused(order.order_key, by, "portfolio"))
    assert house.cash == dollars(10_000)
    assert house.sent == []
    assert house.order(order).state is S.CANCELED
    assert f"refused by {by.value} portfolio" in house.alerts[0].text
    assert house.engine.desk.risk.trading is (by not in (RefusedBy.SWITCH, RefusedBy.EPOCH))


def test_a_refused_sale_gives_the_shares_back() -> None:
    house = House().ready()
    house.bought()
    house.commits = False
    house.whale(SALE)
    order = house.plans[-1].record.order
    assert order is not None
    assert house.engine.judge.view.sleeve_free("m:yes", "whale_copy", "whale") == 0
    house.give(PlanRefused(order.order_key, RefusedBy.HEADROOM))
    assert house.engine.judge.view.sleeve_free("m:yes", "whale_copy", "whale") == house.size() > 0


def test_a_plan_that_an_earlier_life_wrote_is_in_doubt_not_sent_again() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    order = house.plans[0].record.order
    assert order is not None
    house.store.plan(house.plans[0].record)
    house.give(PlanCommitted(order.order_key, existed=True))
    assert house.sent == []
    assert house.order(order).state is S.IN_DOUBT
    assert house.queries == [order.order_key]


def test_a_kill_before_the_plan_is_answered_means_never_sent_and_nothing_to_cancel() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    house.store.plan(house.plans[0].record)
    house.kill()
    order = house.plans[0].record.order
    assert order is not None
    assert house.cancels == []
    house.give(PlanCommitted(order.order_key))
    assert house.sent == []
    assert house.order(order).state is S.CANCELED
    assert house.store.books.orders[order.order_key].state is S.CANCELED
    assert house.cash == dollars(10_000)


def test_an_order_that_turns_out_live_after_a_kill_is_cancelled_at_once() -> None:
    house, key = in_doubt()
    house.kill()
    assert house.cancels == [key]
    house.give(OrderReport(key, S.LIVE, Shares(0)))
    house.wake()
    assert house.cancels == [key, key]


def test_a_market_that_resolves_before_the_plan_is_answered_means_never_sent() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    house.store.plan(house.plans[0].record)
    house.resolve()
    assert house.cancels == []
    order = house.plans[0].record.order
    assert order is not None
    house.give(PlanCommitted(order.order_key))
    assert house.order(order).state is S.CANCELED


@pytest.mark.parametrize(("late", "state"), [(0, S.PLANNED), (1, S.CANCELED)])
def test_an_order_whose_plan_took_too_long_to_commit_is_never_sent(late: int, state: OrderState) -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    record = house.plans[0].record
    assert record.order is not None
    house.store.plan(record)
    house.give(PlanCommitted(record.order.order_key), after=PLAIN.pending_ns + late)
    assert len(house.sent) == 1 - late
    assert house.order(record.order).state is state
    assert house.cash + house.reserved == dollars(10_000)
    if late:
        assert house.order(record.order).note == "never sent: its plan took 5000000001 ns to commit"
        assert house.reserved == 0


def test_a_desk_that_nobody_listens_to_keeps_its_books_all_the_same() -> None:
    house = House().ready()
    house.bought()
    alone = Desk("test", PLAIN)
    alone.rebuild(house.store.journal("test"), house.now)
    assert alone.books.positions == house.engine.desk.books.positions
    assert alone.marks.held.keys() == house.engine.desk.marks.held.keys()


UNKNOWN = "nobody.1"


@pytest.mark.parametrize(
    "payload",
    [
        PlanCommitted(UNKNOWN),
        PlanRefused(UNKNOWN, RefusedBy.SWITCH),
        OrderAccepted(UNKNOWN, "v"),
        OrderRejected(UNKNOWN, "no"),
        OrderInDoubt(UNKNOWN, "time-out"),
        OrderReport(UNKNOWN, S.LIVE, Shares(0)),
        TimerFired(TimerKind.ANSWER_TIMEOUT, UNKNOWN),
    ],
)
def test_a_fact_about_an_order_that_is_not_ours_stops_trading_with_one_sentence(payload: Payload) -> None:
    house = House().ready()
    with pytest.raises(Corrupt, match=r"order nobody\.1 is not one of ours"):
        house.give(payload)


def test_exposure_and_claims_follow_orders_and_positions() -> None:
    house = House().ready("whale", "other")
    desk = house.engine.desk
    house.give(MarketListed(market("n")))
    house.bought()
    position = desk.books.positions["m:yes#whale_copy/whale"]
    sent = house.copied(trade("other", "n:yes", tx="tx2"))
    assert desk.exposed_tokens("m") == {"m:yes": 1}
    assert desk.exposed_tokens("n") == {"n:yes": 1}
    assert desk.in_token("m", "m:yes") == position.cost
    assert desk.in_token("m", "m:no") == 0
    assert desk.in_token("n", "n:yes") == sent.reserved
    assert list(desk.claimed_positions()) == ["m:yes#whale_copy/whale", "n:yes#whale_copy/other"]
    assert desk.open_positions() == 1
    house.whale(SALE)
    assert len(desk.claimed_positions()) == 2
    assert desk.exposed_tokens("m") == {"m:yes": 1}


def test_two_whales_in_one_token_share_the_cap_even_before_the_first_order_fills() -> None:
    house = House().ready("whale", "other")
    house.copied()
    assert house.whale(trade("other", tx="tx2")) is Reason.CAP_POSITION
