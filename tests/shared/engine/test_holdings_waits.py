"""What exits by rule wait for, what people and restarts make of them, and what the marks follow."""

import pytest
from msgspec.structs import replace

from shared.domain.command import CommandKind
from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.market import MarketKind
from shared.domain.messages import (
    BookSnapshot,
    Closing,
    MarketChanged,
    MarketListed,
    OrderRejected,
)
from shared.domain.money import ONE, Fraction, Shares
from shared.domain.order import OrderState, Side
from tests.shared.engine.builders import RATIO, House, market, trade
from tests.shared.engine.leaving_houses import KEY, RULES, SALE, done, exits, holding, stopped
from tests.shared.engine.reasons import OPEN, listed

S = OrderState


# ---------------------------------------------------------------------- what stands in the way


def test_shares_that_have_not_settled_wait_until_they_are_mined() -> None:
    house = holding(filled=False)
    entry = house.copied()
    house.accept(entry)
    bought = house.fill(entry, settles=True)
    house.show(430_000, after=SECOND)
    assert house.engine.holdings.leaves(KEY)
    assert exits(house) == []
    house.status(bought, SettlementStatus.MINED)
    house.pass_time(SECOND)
    assert [sale.size for sale in exits(house)] == [95_690_000]


def test_a_failed_purchase_ends_the_exit_of_its_shares() -> None:
    house = holding(filled=False)
    entry = house.copied()
    house.accept(entry)
    bought = house.fill(entry, settles=True)
    house.show(430_000, after=SECOND)
    house.status(bought, SettlementStatus.FAILED)
    house.pass_time(SECOND)
    assert not house.engine.holdings.leaves(KEY)
    assert exits(house) == []


def test_the_kill_switch_stops_exits_and_resuming_lets_them_go_on() -> None:
    house = stopped()
    house.accept(exits(house)[0])
    house.kill()
    assert house.cancels == [exits(house)[0].order_key]
    house.report(exits(house)[0], S.CANCELED)
    plans = len(house.plans)
    house.show(400_000, after=5 * SECOND)
    assert len(house.plans) == plans
    house.resume()
    house.show(400_000, after=5 * SECOND)
    assert len(exits(house)) == 2


def test_a_life_that_ends_presses_no_exit_and_leaves_it_to_the_next() -> None:
    house = stopped()
    house.accept(exits(house)[0])
    house.give(Closing("the trader is stopping"))
    house.report(exits(house)[0], S.CANCELED)
    house.show(400_000, after=5 * SECOND)
    assert len(exits(house)) == 1
    later = house.restarted()
    later.show(400_000, after=5 * SECOND)
    assert len(exits(later)) == 1


def test_a_market_that_takes_no_orders_is_waited_for() -> None:
    house = holding()
    house.give(MarketChanged(market(accepting=False)))
    house.show(430_000, after=SECOND)
    assert exits(house) == []
    house.give(MarketChanged(market()))
    house.pass_time(SECOND)
    assert len(exits(house)) == 1


def test_after_the_end_of_an_updown_market_only_its_resolution_is_waited_for() -> None:
    house = holding()
    end = house.now + MINUTE
    house.give(MarketChanged(market(kind=MarketKind.CRYPTO_UPDOWN, end_at=end)))
    house.show(430_000, after=end - house.now)
    assert house.engine.holdings.leaves(KEY)
    house.pass_time(SECOND)
    house.show(420_000, after=SECOND)
    assert exits(house) == []


def test_just_before_that_end_the_position_is_still_sold() -> None:
    house = holding()
    end = house.now + MINUTE
    house.give(MarketChanged(market(kind=MarketKind.CRYPTO_UPDOWN, end_at=end)))
    house.show(430_000, after=end - house.now - 1)
    assert len(exits(house)) == 1


def test_the_exit_rate_is_a_budget_of_its_own() -> None:
    house = listed(House(replace(RULES, exits_per_minute=1), RATIO).ready(), "n")
    house.bought()
    house.bought(trade(token="n:yes", tx="tx2"))
    house.show(430_000)
    house.show(430_000, token="n:yes")
    assert len(exits(house)) == 1
    house.show(430_000, token="n:yes", after=MINUTE - 1)
    assert len(exits(house)) == 1
    house.show(430_000, token="n:yes", after=SECOND)
    assert [sale.token for sale in exits(house)] == ["m:yes", "n:yes"]


def test_an_exit_the_venue_refuses_for_now_is_asked_again() -> None:
    house = stopped()
    house.give(OrderRejected(exits(house)[0].order_key, "425 service_not_ready: service not ready"))
    house.show(430_000, after=5 * SECOND)
    assert len(exits(house)) == 2


