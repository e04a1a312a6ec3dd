"""Exits by rule through the whole engine, on books: what is sold, at which price, and what else is sold or bought."""

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    PublicTrade,
)
from shared.domain.money import ONE, Fraction
from shared.domain.order import OrderState, OrderType, Side
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.ladders import LADDER, ends
from tests.shared.engine.leaving_houses import KEY, RULES, SALE, done, exits, holding, stopped

S = OrderState


# ---------------------------------------------------------------------- the orders of an exit


def test_a_stop_sells_everything_at_once_a_little_below_the_bid() -> None:
    house = stopped()
    (sale,) = exits(house)
    assert (sale.side, sale.order_type, sale.rule) == (Side.SELL, OrderType.FAK, "stop_loss")
    assert (sale.size, sale.limit) == (house.size(), 420_000)  # 2% below 0.43, on the grid
    assert (sale.target, sale.reference) == (430_000, 430_000)
    assert house.told("exit") == ["stop_loss: leaving 95.69 shares of m:yes at 0.43"]


def test_a_stop_that_is_filled_at_its_price_is_over_and_nobody_is_told_of_a_slip() -> None:
    house = stopped()
    done(house, price=430_000)
    assert house.size() == 0
    assert house.told("exit_slipped") == []
    assert not house.engine.holdings.leaves(KEY)
    house.show(300_000, after=MINUTE)
    assert len(exits(house)) == 1
    assert house.engine.desk.books.imbalance() == 0


def test_an_exit_that_met_nobody_is_priced_anew_and_goes_further_until_it_is_flat() -> None:
    house = stopped()
    limits, sizes = [], []
    for bid in (430_000, 420_000, 410_000, 400_000):
        sale = exits(house)[-1]
        limits.append(sale.limit)
        sizes.append(sale.size)
        done(house, size=10 * ONE if bid == 420_000 else 0, price=sale.limit)
        house.show(bid - 10_000, after=3 * SECOND)
    assert limits == sorted(limits, reverse=True)
    assert len(set(limits)) == 4
    assert sizes == [95_690_000, 95_690_000, 85_690_000, 85_690_000]
    done(house)
    assert house.size() == 0


def test_an_exit_that_got_less_than_it_was_begun_for_is_reported_with_its_numbers() -> None:
    house = stopped()
    done(house, size=0)
    house.show(300_000, after=4 * SECOND)
    house.show(300_000, after=4 * SECOND)
    done(house, price=300_000)
    (told,) = house.told("exit_slipped")
    assert told == (
        f"stop_loss of {KEY}: begun at 0.43, 95.69 sold at 0.3 on average in {len(exits(house))} orders, 0 left"
    )
    assert house.alerts[-1].severity == 2


def test_an_exit_that_nobody_bought_from_before_the_market_resolved_is_reported_as_unfinished() -> None:
    house = stopped()
    done(house, size=0)
    tried = len(exits(house))
    house.resolve("m", yes=0)
    (told,) = house.told("exit_unfinished")
    assert told == (
        f"stop_loss of {KEY}: begun at 0.43, none sold in {tried} orders before the market resolved, 95.69 left"
    )
    assert house.alerts[-1].severity == 3
    assert house.told("exit_slipped") == []


def test_an_exit_is_pressed_once_a_second_while_nothing_but_time_passes() -> None:
    house = stopped()
    done(house, size=0)
    tries = len(exits(house))
    for _ in range(5):
        house.pass_time(SECOND)
    assert len(exits(house)) == tries + 1


def test_a_change_of_the_book_presses_an_exit_too() -> None:
    house = stopped()
    done(house, size=0)
    house.give(BookChange("m", "m:yes", Side.BUY, 430_000, 0), 600 * MILLISECOND)
    house.give(BookChange("m", "m:yes", Side.BUY, 425_000, 100 * ONE))
    assert len(exits(house)) == 2


def test_without_a_book_the_last_print_triggers_and_the_sale_waits_below_it() -> None:
    house = holding(filled=False)
    house.bought()
    house.give(PublicTrade("m", "m:yes", Side.SELL, 430_000, ONE, "p", 0))
    (sale,) = exits(house)
    assert sale.order_type is OrderType.GTC
    assert sale.limit == 420_000
    assert sale.life_ns == RULES.order_life_ns


@pytest.mark.parametrize("wallet", ["stranger", "other", "whale"])
def test_any_wallets_trade_is_a_print(wallet: str) -> None:
    house = holding(filled=False)
    house.bought()
    house.whale(trade(wallet, side=Side.SELL, price=430_000, size=ONE, tx="p"))
    assert len(exits(house)) == 1


