"""Money that moves without an order of ours: merges, rebates, foreign activity, and what is owed after a settlement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.errors import Corrupt
from shared.domain.ledger import (
    CASH,
    EXTERNAL,
    PUSD,
    SETTLEMENT,
    PostingKind,
    Record,
    RecordKind,
    Redemption,
    shares_account,
)
from shared.domain.money import ONE, Shares, Usd, dollars
from shared.engine.ledger import settle_record, shares_room
from shared.engine.settling import external_record, merge_records, rebate_record, unmerged_record
from tests.shared.engine.settling_world import LIMITS, World, faults, rebuilt

SLEEVE = "whale_copy/whale"
ROOM = shares_room("m:yes", SLEEVE)
YES = f"m:yes#{SLEEVE}"


def told(world: World) -> list[str]:
    return list(faults(world))


# ---------------------------------------------------------------------- merges


def test_a_pair_becomes_a_dollar_shared_as_the_two_costs_are_to_each_other() -> None:
    world = World()
    world.fill(world.buy(100, 60), settles=False)
    world.fill(world.buy(100, 20, token="m:no"), settles=False)
    costs = [held.cost for held in world.books.positions.values()]
    cash = world.books.balance(CASH)
    yes, no = world.merge(100 * ONE, "ref")
    assert world.books.balance(CASH) == cash + dollars(100)
    assert world.books.balance(SETTLEMENT) == -dollars(100)
    assert yes.position is not None
    assert no.position is not None
    got = [yes.position.realized + costs[0], no.position.realized + costs[1]]
    assert got == [100 * ONE * costs[0] // sum(costs), 100 * ONE - 100 * ONE * costs[0] // sum(costs)]
    assert (yes.position.size, no.position.size, world.books.used["portfolio"]) == (0, 0, 0)
    assert told(world) == []


def test_the_oldest_positions_give_first() -> None:
    world = World()
    world.fill(world.buy(30), settles=False)
    world.at += 1
    world.fill(world.buy(30, source="other"), settles=False)
    world.fill(world.buy(50, token="m:no"), settles=False)
    made = world.merge(40 * ONE, "ref")
    sizes = {record.position.key: record.position.size for record in made if record.position is not None}
    assert sizes == {YES: 0, "m:yes#whale_copy/other": 20 * ONE, f"m:no#{SLEEVE}": 10 * ONE}
    assert told(world) == []


def test_a_merge_leaves_alone_what_it_does_not_need() -> None:
    world = World()
    world.fill(world.buy(30), settles=False)
    world.at += 1
    world.fill(world.buy(30, source="other"), settles=False)
    world.fill(world.buy(50, token="m:no"), settles=False)
    made = world.merge(30 * ONE, "ref")
    assert [record.position.key for record in made if record.position] == [YES, f"m:no#{SLEEVE}"]


def test_shares_that_went_on_sale_meanwhile_are_merged_after_the_free_ones() -> None:
    world = World()
    world.fill(world.buy(50, source="other"), settles=False)
    world.at += 1
    world.fill(world.buy(50), settles=False)
    world.fill(world.buy(100, token="m:no"), settles=False)
    sale = world.sell(50, source="other")
    world.merge(60 * ONE, "ref")
    assert world.books.room[shares_room("m:yes", "whale_copy/other")] == -10 * ONE
    assert world.books.room[ROOM] == 0
    assert told(world) == []
    world.cancel(sale.order_key)
    assert told(world) == []


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (100 * ONE + 1, "merge ref of 100000001 takes more than the 100000000 we hold of one of its tokens"),
        (0, "merge ref of 0 shares"),
    ],
)
def test_nobody_merges_more_than_is_held_or_nothing(size: int, text: str) -> None:
    world = World()
    world.fill(world.buy(200), settles=False)
    world.fill(world.buy(100, token="m:no"), settles=False)
    with pytest.raises(Corrupt, match=text):
        world.merge(size, "ref")


def test_shares_that_cost_nothing_share_the_dollar_equally() -> None:
    world = World()
    world.fill(world.buy(10), settles=False)
    world.fill(world.buy(10, token="m:no"), settles=False)
    world.ask_merge(10 * ONE, "ref")
    free = {token: [replace(held, cost=Usd(0)) for held in leg] for token, leg in world.by_token().items()}
    made = merge_records(world.books, world.books.merging["ref"], free, world.at, LIMITS)
    assert [record.position.realized for record in made if record.position is not None] == [dollars(5), dollars(5)]


def three_positions() -> World:
    """Two positions in one outcome and one in the other."""
    world = World()
    world.fill(world.buy(30, 61), settles=False)
    world.at += 1
    world.fill(world.buy(30, 57, source="other"), settles=False)
    world.fill(world.buy(50, 23, token="m:no"), settles=False)
    return world


@given(size=st.integers(1, 50 * ONE), booked=st.integers(0, 3))
def test_a_merge_of_which_a_life_booked_a_part_is_booked_to_the_end_by_the_next(size: int, booked: int) -> None:
    world = three_positions()
    cash = world.books.balance(CASH)
    held = {token: sum(one.size for one in leg) for token, leg in world.by_token().items()}
    world.ask_merge(size, "ref")
    for record in merge_records(world.books, world.books.merging["ref"], world.by_token(), world.at, LIMITS)[:booked]:
        world.take(record)
    life = World()
    for record in world.records[1:]:  # it has the deposit already
        life.take(record)
    if (left := life.books.merging.get("ref")) is not None:
        assert not life.books.knows(PostingKind.MERGE, "ref")
        assert life.books.merging_in("m") == max(left.left.values())
        for record in merge_records(life.books, left, life.by_token(), life.at, LIMITS):
            life.take(record)
    assert life.books.balance(CASH) == cash + size
    assert {token: sum(one.size for one in leg) for token, leg in life.by_token().items()} == {
        token: before - size for token, before in held.items()
    }
    assert life.books.knows(PostingKind.MERGE, "ref")
    assert (life.books.merging, life.books.merging_in("m")) == ({}, 0)
    assert told(life) == []


def test_a_merge_asked_for_again_is_the_same_merge() -> None:
    world = three_positions()
    world.ask_merge(10 * ONE, "ref")
    made = merge_records(world.books, world.books.merging["ref"], world.by_token(), world.at, LIMITS)
    world.take(made[0])
    world.ask_merge(10 * ONE, "ref")
    assert world.books.merging["ref"].left == {"m:yes": 0, "m:no": 10 * ONE}
    world.take(made[1])
    world.ask_merge(10 * ONE, "ref")
    assert world.books.merging == {}


def test_a_merge_that_reverted_leaves_nothing_behind() -> None:
    world = three_positions()
    before = dict(world.books.balances)
    world.ask_merge(10 * ONE, "ref")
    assert (world.books.merging_in("m"), world.books.merging_in("n")) == (10 * ONE, 0)
    world.take(unmerged_record(world.account, "another", world.at))
    assert world.books.merging_in("m") == 10 * ONE
    world.take(unmerged_record(world.account, "ref", world.at))
    assert world.books.merging == {}
    assert world.books.balances == before


def test_a_merge_of_a_journal_that_asked_for_none_is_booked() -> None:
    world = three_positions()
    world.ask_merge(10 * ONE, "ref")
    made = merge_records(world.books, world.books.merging["ref"], world.by_token(), world.at, LIMITS)
    old = three_positions()
    for record in made:
        old.take(record)
    assert old.books.balances[CASH, PUSD] == world.books.balances[CASH, PUSD] + 10 * ONE
    assert old.books.knows(PostingKind.MERGE, "ref")


# ---------------------------------------------------------------------- rebates, foreign activity, redemptions


def test_a_rebate_is_cash_once_per_reference() -> None:
    world = World()
    world.take(rebate_record("test", Usd(7), "day-1", world.at))
    assert (world.books.balance(CASH), world.books.room[CASH]) == (dollars(100_000) + 7, dollars(100_000) + 7)
    one, again, other = (rebate_record("test", Usd(7), ref, world.at).posting for ref in ("a", "a", "b"))
    assert one == again
    assert one is not None
    assert other is not None
    assert one.posting_id != other.posting_id


def test_what_a_reference_was_booked_for_is_known_to_whoever_rebuilds_the_books() -> None:
    world = World()
    world.fill(world.buy(10), settles=False)
    world.fill(world.buy(10, token="m:no"), settles=False)
    world.merge(ONE, "a")
    world.take(rebate_record("test", Usd(7), "b", world.at))
    for books in (world.books, rebuilt(world)):
        assert books.knows(PostingKind.MERGE, "a")
        assert books.knows(PostingKind.REBATE, "b")
        assert not books.knows(PostingKind.MERGE, "b")
        assert not books.knows(PostingKind.REBATE, "a")


def test_foreign_dollars_change_cash_and_foreign_shares_lie_apart() -> None:
    world = World()
    world.take(external_record("test", PUSD, -dollars(5), "trade-9", world.at))
    world.take(external_record("test", "m:yes", 10 * ONE, "trade-9", world.at))
    books = world.books
    assert books.balance(CASH) == books.room[CASH] == dollars(100_000) - dollars(5)
    assert books.balance(shares_account(EXTERNAL), "m:yes") == 10 * ONE == -books.balance(EXTERNAL, "m:yes")
    assert (ROOM in books.room, books.positions) == (False, {})
    assert told(world) == []


def test_a_settled_position_is_owed_its_payout_rounded_as_it_was_booked_until_the_venue_has_paid() -> None:
    world = World()
    world.fill(world.buy(100), settles=False)
    held = replace(world.books.positions[YES], size=Shares(100 * ONE + 1))
    world.books.positions[YES] = held
    world.take(settle_record(held, 250_000, world.at, LIMITS))
    assert world.books.redemptions == {"m": [Redemption("m:yes", Shares(100 * ONE + 1), dollars(25))]}
    world.take(Record(RecordKind.REDEEMED, "test", world.at, ref="other"))
    assert "m" in world.books.redemptions
    world.take(Record(RecordKind.REDEEMED, "test", world.at, ref="m"))
    assert world.books.redemptions == {}