@pytest.mark.parametrize(("price", "name"), [(430_000, "exit_unfinished"), (420_000, "exit_slipped")])
def test_a_resolution_ends_an_exit_and_says_what_was_left(price: int, name: str) -> None:
    house = stopped()
    done(house, size=10 * ONE, price=price)
    house.resolve(yes=0)
    (told,) = (alert.text for alert in house.alerts if alert.name.startswith("exit_"))
    assert house.told(name) == [told]
    assert told.endswith("orders before the market resolved, 85.69 left")
    assert house.size() == 0
    assert not house.engine.holdings.leaves(KEY)


# ---------------------------------------------------------------------- a person


def test_flatten_stops_trading_and_goes_on_selling_until_all_is_sold() -> None:
    house = holding()
    house.bought(trade("other", "n:yes", tx="tx2"))
    house.show(500_000, token="n:yes")
    house.command(CommandKind.FLATTEN)
    assert house.store.switch().trading is False
    assert [(sale.token, sale.rule) for sale in exits(house)] == [
        ("m:yes", "emergency_exit"),
        ("n:yes", "emergency_exit"),
    ]
    for sale in exits(house):
        house.accept(sale)
        house.report(sale, S.CANCELED)
    house.show(400_000, after=5 * SECOND)
    house.show(400_000, token="n:yes", after=5 * SECOND)
    assert len(exits(house)) == 4
    for sale in exits(house)[2:]:
        house.accept(sale)
        house.fill(sale)
    assert house.engine.desk.positions == {}
    assert house.whale(trade(tx="tx9")) is Reason.TRADING_DISABLED


def flattened_then_failed(*between: CommandKind) -> tuple[House, int]:
    """All was sold as a person said, the sale failed to settle, and a second passed; with the size held before."""
    house = holding()
    held = house.size()
    house.command(CommandKind.FLATTEN)
    (sale,) = exits(house)
    house.accept(sale)
    sold = house.fill(sale, settles=True)
    assert house.size() == 0
    for command in between:
        house.command(command)
    house.status(sold, SettlementStatus.FAILED)
    assert house.size() == held
    house.pass_time(after=2 * SECOND)
    return house, held


@pytest.mark.parametrize("between", [(), (CommandKind.RESUME, CommandKind.FLATTEN)])
def test_what_a_failed_sale_brings_back_after_flatten_is_sold_again(between: tuple[CommandKind, ...]) -> None:
    house, held = flattened_then_failed(*between)
    assert [(sale.rule, sale.size) for sale in exits(house)] == [("emergency_exit", held)] * 2
    done(house)
    assert house.size() == 0


@pytest.mark.parametrize("between", [(CommandKind.RESUME,), (CommandKind.RESUME, CommandKind.KILL)])
def test_what_comes_back_after_a_resume_is_held(between: tuple[CommandKind, ...]) -> None:
    house, held = flattened_then_failed(*between)
    assert (house.size(), len(exits(house))) == (held, 1)


def test_flatten_takes_over_what_a_rule_was_leaving() -> None:
    house = stopped()
    stop = exits(house)[0]
    house.accept(stop)
    house.command(CommandKind.FLATTEN)
    assert stop.order_key in house.cancels
    house.report(stop, S.CANCELED)
    house.show(420_000, after=5 * SECOND)
    assert [sale.rule for sale in exits(house)] == ["stop_loss", "emergency_exit"]
    done(house)
    assert house.size() == 0
    assert house.engine.holdings.left == {Reason.STOP_LOSS: 1, Reason.EMERGENCY_EXIT: 1}


def test_flatten_twice_sells_once() -> None:
    house = holding()
    house.command(CommandKind.FLATTEN)
    house.command(CommandKind.FLATTEN)
    assert len(exits(house)) == 1
    assert house.engine.holdings.left == {Reason.EMERGENCY_EXIT: 1}


def test_flatten_cancels_purchases_and_a_mirror_sale() -> None:
    house = holding()
    mirror = house.copied(SALE)
    entry = house.copied(trade("other", "n:yes", tx="tx2"))
    house.command(CommandKind.FLATTEN)
    assert {mirror.order_key, entry.order_key} <= set(house.cancels)
    house.report(mirror, S.CANCELED)
    assert [sale.rule for sale in exits(house)] == ["emergency_exit"]


# ---------------------------------------------------------------------- restart


def test_an_exit_under_way_goes_on_after_a_restart() -> None:
    house = stopped()
    sale = exits(house)[0]
    house.accept(sale)
    life = house.restarted()
    assert life.engine.holdings.leaves(KEY)
    assert life.whale(trade(side=Side.SELL, tx="sale9")) is Reason.EXIT_COVERED
    life.report(sale, S.CANCELED)
    life.show(425_000, after=5 * SECOND)
    (again,) = life.sent
    assert (again.rule, again.leg, again.intent_id) == ("stop_loss", 2, sale.intent_id)
    life.accept(again)
    life.fill(again)
    assert life.size() == 0


