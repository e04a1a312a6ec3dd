import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.money import ONE, Fraction
from shared.engine.windows import Moves, Tally
from tests.shared.engine.builders import NOON

WINDOW = 15 * MINUTE
TENTH = Fraction(100_000)
COIN = 60_000 * ONE


def test_what_happened_a_whole_window_ago_counts_no_more() -> None:
    tally = Tally(HOUR)
    tally.add(NOON)
    assert [tally.count(NOON + HOUR - 1), tally.count(NOON + HOUR)] == [1, 0]


@given(st.lists(st.integers(0, 30), max_size=30), st.integers(0, 8), st.integers(1, 20))
def test_a_tally_says_since_when_there_are_too_many_and_until_when(steps: list[int], most: int, window: int) -> None:
    tally, times, at = Tally(window), list[int](), 0
    for step in steps:
        at += step
        tally.add(at)
        times.append(at)
        young = [t for t in times if t > at - window]
        assert tally.count(at) == len(young)
        assert tally.exceeds(at, most) == (len(young) > most)
        since, ends_at = tally.exceeded(at, most)
        if len(young) <= most:
            assert (since, ends_at) == (0, 0)
            continue
        assert since == young[most]
        assert len([t for t in times if t > ends_at - 1 - window]) > most
        assert len([t for t in times if t > ends_at - window]) <= most


def moved(*prices: tuple[int, int]) -> Moves:
    """(seconds after noon, price in tenths of a percent of the first) heard one after the other."""
    moves = Moves(TENTH, WINDOW)
    for after, tenths in prices:
        moves.price(COIN * tenths // 1000, NOON + after * SECOND)
    return moves


@pytest.mark.parametrize(
    ("prices", "ends"),
    [
        (((0, 1000), (900, 1100)), 900),
        (((0, 1000), (900, 900)), 900),
        (((0, 1000), (1, 1050), (60, 1100), (61, 1000)), 900),
        (((0, 1000), (100, 990), (200, 1100)), 1000),
        (((0, 1000), (10, 1200), (20, 1150), (30, 1080)), 910),
    ],
)
def test_a_move_of_ten_percent_counts_while_both_its_ends_are_within_the_window(
    prices: tuple[tuple[int, int], ...], ends: int
) -> None:
    assert moved(*prices).ends_at == NOON + ends * SECOND


@pytest.mark.parametrize(
    "prices",
    [
        ((0, 1000), (900, 1099)),
        ((0, 1000), (900, 901)),
        ((0, 1000), (901, 1100)),
        ((0, 1000), (901, 900)),
        ((0, 1000), (500, 1050), (1000, 1100), (1500, 1150), (2000, 1200)),
        ((0, 1000),),
    ],
)
def test_a_smaller_or_slower_move_does_not_count(prices: tuple[tuple[int, int], ...]) -> None:
    assert moved(*prices).ends_at == -1


def test_a_move_that_began_within_the_second_counts() -> None:
    moves = Moves(TENTH, WINDOW)
    for after, price in ((0, COIN), (1, COIN - COIN // 20), (2, COIN), (3, COIN + COIN // 20)):
        moves.price(price, NOON + after)
    assert moves.ends_at == NOON + 1 + WINDOW
    assert moves.since == NOON + 3
    assert moves.moved == 105_263


def test_the_largest_move_is_told_and_forgotten_with_the_move() -> None:
    moves = moved((0, 1000), (10, 1200), (20, 1150))
    assert (moves.moved, moves.since) == (200_000, NOON + 10 * SECOND)
    moves.price(COIN * 1150 // 1000, NOON + 950 * SECOND)
    moves.price(COIN * 1300 // 1000, NOON + 1000 * SECOND)
    assert (moves.moved, moves.since) == (130_434, NOON + 1000 * SECOND)


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 40)), min_size=1, max_size=40),
    st.sampled_from([0, 50_000, 100_000, 300_000]),
)
def test_moves_are_those_that_a_look_at_every_pair_of_prices_finds(heard: list[tuple[int, int]], move: int) -> None:
    moves, seen, at = Moves(Fraction(move), WINDOW), list[tuple[int, int]](), NOON

    def far(a: int, b: int) -> bool:
        return a != b and abs(b - a) >= a * move // ONE

    until = -1
    for step, price in heard:
        at += step * SECOND
        begun = [t for t, before in seen if at - t <= WINDOW and far(before * COIN, price * COIN)]
        until = max([until, *(t + WINDOW for t in begun)])
        seen.append((at, price))
        moves.price(price * COIN, at)
        assert moves.ends_at == until


def test_a_thousand_prices_a_second_take_the_room_of_one() -> None:
    moves = Moves(TENTH, WINDOW)
    for n in range(5_000):
        moves.price(COIN + n, NOON + n * SECOND // 1_000)
    assert len(moves._lows) <= 6
    assert len(moves._highs) <= 6
