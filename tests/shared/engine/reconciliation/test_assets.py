"""The wallet against the books, to the micro-unit."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    FillStatus,
)
from shared.domain.money import ONE, Shares, Usd, dollars
from shared.domain.order import OrderState
from shared.engine.reconciliation import (
    Difference,
    Redemption,
)
from tests.shared.engine.builders import NOON
from tests.shared.engine.reconciliation.world import (
    KEY,
    LONG_AGO,
    STATUS,
    D,
    S,
    World,
    fill,
    halts,
    kinds,
    live,
    reported,
    sale,
)


def test_a_fill_that_has_not_settled_explains_exactly_itself() -> None:
    made = fill(at=NOON - MINUTE)
    world = World(live()).booked(made, STATUS.MATCHED)
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.CANCELED)
    before: dict[str, Any] = {"positions": {}, "balance": world.belief.cash + dollars(20) + made.fee}
    result = world.round(**before)
    assert kinds(result) == [D.SETTLING, D.SETTLING]
    assert result.equal
    halts(world.round(**{**before, "balance": before["balance"] + 1}), "pUSD")
    halts(world.round(**before, as_of=NOON + 9 * MINUTE), "m:yes")


def test_a_mined_fill_may_lag_in_the_wallet_for_a_shorter_time() -> None:
    world = World(live()).booked(fill(at=NOON - MINUTE), STATUS.MINED)
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.CANCELED)
    assert kinds(world.round(positions={})) == [D.SETTLING]
    halts(world.round(positions={}, as_of=NOON + MINUTE), "m:yes")


def test_a_failed_fill_may_still_show_in_the_wallet_for_a_while() -> None:
    made = fill(at=NOON - MINUTE)
    world = World(live()).booked(made, STATUS.MATCHED)
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.CANCELED)
    trades = (reported(made, live(), STATUS.FAILED),)
    result = world.round(trades=trades)
    assert result.payloads == (FillStatus("t1", KEY, STATUS.FAILED),)
    assert kinds(result) == [D.REPAIRED, D.SETTLING, D.SETTLING]


def test_shares_not_redeemed_yet_are_explained() -> None:
    world = World()
    world.redemptions = (Redemption("m:yes", Shares(7), Usd(7)),)
    result = world.round(positions={"m:yes": 7}, balance=world.belief.cash - 7)
    assert kinds(result) == [D.SETTLING, D.SETTLING]
    halts(world.round(positions={"m:yes": 7}, balance=world.belief.cash - 6), "pUSD")


def test_what_an_open_purchase_may_have_bought_is_in_flight_and_then_unexplained() -> None:
    world = World(live())
    bought = {"positions": {"m:yes": 100 * ONE}, "balance": world.belief.cash - dollars(50)}
    first = world.round(**bought)
    assert kinds(first) == [D.IN_FLIGHT, D.IN_FLIGHT]
    assert not first.halt
    assert not first.equal
    halts(world.round(first.evidence, **bought, as_of=NOON + 20 * SECOND), "m:yes")


def test_what_an_open_sale_may_have_sold_is_in_flight() -> None:
    world = World(live(), sale()).booked(fill(size=100 * ONE))
    sold = {"positions": {"m:yes": 10 * ONE}, "balance": world.belief.cash + dollars(60)}
    assert kinds(world.round(**sold)) == [D.IN_FLIGHT, D.IN_FLIGHT]
    halts(world.round(positions={}, balance=world.belief.cash + dollars(101)), "pUSD")


@pytest.mark.parametrize(
    ("state", "changed_at", "kind"),
    [
        (S.CANCELED, NOON - SECOND, D.IN_FLIGHT),
        (S.CANCELED, LONG_AGO, D.UNEXPLAINED),
        (S.REJECTED, NOON - SECOND, D.UNEXPLAINED),
    ],
)
def test_an_order_that_ended_a_moment_ago_may_have_filled_at_the_last(
    state: OrderState, changed_at: int, kind: Difference
) -> None:
    world = World(live(state=state, changed_at=changed_at))
    assert kinds(world.round(positions={"m:yes": 5})) == [kind]


def test_what_is_unheard_keeps_its_age_while_other_things_settle() -> None:
    world = World(live()).booked(fill(at=NOON - MINUTE), STATUS.MATCHED)
    first = world.round(positions={"m:yes": 5})
    assert first.evidence.since == {"positions m:yes": (5, NOON)}
    halts(world.round(first.evidence, positions={"m:yes": 40 * ONE + 5}, as_of=NOON + 20 * SECOND), "m:yes")


def test_no_open_order_explains_more_than_it_has_left_nor_the_other_direction() -> None:
    world = World(live())
    halts(world.round(positions={"m:yes": 100 * ONE + 1}), "m:yes")
    halts(world.round(balance=world.belief.cash + 1), "pUSD")


def many(world: World, count: int) -> None:
    """So many unsettled fills, each of another size, that their sums cannot be told apart."""
    for n in range(count):
        world.booked(fill(f"s{n}", ONE + (1 << n), at=NOON - MINUTE), STATUS.MATCHED)
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.CANCELED)


def test_twelve_unsettled_fills_are_told_apart_to_the_micro_share() -> None:
    world = World(live())
    many(world, 12)
    assert kinds(world.round(positions={"m:yes": 6 * ONE + 0b000000111111})) == [D.SETTLING]
    halts(world.round(positions={"m:yes": 6 * ONE + 0b000000011111}), "m:yes")


def test_of_more_unsettled_fills_only_the_bounds_count_until_they_settle() -> None:
    world = World(live())
    many(world, 13)
    assert kinds(world.round(positions={"m:yes": 6 * ONE})) == [D.SETTLING]
    halts(world.round(positions={"m:yes": -1}), "m:yes")
    halts(world.round(positions={"m:yes": 14 * ONE}), "m:yes")
    world.books.orders[KEY] = replace(world.books.orders[KEY], state=S.PARTIAL)
    assert kinds(world.round(positions={"m:yes": 14 * ONE})) == [D.IN_FLIGHT]
