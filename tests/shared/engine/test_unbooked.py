"""Sales that are told before the purchases they sold wait for them, and stop trading when nothing explains them."""

from shared.domain.instants import SECOND
from shared.domain.messages import TimerKind
from shared.domain.money import ONE
from shared.domain.order import Order, OrderState, Side
from shared.engine.unbooked import PATIENCE_NS
from tests.shared.engine.builders import House, trade
from tests.shared.engine.settling_houses import SALE, house_of_two


def sold_twice() -> tuple[House, Order, Order]:
    """A purchase and a sale that were called ended too early, and another sale of all we know to hold: house, purchase,
    first sale.
    """
    house = house_of_two()
    purchase = house.copied()
    house.accept(purchase)
    house.fill(purchase, size=30 * ONE)
    house.report(purchase, OrderState.CANCELED)
    first = house.copied(SALE)
    house.accept(first)
    house.report(first, OrderState.CANCELED)
    second = house.copied(trade(side=Side.SELL, tx="sale2"), after=10 * SECOND)
    house.accept(second)
    house.fill(second)
    assert house.size() == 0
    return house, purchase, first


def test_a_sale_of_more_than_we_know_of_is_booked_with_the_purchase_that_explains_it() -> None:
    house, purchase, sale = sold_twice()
    cash = house.cash
    late = house.fill(sale, size=5 * ONE)
    assert (house.cash, house.size()) == (cash, 0)
    (text,) = house.told("sale_held_back")
    assert text == (
        f"trade {late.trade_id} of order {sale.order_key} sold 5 shares, "
        "which we do not know to hold: it waits for the purchase"
    )
    bought = house.fill(purchase, size=5 * ONE)
    assert house.size() == 0
    books = house.engine.desk.books
    assert {(late.trade_id, late.order_key), (bought.trade_id, bought.order_key)} <= books.booked.keys()
    assert books.imbalance() == 0
    assert house.engine.desk.risk.trading


def test_a_sale_that_waits_is_not_told_twice_and_goes_on_waiting_for_all_of_its_shares() -> None:
    house, purchase, sale = sold_twice()
    late = house.fill(sale, size=5 * ONE, trade_id="late")
    house.fill(sale, size=5 * ONE, trade_id="late")
    assert len(house.told("sale_held_back")) == 1
    house.fill(purchase, size=3 * ONE)
    assert (late.trade_id, late.order_key) not in house.engine.desk.books.booked
    house.fill(purchase, size=2 * ONE)
    assert (late.trade_id, late.order_key) in house.engine.desk.books.booked
    assert house.size() == 0


def test_a_report_that_counts_a_sale_that_waits_is_not_asked_about_again() -> None:
    house, _, sale = sold_twice()
    house.fill(sale, size=5 * ONE, trade_id="late")
    asked = len(house.queries)
    house.report(sale, OrderState.CANCELED, filled=5 * ONE)
    assert len(house.queries) == asked
    house.report(sale, OrderState.CANCELED, filled=6 * ONE)
    assert len(house.queries) == asked + 1


def test_purchases_into_other_positions_and_sales_explain_nothing() -> None:
    house, _, sale = sold_twice()
    house.fill(sale, size=5 * ONE, trade_id="late")
    house.bought(trade("other", size=600 * ONE, tx="other"), after=SECOND)
    assert ("late", sale.order_key) not in house.engine.desk.books.booked
    other = house.copied(trade("other", side=Side.SELL, size=600 * ONE, tx="sale3"), after=10 * SECOND)
    house.accept(other)
    house.fill(other)
    assert ("late", sale.order_key) not in house.engine.desk.books.booked


def test_a_sale_that_nothing_explains_stops_trading() -> None:
    house, _, sale = sold_twice()
    house.fill(sale, size=5 * ONE, trade_id="late")
    timer = house.wakes[-1]
    assert (timer.timer, timer.key) == (TimerKind.UNBOOKED, sale.order_key)
    assert timer.at == house.now + PATIENCE_NS
    house.wake(timer)
    text = f"trade late of order {sale.order_key} sold 5 shares, and nothing says that we ever bought them"
    assert house.told("sale_unbookable") == [text]
    assert house.told("trading_stopped") == [text]
    house.resume()
    assert house.told("resume_refused") == [f"not resumed: {text}"]


def test_a_sale_that_was_explained_in_time_stops_nothing() -> None:
    house, purchase, sale = sold_twice()
    house.fill(sale, size=5 * ONE)
    timer = house.wakes[-1]
    house.fill(purchase, size=5 * ONE)
    house.wake(timer)
    assert house.told("sale_unbookable") == []
    assert house.engine.desk.risk.trading


def test_of_two_sales_that_wait_each_has_its_own_time() -> None:
    house, _, sale = sold_twice()
    house.fill(sale, size=5 * ONE)
    house.pass_time(60 * SECOND)
    house.fill(sale, size=2 * ONE)
    first, second = [timer for timer in house.wakes if timer.timer is TimerKind.UNBOOKED]
    assert second.at > first.at
    assert house.engine.desk.unbooked.overdue("another order", second.at) == ""
    assert house.engine.desk.unbooked.overdue(sale.order_key, first.at - 1) == ""
    assert "sold 5 shares" in house.engine.desk.unbooked.overdue(sale.order_key, first.at)
