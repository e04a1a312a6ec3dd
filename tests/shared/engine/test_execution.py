"""Intents and their legs: every order follows from what is wanted, and nothing is asked for twice."""

from msgspec.structs import replace

from shared.domain.ids import order_key, salt_of
from shared.domain.instants import SECOND
from shared.domain.ledger import Position
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, cost
from shared.domain.order import Order, OrderState, OrderType, Purpose, Side
from shared.domain.whale import Signal
from shared.engine.execution import Execution, wanted_again, wanted_of, wanted_out
from shared.engine.phases import Leg
from tests.shared.engine.builders import NOON, market, order

S = OrderState


def signal(side: Side = Side.BUY) -> Signal:
    return Signal(
        "signal", "whale", "m", "m:yes", side, NOON, "tx1", 1, 500_000, Shares(ONE), Usd(1), Fraction(0), Fraction(0)
    )


def new(
    side: Side = Side.BUY, limit: int = 510_000, account: str = "test", execution: Execution | None = None
) -> Order:
    wanted = wanted_of(signal(side), "whale_copy", market())
    leg = Leg(Price(limit), Shares(ONE), life_ns=7)
    return (execution or Execution(account)).new_order(wanted, leg, NOON + 5)


def test_every_field_of_an_order_follows_from_its_signal() -> None:
    made = new()
    assert made == new()
    assert made.order_key == order_key(made.intent_id, 1)
    assert made.salt == salt_of(made.order_key)
    assert (made.planned_at, made.signal_at, made.signal_tx) == (NOON + 5, NOON, "tx1")
    assert (made.purpose, made.side) == (Purpose.ENTRY, Side.BUY)
    assert (made.phase, made.attempt, made.slice_no, made.slices, made.life_ns) == (1, 1, 1, 1, 7)
    assert made.target == made.limit


def test_a_sale_is_an_exit_and_reserves_no_cash() -> None:
    made = new(Side.SELL)
    assert (made.purpose, made.reserved) == (Purpose.EXIT, 0)


def test_accounts_never_share_an_order_key() -> None:
    assert new(account="a").order_key != new(account="b").order_key


def test_a_leg_follows_the_one_before_it_and_wants_the_same() -> None:
    execution = Execution("test")
    first = new(execution=execution)
    execution.track(None, first)
    again = execution.new_order(wanted_again(first), Leg(Price(520_000), Shares(ONE), phase=2), NOON + 9)
    assert (again.leg, again.phase, again.limit, again.target) == (2, 2, 520_000, 510_000)
    same = ("intent_id", "signal_id", "signal_tx", "source", "token", "fee_rate")
    assert [getattr(again, name) for name in same] == [getattr(first, name) for name in same]


def test_an_exit_by_rule_is_one_intent_for_each_opening_of_the_position() -> None:
    held = Position("test", "m:yes", "whale_copy/whale", "m", "whale_copy", "whale", Shares(ONE), opened_at=NOON)
    stop = wanted_out(held, "stop_loss", NOON, 400_000, market())
    assert (stop.side, stop.rule, stop.target) == (Side.SELL, "stop_loss", 400_000)
    assert stop.signal_id == wanted_out(held, "stop_loss", NOON + 9, 1, None).signal_id
    others = [
        wanted_out(held, "take_profit", NOON, 1, None),
        wanted_out(replace(held, opened_at=1), "stop_loss", NOON, 1, None),
        wanted_out(replace(held, account="other"), "stop_loss", NOON, 1, None),
    ]
    assert stop.signal_id not in [other.signal_id for other in others]


def test_a_later_phase_try_or_slice_takes_nothing_more_of_the_wish() -> None:
    execution = Execution("test")
    execution.track(None, order(later=Shares(50 * ONE), slices=2, target=500_000))
    bought = execution.intent_of("signal")
    assert bought is not None
    assert bought.taken == cost(Shares(150 * ONE), Price(500_000))
    for n, change in enumerate(({"phase": 2}, {"attempt": 2}, {"slice_no": 2}), start=2):
        execution.track(None, order(order_key=f"intent.{n}", leg=n, state=S.FILLED, **change))
    assert bought.taken == cost(Shares(150 * ONE), Price(500_000))


def test_only_the_last_leg_of_an_intent_that_has_none_open_may_be_followed() -> None:
    execution = Execution("test")
    first, second = order(), order(order_key="intent.2", leg=2)
    assert not execution.goes_on(first)
    execution.track(None, first)
    assert not execution.goes_on(first)
    execution.track(first, order(state=S.CANCELED))
    assert execution.goes_on(first)
    execution.track(None, second)
    assert not execution.goes_on(first)
    execution.track(second, order(order_key="intent.2", leg=2, state=S.CANCELED))
    assert not execution.goes_on(first)
    assert execution.goes_on(second)


def test_a_buy_counts_what_was_planned_and_a_sale_what_was_sold() -> None:
    execution = Execution("test")
    execution.track(None, order())
    execution.track(order(), order(filled=Shares(ONE), state=S.PARTIAL))
    bought = execution.intent_of("signal")
    assert bought is not None
    assert bought.taken == cost(order().size, order().limit)
    sale = order(order_key="sale.1", side=Side.SELL, signal_id="sale")
    execution.track(None, sale)
    execution.track(sale, order(order_key="sale.1", side=Side.SELL, signal_id="sale", filled=Shares(ONE)))
    sold = execution.intent_of("sale")
    assert sold is not None
    assert sold.taken == ONE


def test_open_orders_are_those_without_an_end() -> None:
    execution = Execution("test")
    first, second = order(), order(order_key="other.1", signal_id="other")
    execution.track(None, first)
    execution.track(None, second)
    assert execution.open_orders() == [first, second]
    execution.track(first, order(state=S.CANCELED))
    assert execution.open_orders() == [second]
    execution.track(order(state=S.CANCELED), order(state=S.CANCELED, filled=Shares(1)))
    execution.track(second, order(order_key="other.1", signal_id="other", state=S.FILLED))
    execution.track(second, order(order_key="other.1", signal_id="other", state=S.FILLED))
    assert execution.open_by_market == {}


def test_an_earlier_leg_that_ends_does_not_close_the_later_one() -> None:
    execution = Execution("test")
    execution.track(None, order())
    later = order(order_key="intent.2", leg=2)
    execution.track(None, later)
    execution.track(order(), order(state=S.CANCELED))
    intent = execution.intent_of("signal")
    assert intent is not None
    assert (intent.open_key, intent.legs) == ("intent.2", 2)


def test_a_doubt_concerns_its_token_alone() -> None:
    execution = Execution("test")
    execution.track(None, order(state=S.IN_DOUBT))
    assert execution.in_doubt("m", "m:yes")
    assert not execution.in_doubt("m", "m:no")
    assert not execution.in_doubt("n", "m:yes")


def test_a_settled_market_forgets_its_intents() -> None:
    execution = Execution("test")
    execution.track(None, order(state=S.FILLED))
    execution.forget_market("m")
    execution.forget_market("m")
    assert execution.intent_of("signal") is None


def test_only_an_order_until_a_date_has_one_late_enough_for_the_venue_to_take() -> None:
    wanted = replace(wanted_of(signal(), "whale_copy", market()), order_type=OrderType.GTD)
    made = [Execution("test").new_order(wanted, Leg(Price(1), Shares(1), life_ns=s * SECOND), NOON) for s in (30, 300)]
    assert [order.expires_at - NOON for order in made] == [190 * SECOND, 360 * SECOND]
    assert [order.life_ns for order in made] == [30 * SECOND, 300 * SECOND]
    assert new().expires_at == 0