def test_a_print_says_nothing_where_a_book_does() -> None:
    house = holding()
    house.give(PublicTrade("m", "m:yes", Side.SELL, 100_000, ONE, "p", 0))
    assert exits(house) == []
    assert house.engine.desk.marks.held["m:yes"][1] == 510_000


def test_an_empty_or_crossed_book_triggers_nothing() -> None:
    for bids in ((), ((600_000, ONE),)):
        house = holding()
        house.give(BookSnapshot("m", "m:yes", bids, ((100_000, ONE),)), SECOND)
        assert exits(house) == []


def test_a_resting_exit_is_cancelled_after_its_step_and_followed() -> None:
    house = holding(filled=False)
    house.bought()
    house.give(PublicTrade("m", "m:yes", Side.SELL, 430_000, ONE, "p", 0))
    ends(house, exits(house)[0])
    house.pass_time(SECOND)
    assert len(exits(house)) == 2


# ---------------------------------------------------------------------- what else is sold or bought


def test_a_mirror_sale_in_the_way_is_cancelled_first_and_then_its_shares_are_sold() -> None:
    house = holding()
    mirror = house.copied(SALE)
    house.accept(mirror)
    house.show(430_000, after=SECOND)
    assert house.cancels == [mirror.order_key]
    assert exits(house) == []
    house.report(mirror, S.CANCELED)
    (sale,) = exits(house)
    assert sale.size == house.size() == 95_690_000


def test_a_mirror_sale_of_several_phases_does_not_go_on_beside_an_exit() -> None:
    house = House(replace(LADDER, stop_loss=Fraction(150_000)), RATIO).ready()
    house.bought()
    house.show(510_000)
    mirror = house.copied(SALE)
    house.accept(mirror)
    house.show(430_000, after=SECOND)
    house.report(mirror, S.CANCELED)
    assert [sent.rule for sent in house.sent] == ["", "", "stop_loss"]
    assert house.whale(trade(side=Side.SELL, tx="sale2")) is Reason.EXIT_COVERED


def test_no_phase_of_what_was_begun_before_goes_on_while_an_exit_waits() -> None:
    """The exit rate is used up, so that the exit itself has no order yet."""
    limits = replace(LADDER, stop_loss=Fraction(150_000), exits_per_minute=1)
    selling = House(limits, RATIO).ready()
    selling.bought()
    mirror = selling.copied(SALE)
    selling.accept(mirror)
    selling.show(430_000, after=SECOND)
    selling.report(mirror, S.CANCELED)
    assert selling.sent[-1] == mirror
    assert selling.engine.holdings.leaves(KEY)
    buying = House(replace(limits, exits_per_minute=0), RATIO).ready()
    entry = buying.copied()
    buying.accept(entry)
    buying.fill(entry, size=50 * ONE)
    buying.show(430_000, after=SECOND)
    buying.report(entry, S.CANCELED)
    assert buying.sent == [entry]


def test_what_a_mirror_sale_still_sold_counts_and_the_exit_takes_the_rest() -> None:
    house = holding()
    mirror = house.copied(SALE)
    house.accept(mirror)
    house.show(430_000, after=SECOND)
    house.fill(mirror, size=20 * ONE)
    house.report(mirror, S.CANCELED)
    assert exits(house)[0].size == 75_690_000


def test_a_mirror_sale_that_sold_all_ends_the_exit_before_it_began() -> None:
    house = holding()
    mirror = house.copied(SALE)
    house.accept(mirror)
    house.show(430_000, after=SECOND)
    house.fill(mirror)
    assert exits(house) == []
    assert not house.engine.holdings.leaves(KEY)


def test_a_purchase_under_way_is_cancelled_and_what_it_still_bought_is_left_too() -> None:
    house = holding(filled=False)
    entry = house.copied()
    house.accept(entry)
    house.fill(entry, size=50 * ONE)
    house.show(430_000, after=SECOND)
    assert house.cancels == [entry.order_key]
    done(house)
    assert not house.engine.holdings.leaves(KEY)
    house.fill(entry, size=10 * ONE)
    house.report(entry, S.CANCELED)
    house.show(430_000, after=SECOND)
    assert exits(house)[-1].size == 10 * ONE


def test_nothing_is_bought_of_what_is_being_left() -> None:
    house = stopped()
    assert house.whale(trade(tx="tx2", price=430_000)) is Reason.EXIT_COVERED
    assert house.whale(trade("other", price=430_000, tx="tx3")) is Reason.COPIED  # another sleeve


def test_only_the_sleeve_that_a_rule_leaves_is_left() -> None:
    house = holding()
    house.show(450_000)  # not yet where the first whale's copy is stopped
    house.bought(trade("other", price=460_000, tx="tx2"))
    house.show(430_000, after=SECOND)
    assert [sale.source for sale in exits(house)] == ["whale"]
    assert house.size(source="other") > 0
