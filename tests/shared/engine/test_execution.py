from shared.domain.ids import order_key, salt_of
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, cost
from shared.domain.order import OrderState, Purpose, Side
from shared.domain.whale import Signal
from shared.engine.execution import Execution
from tests.shared.engine.builders import NOON, market, order

S = OrderState


def signal(side: Side = Side.BUY) -> Signal:
    return Signal(
        "signal", "whale", "m", "m:yes", side, NOON, "tx1", 1, 500_000, Shares(ONE), Usd(1), Fraction(0), Fraction(0)
    )


def test_every_field_of_an_order_follows_from_its_signal() -> None:
    execution = Execution("test")
    made = execution.new_order("whale_copy", signal(), Price(510_000), Shares(ONE), market(), NOON + 5)
    again = Execution("test").new_order("whale_copy", signal(), Price(510_000), Shares(ONE), market(), NOON + 5)
    assert made == again
    assert made.order_key == order_key(made.intent_id, 1)
    assert made.salt == salt_of(made.order_key)
    assert (made.planned_at, made.signal_at, made.signal_tx) == (NOON + 5, NOON, "tx1")
    assert (made.purpose, made.side) == (Purpose.ENTRY, Side.BUY)


def test_a_sale_is_an_exit_and_reserves_no_cash() -> None:
    made = Execution("test").new_order("whale_copy", signal(Side.SELL), Price(1), Shares(ONE), market(), NOON)
    assert (made.purpose, made.reserved) == (Purpose.EXIT, 0)


def test_accounts_never_share_an_order_key() -> None:
    keys = {Execution(name).new_order("s", signal(), Price(1), Shares(1), market(), NOON).order_key for name in "ab"}
    assert len(keys) == 2


def test_a_leg_follows_the_one_before_it() -> None:
    execution = Execution("test")
    execution.track(None, order(state=S.FILLED))
    assert execution.new_order("whale_copy", signal(), Price(1), Shares(ONE), market(), NOON).leg == 2


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
