"""Orders that are not sent: for want of a lease, because this life ends, or because they are another process's."""

from msgspec.structs import replace

from shared.domain.instants import SECOND
from shared.domain.messages import Closing, MarketListed, OrderInDoubt, OrderUnsent, PlanRefused, RefusedBy
from shared.domain.money import Fraction, dollars
from shared.domain.order import OrderState
from tests.shared.engine.builders import PLAIN, House, market, trade

S = OrderState


def test_an_order_that_was_never_sent_gives_the_money_back_and_goes_on_with_nothing() -> None:
    house = House().ready()
    sent = house.copied()
    house.give(OrderUnsent(sent.order_key, "the lease was not renewed in time"))
    assert (house.order(sent).state, house.order(sent).note) == (
        S.CANCELED,
        "never sent: the lease was not renewed in time",
    )
    assert (house.reserved, house.cash) == (0, dollars(10_000))
    assert house.store.books.orders[sent.order_key].state is S.CANCELED


def test_word_that_an_order_was_not_sent_comes_too_late_for_one_in_doubt() -> None:
    house = House().ready()
    key = house.copied().order_key
    house.give(OrderInDoubt(key, "time-out"))
    house.give(OrderUnsent(key, "the lease was not renewed in time"))
    assert house.engine.desk.books.orders[key].state is S.IN_DOUBT
    assert house.reserved > 0


def test_an_order_is_known_once_it_is_written_and_not_while_its_plan_is_under_way() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    (plan,) = house.plans
    assert plan.record.order is not None
    key = plan.record.order.order_key
    assert not house.engine.desk.knows("another.1")
    assert not house.engine.desk.knows(key)
    house.answer_plan(plan)
    assert house.engine.desk.knows(key)


def test_an_order_whose_plan_was_refused_is_not_ours_even_if_another_process_sends_the_same() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    (plan,) = house.plans
    assert plan.record.order is not None
    house.give(PlanRefused(plan.record.order.order_key, RefusedBy.EPOCH, "epoch 1 is over"))
    assert not house.engine.desk.knows(plan.record.order.order_key)


def test_a_life_that_ends_cancels_what_is_open_and_sends_nothing_more() -> None:
    house = House().ready()
    resting = house.copied()
    house.accept(resting)
    house.commits = False
    house.give(MarketListed(market("n")))
    house.whale(trade(tx="another", token="n:yes"))
    (pending,) = [plan for plan in house.plans if plan.record.order not in house.sent]
    house.give(Closing("the trader is stopping"))
    assert house.cancels == [resting.order_key]
    assert house.engine.desk.risk.trading
    house.answer_plan(pending)
    assert pending.record.order is not None
    assert house.order(pending.record.order).note.startswith("never sent: trading stopped, this life ended")
    assert house.sent == [resting]


def test_a_life_that_ends_begins_no_further_leg_of_an_intent() -> None:
    house = House(
        replace(PLAIN, phase_life_ns=(SECOND, SECOND), phase_step=(0, 0), phase_cut=(Fraction(0),) * 2)
    ).ready()
    sent = house.copied()
    house.accept(sent)
    house.give(Closing("the trader is stopping"))
    house.report(sent, S.CANCELED)
    assert len(house.plans) == 1


def test_an_order_that_is_accepted_while_a_life_ends_is_cancelled_at_once() -> None:
    house = House().ready()
    sent = house.copied()
    house.give(Closing("the trader is stopping"))
    house.accept(sent)
    assert house.wakes[-1].at == house.now
    house.wake(house.wakes[-1])
    assert house.cancels[-1] == sent.order_key
