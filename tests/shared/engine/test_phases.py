"""How an intent is worked: each leg follows from the order before it, and from nothing else."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.money import ONE, Fraction, Price, Shares, dollars, fee_per_share
from shared.domain.order import Order, OrderState, OrderType, Purpose, Side
from shared.engine.limits import Limits
from shared.engine.phases import Leg, Over, first_leg, has_edge, next_leg, worst_price
from tests.shared.engine.builders import NOON, order

LIMITS = Limits()
TICK = Price(10_000)
SMALLEST = Shares(5 * ONE)
AWAY = "425 service_not_ready: service not ready"


def ended(**changes: object) -> Order:
    """An order of 100 shares at a target of 0.50 that was cancelled unfilled; the book had shown 0.50."""
    fields: dict[str, object] = {
        "state": OrderState.CANCELED,
        "target": 500_000,
        "reference": 500_000,
        "p_win": 600_000,
        "life_ns": 30 * SECOND,
    }
    return order(**{**fields, **changes})


def sale(**changes: object) -> Order:
    return ended(**{"side": Side.SELL, "purpose": Purpose.EXIT, "p_win": 0, **changes})


def follows(done: Order, limits: Limits = LIMITS, tick: Price = TICK, at: int = NOON) -> Leg:
    leg = next_leg(done, limits, tick, SMALLEST, at)
    assert isinstance(leg, Leg), leg
    return leg


def over(done: Order, limits: Limits = LIMITS, tick: Price = TICK) -> Over:
    leg = next_leg(done, limits, tick, SMALLEST, NOON)
    assert isinstance(leg, Over), leg
    return leg


# ---------------------------------------------------------------------- phases


def test_the_first_phase_asks_for_everything_at_the_target_for_thirty_seconds() -> None:
    leg = first_leg(Price(500_000), Shares(100 * ONE), dollars(50), True, LIMITS, SMALLEST)
    assert leg == Leg(Price(500_000), Shares(100 * ONE), life_ns=30 * SECOND)


def test_the_second_phase_pays_two_cents_more_for_a_tenth_less_and_waits_forty_five_seconds() -> None:
    leg = follows(ended())
    assert leg == Leg(Price(520_000), Shares(90 * ONE), phase=2, life_ns=45 * SECOND)


def test_the_third_phase_pays_five_cents_more_for_a_quarter_less_and_waits_a_minute() -> None:
    wide = replace(LIMITS, slippage_market=Fraction(100_000))
    leg = follows(ended(phase=2, limit=Price(520_000), size=Shares(90 * ONE)), wide)
    assert leg == Leg(Price(550_000), Shares(67_500_000), phase=3, life_ns=60 * SECOND)


def test_after_the_third_phase_nothing_more_is_tried() -> None:
    assert over(ended(phase=3, limit=Price(525_000))).why == "the last phase has ended"


def test_only_what_was_left_unfilled_is_asked_for_again() -> None:
    assert follows(ended(filled=Shares(40 * ONE))).size == 54 * ONE


def test_a_filled_order_is_over() -> None:
    assert over(ended(state=OrderState.FILLED, filled=Shares(100 * ONE))) == Over("filled")


def test_a_sale_gives_up_nothing_of_its_size_and_takes_less_each_time() -> None:
    second = follows(sale())
    assert (second.limit, second.size, second.phase) == (480_000, 100 * ONE, 2)
    wide = replace(LIMITS, slippage_market=Fraction(100_000))
    third = follows(sale(phase=2, limit=Price(480_000)), wide)
    assert (third.limit, third.size, third.phase) == (450_000, 100 * ONE, 3)


def test_what_is_below_the_smallest_order_is_not_asked_for() -> None:
    assert over(ended(filled=Shares(95 * ONE))).why == "what is left is below the venue's smallest order"
    assert follows(ended(filled=Shares(94 * ONE))).size == 5_400_000


# ---------------------------------------------------------------------- edge and slippage


def test_a_phase_that_would_cost_the_edge_is_not_begun() -> None:
    all_in = 520_000 + fee_per_share(Price(520_000), Fraction(50_000))
    assert follows(ended(p_win=all_in + 1)).limit == 520_000
    assert over(ended(p_win=all_in)).why == "a worse price would cost the edge or slip too far"


def test_a_copy_without_a_belief_has_no_edge_to_lose() -> None:
    assert has_edge(0, Price(990_000), Fraction(70_000))
    assert follows(ended(p_win=0)).limit == 520_000


def test_no_phase_slips_more_than_a_market_order_may() -> None:
    assert worst_price(ended(), LIMITS, TICK) == 525_000
    assert follows(ended(phase=2, limit=Price(510_000))).limit == 520_000  # five cents would be 10%
    assert worst_price(sale(), LIMITS, TICK) == 475_000
    assert follows(sale(phase=2, limit=Price(490_000))).limit == 480_000


def test_one_tick_is_always_allowed() -> None:
    cheap = ended(target=30_000, limit=Price(30_000), reference=30_000, p_win=0)
    assert worst_price(cheap, LIMITS, TICK) == 40_000
    assert follows(cheap).limit == 40_000


def test_without_a_displayed_price_slippage_counts_from_the_target() -> None:
    assert worst_price(ended(reference=0), LIMITS, TICK) == 525_000


def test_a_sale_never_asks_less_than_a_tick() -> None:
    bottom = sale(target=10_000, limit=Price(10_000), reference=10_000)
    assert worst_price(bottom, LIMITS, TICK) == 10_000
    assert over(bottom).why == "a worse price would cost the edge or slip too far"


# ---------------------------------------------------------------------- slices


def sliced(stake: int = 501, size: int = 1_000, may: bool = True, limits: Limits = LIMITS) -> Leg:
    return first_leg(Price(500_000), Shares(size * ONE), dollars(stake), may, limits, SMALLEST)


def test_a_large_order_is_worked_in_slices() -> None:
    leg = sliced()
    assert (leg.size, leg.later, leg.slice_no, leg.slices) == (250 * ONE, 750 * ONE, 1, 4)
    assert leg.life_ns == 10 * SECOND


def test_an_order_of_five_hundred_dollars_is_not_large_yet() -> None:
    assert sliced(500).slices == 1


def test_slices_can_be_switched_off_and_are_never_too_small_for_the_venue() -> None:
    assert sliced(may=False).slices == 1
    assert sliced(limits=replace(LIMITS, twap_slices=1)).slices == 1
    assert sliced(limits=replace(LIMITS, twap_above_usd=dollars(0))).slices == 1
    assert sliced(size=19).slices == 1
    assert sliced(size=20).slices == 4


def part_of(**changes: object) -> Order:
    fields = {"size": Shares(250 * ONE), "later": Shares(750 * ONE), "slices": 4, "life_ns": 10 * SECOND}
    return ended(**{**fields, **changes})


def test_the_next_slice_waits_for_its_turn_and_takes_over_what_was_missed() -> None:
    leg = follows(part_of(filled=Shares(100 * ONE)), at=NOON + 4 * SECOND)
    assert (leg.size, leg.later, leg.slice_no, leg.phase) == (400 * ONE, 500 * ONE, 2, 1)
    assert leg.wait_ns == 6 * SECOND
    assert follows(part_of(), at=NOON + 11 * SECOND).wait_ns == 0


def test_the_last_slice_takes_the_rest_and_has_the_time_of_a_first_phase() -> None:
    leg = follows(part_of(slice_no=3, later=Shares(250_010_000), filled=Shares(250 * ONE), state=OrderState.FILLED))
    assert (leg.size, leg.later, leg.slice_no) == (250_010_000, 0, 4)
    assert leg.life_ns == 30 * SECOND


def test_after_the_last_slice_come_the_phases() -> None:
    leg = follows(part_of(slice_no=4, later=Shares(0)))
    assert (leg.phase, leg.slice_no, leg.size) == (2, 4, 225 * ONE)


# ---------------------------------------------------------------------- refusals


def refused(note: str = AWAY, **changes: object) -> Order:
    return ended(**{"state": OrderState.REJECTED, "note": note, **changes})


def test_a_refusal_that_passes_is_tried_again_as_it_was_three_times_with_growing_waits() -> None:
    waits = [follows(refused(attempt=n)).wait_ns for n in (1, 2, 3)]
    assert waits == [500 * MILLISECOND, SECOND, 2 * SECOND]
    leg = follows(refused(attempt=2, later=Shares(7), phase=2))
    assert (leg.attempt, leg.phase, leg.size, leg.limit, leg.later) == (3, 2, 100 * ONE, 500_000, 7)
    given_up = over(refused(attempt=4))
    assert given_up.dead
    assert given_up.why.startswith("rejected 4 times")


def test_the_venue_says_how_long_to_wait_and_a_purchase_does_not_wait_for_long() -> None:
    assert follows(refused(f"{AWAY} (retry after 30 s)")).wait_ns == 30 * SECOND
    assert not over(refused(f"{AWAY} (retry after 31 s)")).dead
    away = refused(f"{AWAY} (retry after 90 s)", side=Side.SELL, purpose=Purpose.EXIT)
    assert follows(away).wait_ns == 90 * SECOND


def test_a_refusal_for_good_is_a_dead_letter_and_one_for_want_of_others_is_not() -> None:
    assert over(refused("400 : address banned")).dead
    assert not over(refused("400 INVALID_POST_ONLY_ORDER: order crosses book")).dead


@pytest.mark.parametrize("kind", [OrderType.FOK, OrderType.FAK, OrderType.GTD])
def test_orders_that_were_to_trade_at_once_or_until_a_date_have_no_phases(kind: OrderType) -> None:
    assert over(ended(order_type=kind)).why == "it was to trade at once or not at all"


# ---------------------------------------------------------------------- whatever happens


@dataclass
class Path:
    """An intent worked to its end, the filled part of each leg drawn."""

    asked: int
    bought: int = 0
    legs: int = 0


@given(
    side=st.sampled_from([Side.BUY, Side.SELL]),
    cents=st.integers(2, 98),
    size=st.integers(500, 500_000),
    parts=st.lists(st.integers(0, 100), min_size=12, max_size=12),
    edge=st.integers(0, 200_000),
)
def test_an_intent_ends_and_never_asks_for_more_than_it_began_with(
    side: Side, cents: int, size: int, parts: list[int], edge: int
) -> None:
    target = Price(cents * 10_000)
    total = Shares(size * 10_000)
    leg = first_leg(target, total, total * target // ONE, side is Side.BUY, LIMITS, SMALLEST)
    path = Path(total)
    belief = min(target + edge, ONE - 1) if side is Side.BUY and edge else 0
    done = ended(side=side, target=target, reference=target, p_win=belief)
    while True:
        path.legs += 1
        assert path.legs <= len(parts), "an intent is worked in a bounded number of legs"
        assert path.bought + leg.size + leg.later <= path.asked
        assert leg.limit % TICK == 0
        worst = worst_price(done, LIMITS, TICK)
        assert leg.limit <= max(worst, target) if side is Side.BUY else leg.limit >= min(worst, target)
        filled = Shares(leg.size * parts[path.legs - 1] // 100)
        path.bought += filled
        state = OrderState.FILLED if filled == leg.size else OrderState.CANCELED
        done = replace(
            done,
            size=leg.size,
            filled=filled,
            limit=leg.limit,
            phase=leg.phase,
            slice_no=leg.slice_no,
            slices=leg.slices,
            later=leg.later,
            state=state,
        )
        following = next_leg(done, LIMITS, TICK, SMALLEST, NOON)
        if isinstance(following, Over):
            assert not following.dead
            return
        leg = following
