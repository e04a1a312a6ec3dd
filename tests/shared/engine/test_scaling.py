from fractions import Fraction as Exact

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.instants import DAY
from shared.domain.money import ONE, Fraction, Usd, dollars
from shared.engine.limits import Limits
from shared.engine.profiles import profile
from shared.engine.scaling import (
    FULL,
    WEEK,
    Recovery,
    Scene,
    Streak,
    after_result,
    day_ended,
    drawdown_factor,
    recovery_factor,
    reduced,
    scaled,
    streak_factor,
)
from tests.shared.engine.builders import NOON

LIMITS, MODEL = Limits(), profile("model")
FACTORS = st.integers(0, 2 * ONE).map(Fraction)
PARTS = st.integers(0, ONE).map(Fraction)


def after(results: str, limits: Limits = LIMITS) -> Streak:
    """What ``W``, ``L`` and ``0`` (neither) one second after the other lead to."""
    streak = Streak()
    for n, letter in enumerate(results):
        streak = after_result(streak, {"W": 1, "L": -1, "0": 0}[letter], NOON + n, limits)
    return streak


@pytest.mark.parametrize(
    ("results", "factor"),
    [
        ("", 1_000_000),
        ("WW", 1_000_000),
        ("WWW", 1_250_000),
        ("WWLW", 1_000_000),
        ("WW0W", 1_000_000),
        ("WWWWW", 1_250_000),
        ("WWWWWW", 1_562_500),
        ("W" * 9, 1_953_125),
        ("W" * 12, 2_000_000),
        ("L", 1_000_000),
        ("LL", 500_000),
        ("LWL", 1_000_000),
        ("LLL", 500_000),
        ("LLLL", 250_000),
        ("L" * 10, 250_000),
        ("WWWLL", 625_000),
    ],
)
def test_size_grows_after_three_wins_and_halves_after_two_losses(results: str, factor: int) -> None:
    assert streak_factor(after(results), NOON + DAY, LIMITS) == factor


@given(st.text("WL0", max_size=60))
def test_streaks_stay_within_a_quarter_and_double(results: str) -> None:
    assert LIMITS.scale_min <= after(results).factor <= LIMITS.scale_max


def test_a_streak_is_forgotten_seven_days_after_its_last_change() -> None:
    streak = after("LLW")
    assert streak.changed_at == NOON + 1
    assert streak_factor(streak, NOON + 7 * DAY, LIMITS) == 500_000
    assert streak_factor(streak, NOON + 1 + 7 * DAY, LIMITS) == ONE
    late = replace(after("LLL"), losses=1)
    assert after_result(late, -1, NOON + 8 * DAY, LIMITS).factor == 500_000


