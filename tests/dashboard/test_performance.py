"""How an account has done: results by step, drawdown, wins, ratio, parts of a whole."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dashboard.deals import standing
from dashboard.performance import (
    DAYS_LEAST,
    HOURS_LEAST,
    Result,
    Sum,
    Wins,
    best_and_worst,
    drawdowns,
    fill_rate,
    hourly,
    last_of,
    longest_under,
    profit_of,
    results,
    returns_of,
    rolling_wins,
    shares_of,
    sharpe,
    sums_by,
    win_interval,
    wins_of,
)
from dashboard.state import Point
from shared.domain.instants import DAY, HOUR
from shared.domain.ledger import Position
from shared.domain.money import ONE, Usd, dollars
from tests.dashboard.fakes import NOW, position
from tests.dashboard.trading_fakes import START, books_of, bought

MIDNIGHT = NOW // DAY * DAY
MONEY = st.integers(-(10**12), 10**12)


def closed_one(n: int, realized: int, at: int = NOW) -> Position:
    return replace(position(n, size=0, cost=0), realized=Usd(realized), changed_at=at)


def mark(day: int, profit: int, equity: int = 100 * ONE) -> Point:
    return Point(MIDNIGHT + day * DAY + HOUR, equity, profit)


# ---------------------------------------------------------------------- results


def test_a_day_brought_what_profit_grew_by_and_deposits_are_no_result() -> None:
    marks = [mark(0, 5 * ONE, 105 * ONE), mark(1, 7 * ONE, 107 * ONE), mark(2, 6 * ONE, 1106 * ONE)]
    found = results(marks, DAY, MIDNIGHT)
    assert [one.gained for one in found] == [5 * ONE, 2 * ONE, -1 * ONE]
    assert [one.on for one in found] == [100 * ONE, 105 * ONE, 107 * ONE]
    assert [one.at for one in found] == [MIDNIGHT, MIDNIGHT + DAY, MIDNIGHT + 2 * DAY]


def test_days_without_a_trader_brought_nothing() -> None:
    found = results([mark(0, 0), mark(3, 9 * ONE)], DAY, MIDNIGHT)
    assert [one.gained for one in found] == [0, 0, 0, 9 * ONE]


def test_where_the_marks_begin_later_the_first_is_only_compared_with() -> None:
    assert [one.gained for one in results([mark(0, 5), mark(1, 7)], DAY, MIDNIGHT - DAY)] == [2]
    assert results([mark(0, 5)], DAY, None) == []
    assert results([], DAY, MIDNIGHT) == []


@given(st.lists(st.tuples(st.integers(1, 4), MONEY), min_size=1, max_size=30))
def test_results_of_all_steps_sum_to_the_profit_and_leave_no_gap(moves: list[tuple[int, int]]) -> None:
    day, marks = 0, []
    for step, profit in moves:
        marks.append(mark(day, profit))
        day += step
    found = results(marks, DAY, MIDNIGHT)
    assert sum(one.gained for one in found) == profit_of(marks[-1])
    assert [one.at for one in found] == [MIDNIGHT + n * DAY for n in range(len(found))]


@given(st.lists(st.integers(0, 10 * DAY), max_size=40).map(sorted))
def test_the_last_point_of_each_step_is_kept(instants: list[int]) -> None:
    points = [Point(at, n) for n, at in enumerate(instants)]
    kept = last_of(points, DAY)
    assert [point.at // DAY for point in kept] == sorted({at // DAY for at in instants})
    assert all(point.equity >= other.equity for point in kept for other in points if other.at // DAY == point.at // DAY)


def test_returns_are_parts_of_the_equity_they_were_made_on() -> None:
    assert returns_of([Result(0, 2 * ONE, 100 * ONE), Result(1, 5, 0), Result(2, -ONE, 4 * ONE)]) == [0.02, -0.25]


# ---------------------------------------------------------------------- risk


def test_a_drawdown_is_a_part_of_the_highest_equity_so_far() -> None:
    points = [Point(n, dollars(equity)) for n, equity in enumerate((100, 120, 90, 120, 150, 75))]
    assert drawdowns(points) == [0, 0, 250_000, 0, 0, 500_000]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=60))
def test_no_drawdown_is_below_zero_and_there_is_none_at_the_top(values: list[int]) -> None:
    falls = drawdowns([Point(n, value) for n, value in enumerate(values)])
    assert min(falls) >= 0
    assert falls[values.index(max(values))] == 0


def test_the_longest_drawdown_counts_the_days_below_the_top_until_it_is_reached_again() -> None:
    equities = (100, 110, 105, 104, 110, 109, 120)
    assert longest_under([mark(n, 0, dollars(equity)) for n, equity in enumerate(equities)]) == 2
    assert longest_under([mark(0, 0)]) == 0
    assert longest_under([]) == 0


def test_the_ratio_is_of_days_once_there_are_enough_else_of_hours_else_not_told() -> None:
    daily = [0.01, -0.005] * (DAYS_LEAST // 2)
    hours = [0.001, -0.0005] * (HOURS_LEAST // 2)
    found = sharpe(daily, hours)
    assert found is not None
    assert (found.unit, found.count) == ("day", DAYS_LEAST)
    assert found.value == pytest.approx(0.0025 / 0.0075 * math.sqrt(365))
    assert found.low < found.value < found.high
    short = sharpe(daily[:-1], hours)
    assert short is not None
    assert (short.unit, short.count) == ("hour", HOURS_LEAST)
    assert short.value == pytest.approx(found.value * math.sqrt(24))
    assert sharpe(daily[:-1], hours[:-1]) is None


def test_returns_that_do_not_vary_have_no_ratio() -> None:
    found = sharpe([0.0] * DAYS_LEAST, [])
    assert found is not None
    assert math.isnan(found.value)


# ---------------------------------------------------------------------- wins


def test_wins_are_counted_over_closed_positions_and_nothing_gained_is_not_won() -> None:
    wins = wins_of([closed_one(1, 3 * ONE), closed_one(2, -ONE), closed_one(3, 0), position(4)])
    assert (wins.closed, wins.won, wins.net) == (3, 1, 2 * ONE)
    assert wins.factor == 3.0
    assert wins.average == pytest.approx(2 / 3)


@pytest.mark.parametrize(("gained", "lost", "factor"), [(0, 0, None), (5, 0, math.inf), (0, 5, 0.0), (6, 4, 1.5)])
def test_the_profit_factor_is_infinite_without_losses_and_none_of_nothing(
    gained: int, lost: int, factor: float | None
) -> None:
    assert Wins(1, 1, gained, lost).factor == factor
    assert Wins().average is None


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_interval_of_a_win_rate_lies_within_zero_and_one_around_its_mean(won: int, lost: int) -> None:
    low, high = win_interval(won, won + lost)
    assert 0 <= low < (won + 1) / (won + lost + 2) < high <= 1


def test_the_rolling_rate_begins_with_a_whole_window_and_moves_with_each_position() -> None:
    held = [closed_one(n, 1 if n % 2 else -1, NOW + n) for n in range(6)]
    assert rolling_wins(held, 4) == [(NOW + 3, 0.5), (NOW + 4, 0.5), (NOW + 5, 0.5)]
    assert rolling_wins([*held, closed_one(7, 1, NOW + 7)], 4)[-1] == (NOW + 7, 0.75)
    assert rolling_wins(held, 7) == []


# ---------------------------------------------------------------------- sums


def test_results_are_added_up_by_name_with_what_is_held_at_its_last_price_or_at_cost() -> None:
    held = [position(1), position(2), closed_one(3, -7)]
    found = sums_by(held, {"1yes": 450_000}, lambda one: one.strategy)
    assert found == {"whale_copy": Sum("whale_copy", -7, 5 * ONE, 85 * ONE, 2, 3)}
    assert found["whale_copy"].total == 5 * ONE - 7


def test_the_best_gained_and_the_worst_lost() -> None:
    sums = [Sum("a", 5), Sum("b", -3), Sum("c", 0)]
    assert best_and_worst(sums) == (sums[0], sums[1])
    assert best_and_worst([sums[2]]) == (None, None)
    assert best_and_worst([]) == (None, None)


@given(st.lists(st.integers(-5, 10**9), max_size=20), st.integers(1, 9))
def test_parts_sum_to_the_whole_the_largest_first_and_the_rest_together(sizes: list[int], most: int) -> None:
    rows = shares_of([(f"n{place}", size) for place, size in enumerate(sizes)], most)
    positive = [size for size in sizes if size > 0]
    assert len(rows) == min(len(positive), most) + (len(positive) > most)
    if rows:
        assert sum(float(str(row["share"])) for row in rows) == pytest.approx(1.0)
        kept = [float(str(row["usd"])) for row in rows[:most]]
        assert kept == sorted(kept, reverse=True)


# ---------------------------------------------------------------------- activity


def test_executions_are_counted_by_the_hour_with_idle_hours_shown() -> None:
    books = books_of(*bought(1, NOW - HOUR), *bought(2, NOW - HOUR), *bought(3, START))
    rows = hourly(standing(list(books.values())), NOW)
    assert len(rows) == 48
    assert {(row["when"], row["side"]): row["count"] for row in rows if row["count"]} == {("03-22 21:00", "Bought"): 2}


def test_the_fill_rate_leaves_out_orders_that_are_open_or_older() -> None:
    deals = standing(list(books_of(*bought(1), *bought(2)).values()))
    planned = {"o1.1": NOW, "o2.1": NOW - 2, "lost": NOW, "open": NOW, "old": NOW - DAY}
    assert fill_rate(planned, deals, ["open"], NOW - 1) == (1, 2)
    assert fill_rate(planned, deals, [], NOW - 2) == (2, 4)
    assert fill_rate({}, deals, [], 0) == (0, 0)
