"""Profit and loss by position, whale, strategy and market: every row is part of one sum."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.ledger import CASH, PROVISIONAL, RESERVED, SettlementStatus
from shared.domain.money import ONE, Usd, dollars
from shared.engine.profit import By, Profit, overall, profits, rebates_paid
from shared.engine.settling import rebate_record
from tests.shared.engine.settling_world import ANYTHING, World, steps

MARKS = {"m:yes": 600_000, "m:no": 300_000}
FEE = 1_250_000
"""Of 100 shares at 0.50."""


def traded() -> World:
    """Two whales' positions: 100 and 50 shares bought at 0.50 in one token, 40 of the first sold at 0.60."""
    world = World()
    world.fill(world.buy(100), settles=False)
    world.fill(world.buy(50, source="other"), settles=False)
    world.fill(world.sell(40, 60), settles=False)
    return world


def test_a_position_is_marked_and_what_was_sold_is_realised_after_fees() -> None:
    first, second = profits(traded().books, MARKS, By.POSITION)
    whole = dollars(50) + FEE
    sold, sale_fee = dollars(24), 480_000
    assert first == Profit(
        "m:yes#whale_copy/whale",
        1,
        Usd(whole - whole * 40 // 100),
        dollars(36),
        Usd(sold - sale_fee - whole * 40 // 100),
        Usd(FEE + sale_fee),
    )
    assert first.unrealized == dollars(36) - first.cost
    assert first.total == first.realized + first.unrealized
    assert (second.name, second.cost, second.realized) == ("m:yes#whale_copy/other", dollars(25) + FEE // 2, 0)


def test_rows_are_told_apart_by_whale_strategy_or_market() -> None:
    books = traded().books
    assert [row.name for row in profits(books, MARKS, By.WHALE)] == ["whale", "other"]
    assert [(row.name, row.open) for row in profits(books, MARKS, By.STRATEGY)] == [("whale_copy", 2)]
    assert [(row.name, row.open) for row in profits(books, MARKS, By.MARKET)] == [("m", 2)]


def test_a_token_without_a_mark_is_worth_its_cost() -> None:
    row = profits(traded().books, {}, By.MARKET)[0]
    assert (row.worth, row.unrealized) == (row.cost, 0)


def test_a_closed_position_keeps_its_profit_and_is_no_longer_open() -> None:
    world = traded()
    world.settle(ONE)
    rows = profits(world.books, MARKS, By.WHALE)
    assert [(row.open, row.cost, row.worth) for row in rows] == [(0, 0, 0), (0, 0, 0)]
    assert sum(row.realized for row in rows) == world.books.realized


def test_an_execution_that_failed_leaves_neither_profit_nor_fee() -> None:
    world = traded()
    before = profits(world.books, MARKS, By.POSITION)
    more = world.fill(world.buy(100, 90))
    less = world.fill(world.sell(20, 60))
    assert profits(world.books, MARKS, By.POSITION) != before
    for key in (more, less):
        world.status(key, SettlementStatus.FAILED)
    assert profits(world.books, MARKS, By.POSITION) == before


def test_a_rebate_that_is_due_is_told_but_not_counted_and_one_that_was_paid_belongs_to_the_account() -> None:
    world = World()
    world.fill(world.buy(100), rebate=7_000, settles=False)
    row = profits(world.books, {}, By.WHALE)[0]
    assert (row.rebates_due, row.total, row.fees, rebates_paid(world.books)) == (7_000, 0, 0, 0)
    world.take(rebate_record("test", Usd(6_500), "day-1", world.at))
    assert rebates_paid(world.books) == 6_500


def test_the_sum_of_no_rows_is_nothing() -> None:
    assert overall([], "all") == Profit("all")


@given(steps(ANYTHING), st.sampled_from(By), st.integers(0, ONE), st.integers(0, ONE))
def test_by_whatever_it_is_told_apart_profit_is_what_the_money_says(
    happenings: list[tuple[str, int]], by: By, yes: int, no: int
) -> None:
    world = World()
    for n, (what, dice) in enumerate(happenings):
        world.step(n, what, dice)
    books = world.books
    marks = {"m:yes": yes, "m:no": no}
    whole = overall(profits(books, marks, By.POSITION), "all")
    assert replace(overall(profits(books, marks, by)), name="all") == whole
    assert (whole.realized, whole.fees) == (books.realized, books.fees)
    money = sum(books.balance(account) for account in (CASH, RESERVED, PROVISIONAL))
    outside = books.balance("deposits") + books.balance("external")
    assert money + outside + whole.worth == whole.total + rebates_paid(books)
