"""Which rule leaves a position, at which price, and which prices leave it alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars, mul_div_ceil
from shared.engine.exits import NOTHING, Exits
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON, market
from tests.shared.engine.exits_builders import KEY, LEVELS, TOKEN, bids, fired, position, watching

UPDOWN = market(kind=MarketKind.CRYPTO_UPDOWN)
TRAILING = Limits(stop_loss=Fraction(0), take_profit=Fraction(0))
"""Armed 15% above cost, leaves 10% below the highest price."""


# ---------------------------------------------------------------------- stop and target


@pytest.mark.parametrize(("price", "rule"), [(425_000, Reason.STOP_LOSS), (425_001, None)])
def test_a_stop_leaves_at_fifteen_percent_below_cost_and_not_just_above(price: int, rule: Reason | None) -> None:
    assert fired(watching(), price) is rule


@pytest.mark.parametrize(("price", "rule"), [(650_000, Reason.TAKE_PROFIT), (649_999, None)])
def test_a_target_leaves_at_thirty_percent_above_cost_and_not_just_below(price: int, rule: Reason | None) -> None:
    assert fired(watching(), price) is rule


def test_rules_that_are_off_never_leave() -> None:
    exits = watching(Limits(stop_loss=Fraction(0), take_profit=Fraction(0), trailing_stop=Fraction(0)))
    assert [fired(exits, price) for price in (1, ONE - 1, 1)] == [None, None, None]


@pytest.mark.parametrize(
    ("bought", "tick", "just_below", "target"),
    [(900_000, 10_000, 989_999, 990_000), (900_000, 1_000, 998_999, 999_000), (985_000, 10_000, 989_999, 990_000)],
)
def test_a_target_is_the_highest_price_of_the_market_at_most(
    bought: int, tick: int, just_below: int, target: int
) -> None:
    exits = watching(held=position(price=bought), of=market(tick=Price(tick)))
    assert fired(exits, just_below) is None
    assert fired(exits, target) is Reason.TAKE_PROFIT


def test_a_position_bought_at_the_highest_price_has_no_target() -> None:
    assert fired(watching(held=position(price=990_000)), 990_000) is None


def test_a_position_that_cost_nothing_has_neither_stop_nor_target_nor_trailing_stop() -> None:
    exits = watching(Limits(), held=replace(position(), cost=Usd(0)))
    assert [fired(exits, price) for price in (1, ONE - 1, 1)] == [None, None, None]


def test_a_target_follows_the_tick_of_its_market() -> None:
    exits = watching(held=position(price=900_000))
    exits.market(market(tick=Price(1_000)))
    assert fired(exits, 990_000) is None
    assert fired(exits, 999_000) is Reason.TAKE_PROFIT


def test_a_market_in_which_nothing_is_held_changes_nothing() -> None:
    exits = watching()
    exits.market(market("other", tick=Price(1_000)))
    assert fired(exits, 650_000) is Reason.TAKE_PROFIT


def test_a_position_in_an_unknown_market_is_stopped_like_others() -> None:
    exits = Exits(LEVELS)
    exits.reposition(position(), None)
    assert exits.due(NOON + 100 * DAY) == []
    assert fired(exits, 425_000) is Reason.STOP_LOSS


def test_a_trigger_says_what_was_measured_and_against_which_limit() -> None:
    (trigger,) = watching().marked(TOKEN, 420_000, NOON)
    assert (trigger.position, trigger.at, trigger.price) == (position(), NOON, 420_000)
    expected = (("average", 500_000), ("sellable", 420_000), ("stop_loss", 150_000), ("stop_at", 425_000))
    assert trigger.numbers == expected


def test_a_target_says_what_it_was() -> None:
    (trigger,) = watching().marked(TOKEN, 660_000, NOON)
    expected = (("average", 500_000), ("sellable", 660_000), ("take_profit", 300_000), ("target", 650_000))
    assert trigger.numbers == expected


# ---------------------------------------------------------------------- trailing stop


def test_a_trailing_stop_leaves_ten_percent_below_the_highest_price() -> None:
    exits = watching(TRAILING)
    assert [fired(exits, price) for price in (600_000, 700_000, 650_000, 630_001)] == [None] * 4
    (trigger,) = exits.marked(TOKEN, 630_000, NOON)
    assert trigger.rule is Reason.TRAILING_STOP
    assert trigger.numbers[2:] == (("highest", 700_000), ("trailing_stop", 100_000), ("stop_at", 630_000))


@pytest.mark.parametrize(("highest", "rule"), [(575_000, Reason.TRAILING_STOP), (574_999, None)])
def test_it_is_armed_fifteen_percent_above_cost_and_not_just_below(highest: int, rule: Reason | None) -> None:
    exits = watching(TRAILING)
    assert fired(exits, highest) is None
    assert fired(exits, 517_000) is rule


def test_the_highest_price_of_one_sleeve_arms_no_other() -> None:
    exits = watching(TRAILING)
    exits.reposition(position(price=400_000, source="other"), market())
    assert exits.marked(TOKEN, 560_000, NOON) == []
    assert [trigger.position.source for trigger in exits.marked(TOKEN, 490_000, NOON)] == ["other"]


def test_a_purchase_begins_the_highest_price_anew() -> None:
    exits = watching(TRAILING)
    assert fired(exits, 700_000) is None
    exits.reposition(position(200 * ONE), market())
    assert fired(exits, 560_000) is None
    assert fired(exits, 400_000) is None


def test_a_sale_keeps_the_highest_price() -> None:
    exits = watching(TRAILING)
    assert fired(exits, 700_000) is None
    exits.reposition(position(40 * ONE), market())
    assert fired(exits, 630_000) is Reason.TRAILING_STOP


# ---------------------------------------------------------------------- largest loss


@pytest.mark.parametrize(("price", "rule"), [(400_000, Reason.MAX_LOSS), (400_001, None)])
def test_a_loss_of_ten_dollars_leaves_and_one_just_below_does_not(price: int, rule: Reason | None) -> None:
    limits = Limits(stop_loss=Fraction(0), loss_per_trade_usd=dollars(10))
    assert fired(watching(limits), price) is rule


def test_a_position_worth_less_than_the_largest_loss_cannot_reach_it() -> None:
    limits = Limits(stop_loss=Fraction(0), loss_per_trade_usd=dollars(60))
    assert fired(watching(limits), 1) is None


def test_the_largest_loss_says_what_was_lost() -> None:
    limits = Limits(stop_loss=Fraction(0), loss_per_trade_usd=dollars(10))
    (trigger,) = watching(limits).marked(TOKEN, 300_000, NOON)
    assert trigger.numbers[2:] == (("loss", dollars(20)), ("loss_per_trade_usd", dollars(10)))


# ---------------------------------------------------------------------- crypto up/down


@pytest.mark.parametrize("price", [100_000, 990_000])
def test_up_down_positions_are_held_to_resolution_where_the_limits_say_so(price: int) -> None:
    assert fired(watching(Limits(exits_updown=False), of=UPDOWN), price) is None
    assert fired(watching(Limits(exits_updown=True), of=UPDOWN), price) is not None
    assert fired(watching(Limits(exits_updown=False)), price) is not None


def test_up_down_positions_are_still_bounded_by_the_largest_loss_and_by_an_emergency() -> None:
    limits = Limits(exits_updown=False, loss_per_trade_usd=dollars(10))
    assert fired(watching(limits, of=UPDOWN), 400_000) is Reason.MAX_LOSS
    assert [t.rule for t in watching(limits, of=UPDOWN).flatten(NOON)] == [Reason.EMERGENCY_EXIT]


def test_a_market_that_turns_out_to_be_up_down_disarms_the_trailing_stop() -> None:
    exits = watching(Limits(exits_updown=False, stop_loss=Fraction(0), take_profit=Fraction(0)))
    assert fired(exits, 700_000) is None
    exits.market(UPDOWN)
    assert fired(exits, 500_000) is None


# ---------------------------------------------------------------------- time and emergency


def test_an_event_market_is_left_two_hours_before_its_end_and_not_a_moment_earlier() -> None:
    exits = watching(of=market(end_at=NOON + 5 * HOUR))
    assert fired(exits, 480_000) is None
    assert exits.due(NOON + 3 * HOUR - 1) == []
    (trigger,) = exits.due(NOON + 3 * HOUR)
    assert (trigger.rule, trigger.price) == (Reason.TIME_EXIT, 480_000)
    assert trigger.numbers == (("seconds_to_end", 7_200 * ONE), ("exit_before_end", 7_200 * ONE))
    assert exits.due(NOON + 3 * HOUR) == []


@pytest.mark.parametrize(
    ("limits", "of"),
    [
        (LEVELS, market(end_at=None)),
        (LEVELS, market(kind=MarketKind.CRYPTO_UPDOWN, end_at=NOON)),
        (Limits(exit_before_end_ns=0), market(end_at=NOON)),
    ],
)
def test_without_an_end_a_limit_or_an_event_there_is_no_time_exit(limits: Limits, of: Market) -> None:
    assert watching(limits, of=of).due(NOON + DAY) == []


def test_an_end_that_is_moved_moves_the_time_exit() -> None:
    exits = watching()
    exits.market(market(end_at=NOON + HOUR))
    assert [trigger.rule for trigger in exits.due(NOON)] == [Reason.TIME_EXIT]


def test_an_emergency_leaves_everything_once() -> None:
    exits = watching()
    exits.reposition(position(source="other"), market())
    exits.reposition(position(token="n:no"), market("n"))
    assert fired(exits, 425_000) is Reason.STOP_LOSS
    triggers = exits.flatten(NOON)
    assert [trigger.position.token for trigger in triggers] == ["n:no"]
    assert triggers[0].numbers == (("sellable", 0),)
    assert exits.flatten(NOON) == []
    assert exits.leaving(TOKEN) == [KEY, f"{TOKEN}#whale_copy/other"]


# ---------------------------------------------------------------------- what is watched


def test_a_price_of_a_token_not_held_concerns_nobody() -> None:
    assert watching().marked("n:no", 1, NOON) is NOTHING


def test_no_price_triggers_nothing() -> None:
    assert watching().marked(TOKEN, 0, NOON) is NOTHING


def test_a_position_triggers_once_however_the_price_goes_on() -> None:
    exits = watching()
    assert fired(exits, 400_000) is Reason.STOP_LOSS
    assert [fired(exits, price) for price in (400_000, 700_000, 1)] == [None, None, None]
    assert exits.leaving(TOKEN) == [KEY]


def test_each_sleeve_has_its_own_levels() -> None:
    exits = watching()
    exits.reposition(position(price=600_000, source="other"), market())
    assert [trigger.position.source for trigger in exits.marked(TOKEN, 510_000, NOON)] == ["other"]
    assert [trigger.position.source for trigger in exits.marked(TOKEN, 425_000, NOON)] == ["whale"]


def test_a_position_that_grew_has_the_levels_of_its_new_average() -> None:
    exits = watching()
    exits.reposition(position(200 * ONE, price=450_000), market())
    assert fired(exits, 425_000) is None
    assert fired(exits, 382_500) is Reason.STOP_LOSS


@pytest.mark.parametrize(("size", "rule"), [(10_000, Reason.STOP_LOSS), (9_999, None), (0, None)])
def test_less_than_a_hundredth_of_a_share_is_not_watched(size: int, rule: Reason | None) -> None:
    assert fired(watching(held=position(size)), 100_000) is rule
    shrunk = watching()
    shrunk.reposition(replace(position(), size=Shares(size), cost=Usd(size)), market())
    assert fired(shrunk, 100_000) is rule


def test_a_closed_position_that_is_opened_again_is_watched_anew() -> None:
    exits = watching(TRAILING)
    assert fired(exits, 700_000) is None
    exits.reposition(replace(position(), size=Shares(0), cost=Usd(0)), market())
    assert exits.leaving(TOKEN) == []
    exits.reposition(position(), market())
    assert fired(exits, 560_000) is None


def test_the_last_position_of_a_token_takes_its_market_along_but_not_its_sister() -> None:
    exits = watching()
    exits.reposition(position(token="m:no"), market())
    exits.reposition(replace(position(), size=Shares(0), cost=Usd(0)), market())
    exits.market(market(end_at=NOON))
    assert [trigger.position.token for trigger in exits.due(NOON)] == ["m:no"]


def test_after_a_resolution_nothing_is_left_by_rule_any_more() -> None:
    exits = watching()
    assert exits.forget("m") == []
    exits.reposition(position(90 * ONE), market())
    assert fired(exits, 1) is None
    assert exits.flatten(NOON) == []


def test_a_resumed_exit_goes_on_whatever_the_price_is_now() -> None:
    exits = watching()
    exits.resume(position(), Reason.STOP_LOSS, 420_000, NOON)
    assert fired(exits, 600_000) is None
    assert exits.leaving(TOKEN) == [KEY]
    step = exits.step(KEY, bids((600_000, 1_000 * ONE)), 0, Shares(100 * ONE), market(), NOON)
    assert step is not None
    assert step.limit == 580_000


def test_an_exit_of_what_is_not_held_is_not_resumed() -> None:
    exits = watching()
    exits.resume(position(source="other"), Reason.STOP_LOSS, 420_000, NOON)
    exits.resume(position(token="n:no"), Reason.STOP_LOSS, 420_000, NOON)
    assert exits.leaving(TOKEN) == exits.leaving("n:no") == []


# ---------------------------------------------------------------------- any path of prices


@given(
    st.integers(20_000, 980_000),
    st.integers(10_000, 10**9),
    st.lists(st.integers(1, ONE - 1), max_size=40),
    st.sampled_from([0, 5 * ONE, 50 * ONE]),
)
def test_a_price_inside_all_limits_never_triggers_and_one_outside_always_does(
    bought: int, size: int, prices: list[int], loss: int
) -> None:
    limits = Limits(loss_per_trade_usd=Usd(loss))
    held = position(size, bought)
    average = mul_div_ceil(held.cost, ONE, size)
    exits = watching(limits, held)
    peak = 0
    for number, price in enumerate(prices):
        triggers = exits.marked(TOKEN, price, NOON + number * SECOND)
        lost = held.cost - size * price // ONE
        target = min(average * 1_300_000, 990_000 * ONE)
        outside = (
            price * ONE <= average * 850_000
            or (loss > 0 and lost >= loss)
            or (peak > 0 and price * 10 <= peak * 9)
            or (target > average * ONE and price * ONE >= target)
        )
        assert [trigger.position for trigger in triggers] == ([held] if outside else [])
        if outside:
            assert exits.leaving(TOKEN) == [KEY]
            return
        if price * ONE >= average * 1_150_000:
            peak = max(peak, price)