def test_an_exit_that_was_done_does_not_begin_again_after_a_restart() -> None:
    house = stopped()
    done(house, price=430_000)
    house.bought(trade(price=430_000, tx="tx2"), after=2 * MINUTE)
    life = house.restarted()
    assert not life.engine.holdings.leaves(KEY)


@pytest.mark.parametrize("left", [9_999, 5_000])
def test_dust_that_an_exit_left_is_no_exit_after_a_restart_nor_is_what_is_bought_on_top(left: int) -> None:
    house = stopped()
    sale = exits(house)[0]
    house.accept(sale)
    house.fill(sale, size=sale.size - left)
    house.report(sale, S.CANCELED)
    assert house.size() == left
    assert house.told("exit_unfinished") == []  # nothing more can be sold of it
    assert not house.restarted().engine.holdings.leaves(KEY)
    house.bought(trade(price=430_000, tx="tx2"), after=2 * MINUTE)
    assert not house.restarted().engine.holdings.leaves(KEY)


def test_after_a_restart_the_persons_word_is_the_last_one() -> None:
    house = stopped()
    stop = exits(house)[0]
    house.accept(stop)
    house.command(CommandKind.FLATTEN)
    house.report(stop, S.CANCELED)
    house.show(420_000, after=5 * SECOND)
    flat = exits(house)[-1]
    house.accept(flat)
    life = house.restarted(trading=False)
    life.report(flat, S.CANCELED)
    life.show(410_000, after=5 * SECOND)
    assert [sale.rule for sale in life.sent] == ["emergency_exit"]


def test_the_highest_price_before_a_restart_is_forgotten() -> None:
    trailing = replace(OPEN, trailing_arm=Fraction(150_000), trailing_stop=Fraction(100_000))
    house = House(trailing, RATIO).ready()
    house.bought()
    house.show(700_000)
    life = house.restarted()
    life.show(600_000, after=SECOND)
    assert exits(life) == []
    house.show(600_000, after=SECOND)
    assert exits(house)[0].rule == "trailing_stop"


# ---------------------------------------------------------------------- marks and time


def test_marks_follow_the_bid_once_a_second_of_event_time() -> None:
    house = holding()
    house.pass_time(SECOND)
    worth = house.engine.desk.marks.total
    assert worth == house.size() * 510_000 // ONE
    house.show(550_000, after=SECOND // 2)
    assert house.engine.desk.marks.total == worth
    house.pass_time(SECOND // 2)
    assert house.engine.desk.marks.total == house.size() * 550_000 // ONE


def test_a_book_grown_old_marks_nothing() -> None:
    house = holding()
    house.pass_time(SECOND)
    house.show(550_000)
    house.pass_time(RULES.book_max_age_ns + 1)
    assert house.engine.desk.marks.held["m:yes"][1] == 510_000


def test_a_market_whose_end_becomes_known_is_left_in_time() -> None:
    house = holding()
    house.give(MarketChanged(market(end_at=house.now + 2 * HOUR + MINUTE)))
    house.pass_time(MINUTE - 1)
    assert exits(house) == []
    house.pass_time(SECOND)
    assert exits(house)[0].rule == "time_exit"
    house.give(MarketListed(market("unheld", end_at=house.now)))
    assert len(exits(house)) == 1


def test_two_markets_are_left_each_in_its_time() -> None:
    house = holding()
    house.bought(trade("other", "n:yes", tx="tx2"))
    house.give(MarketChanged(market(end_at=house.now + 2 * HOUR + MINUTE)))
    house.give(MarketChanged(market("n", end_at=house.now + 3 * HOUR)))
    house.pass_time(MINUTE)
    assert [sale.token for sale in exits(house)] == ["m:yes"]
    done(house)
    house.pass_time(59 * MINUTE)
    assert [decision.token for decision in house.decisions if decision.reason is Reason.TIME_EXIT] == ["m:yes", "n:yes"]


def test_a_position_of_an_unknown_market_waits_for_its_listing() -> None:
    house = stopped()
    sale = exits(house)[0]
    house.accept(sale)
    life = House(RULES, RATIO, store=house.store)
    life.now = house.now + SECOND
    life.perform(life.engine.recover(house.store.journal("test"), trading=True, at=life.now))
    life.give(BookSnapshot("m", "m:yes", ((430_000, 100 * ONE),), ((440_000, ONE),)))
    life.report(sale, S.CANCELED)
    life.pass_time(5 * SECOND)
    assert life.sent == []
    life.give(MarketListed(market()))
    life.pass_time(SECOND)
    assert [sent.size for sent in life.sent] == [Shares(95_690_000)]