@pytest.mark.parametrize(
    ("limits", "below", "factor"),
    [
        (LIMITS, 99_999, 1_000_000),
        (LIMITS, 100_000, 500_000),
        (LIMITS, 150_000, 500_000),
        (MODEL, 99_999, 1_000_000),
        (MODEL, 100_000, 750_000),
        (MODEL, 149_999, 750_000),
        (MODEL, 150_000, 500_000),
    ],
)
def test_each_step_of_a_drawdown_has_its_factor(limits: Limits, below: int, factor: int) -> None:
    peak = dollars(10_000)
    equity = Usd(peak - peak // ONE * below)
    assert drawdown_factor(equity, peak, limits) == factor


def recovering(days: int, factor: int = 500_000) -> Recovery:
    """After a drawdown to ``factor``, so many profitable days, the last of which ended at noon."""
    recovery = reduced(Recovery(), Fraction(factor), NOON - 100 * DAY, MODEL)
    for n in range(days):
        recovery = day_ended(recovery, 1, NOON - (days - 1 - n) * DAY, MODEL)
    return recovery


def test_after_a_drawdown_size_waits_for_ten_profitable_days() -> None:
    assert recovery_factor(recovering(9), NOON + WEEK, MODEL) == 500_000
    assert recovery_factor(recovering(10), NOON, MODEL) == 550_000


def test_it_then_grows_by_a_tenth_a_week_until_it_is_whole() -> None:
    ready = recovering(10)
    assert recovery_factor(ready, NOON + WEEK - 1, MODEL) == 550_000
    assert recovery_factor(ready, NOON + WEEK, MODEL) == 605_000
    assert recovery_factor(ready, NOON + 6 * WEEK, MODEL) < ONE
    assert recovery_factor(ready, NOON + 7 * WEEK, MODEL) == ONE
    assert recovery_factor(ready, NOON + 99 * WEEK, MODEL) == ONE


def test_it_stays_small_where_it_may_not_grow() -> None:
    never = replace(MODEL, recovery_per_week=Fraction(0))
    assert recovery_factor(recovering(10), NOON + 99 * WEEK, never) == 500_000


def test_days_without_profit_do_not_count_nor_days_without_a_drawdown() -> None:
    assert day_ended(recovering(9), 0, NOON, MODEL) == recovering(9)
    assert day_ended(recovering(9), -1, NOON, MODEL) == recovering(9)
    assert day_ended(Recovery(), 1, NOON, MODEL) == Recovery()
    assert day_ended(recovering(10), 1, NOON + DAY, MODEL) == recovering(10)


def test_no_day_counts_while_the_drawdown_lasts() -> None:
    assert reduced(recovering(0), Fraction(750_000), NOON, MODEL) == recovering(0)
    assert reduced(recovering(9), Fraction(750_000), NOON, MODEL) == Recovery(Fraction(500_000))
    assert reduced(recovering(10), Fraction(750_000), NOON, MODEL) == Recovery(Fraction(550_000))
    assert reduced(recovering(0, 750_000), Fraction(500_000), NOON, MODEL) == Recovery(Fraction(500_000))
    same = recovering(0)
    assert reduced(same, Fraction(500_000), NOON, MODEL) is same


@given(PARTS.filter(bool), st.integers(0, 60))
def test_recovery_never_grows_faster_than_a_tenth_a_week(factor: Fraction, weeks: int) -> None:
    recovery = Recovery(factor, 10, NOON)
    now = recovery_factor(recovery, NOON + weeks * WEEK, MODEL)
    before = recovery_factor(recovery, NOON + (weeks - 1) * WEEK, MODEL)
    assert factor <= before <= now <= ONE
    assert Exact(now - before) <= max(Exact(before, 10), Exact(1))


@pytest.mark.parametrize(
    ("changes", "name", "factor"),
    [
        ({"drawdown": 500_000}, "drawdown_factor", 500_000),
        ({"history": 1_250_000}, "streak_factor", 1_250_000),
        ({"confidence": 0}, "confidence_factor", 750_000),
        ({"confidence": 500_000}, "confidence_factor", 875_000),
        ({"agreement": 1_500_000}, "agree_factor", 1_500_000),
        ({"spread": 100_001}, "spread_factor", 500_000),
        ({"volatility": 100_000}, "volatility_factor", 500_000),
        ({"repeats": 700_001}, "repeats_factor", 500_000),
        ({"bets": 3, "diversification": 630_000}, "diversification_factor", 900_000),
    ],
)
def test_each_factor_is_named_with_its_value(changes: dict[str, int], name: str, factor: int) -> None:
    assert scaled(replace(Scene(), **changes), LIMITS) == (factor, ((name, factor),))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"spread": 100_000},
        {"volatility": 50_000},
        {"repeats": 700_000},
        {"repeats": -ONE},
        {"bets": 3, "diversification": 700_000},
        {"bets": 2, "diversification": 0},
    ],
)
def test_what_stays_within_its_threshold_is_no_factor(changes: dict[str, int]) -> None:
    assert scaled(replace(Scene(), **changes), LIMITS) == (ONE, ())


def test_the_history_of_a_model_is_its_recovery() -> None:
    assert scaled(Scene(history=Fraction(550_000)), MODEL)[1] == (("recovery_factor", 550_000),)


@given(PARTS, FACTORS, PARTS, FACTORS, st.integers(0, ONE), st.integers(0, ONE), st.integers(-ONE, ONE), PARTS)
def test_the_factor_is_the_product_of_those_it_names(
    drawdown: Fraction,
    history: Fraction,
    confidence: Fraction,
    agreement: Fraction,
    spread: int,
    volatility: int,
    repeats: int,
    diversification: Fraction,
) -> None:
    scene = Scene(drawdown, history, confidence, agreement, spread, volatility, repeats, diversification, 5)
    total, named = scaled(scene, LIMITS)
    exact = Exact(1)
    for _, factor in named:
        exact *= Exact(factor, ONE)
    assert exact * ONE - 20 <= total <= exact * ONE  # eight products, each rounded down; factors are at most two
    assert FULL not in [factor for _, factor in named]
