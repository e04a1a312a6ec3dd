"""What a token was traded at lately: averages of a minute, movement over ten, bounded in memory."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import MINUTE, SECOND
from shared.domain.money import ONE
from shared.engine.limits import Limits
from shared.engine.prices import FRESH_KEPT, PRINTS_KEPT, TokenPrices
from tests.shared.engine.builders import NOON

LIMITS = Limits(price_average_ns=MINUTE)


def told(*prints: tuple[int, int, int]) -> TokenPrices:
    """(seconds after noon, price in cents, shares) each."""
    prices = TokenPrices(LIMITS)
    for after, cents, size in prints:
        prices.hear(cents * 10_000, size * ONE, NOON + after * SECOND)
    return prices


def test_the_average_of_the_last_minute_is_weighted_by_size() -> None:
    prices = told((0, 40, 10), (1, 50, 10), (2, 60, 20))
    assert prices.average(NOON + 3 * SECOND) == 525_000


def test_two_prints_are_no_average() -> None:
    assert told((0, 40, 10), (1, 50, 10)).average(NOON + SECOND) is None
    assert told().average(NOON) is None


def test_prints_of_more_than_a_minute_ago_do_not_count() -> None:
    prices = told((0, 10, 1_000), (61, 50, 1), (62, 50, 1), (63, 50, 1))
    assert prices.average(NOON + 63 * SECOND) == 500_000
    assert prices.average(NOON + 200 * SECOND) is None


def test_a_print_without_size_makes_no_average() -> None:
    assert told((0, 40, 0), (1, 50, 0), (2, 50, 0)).average(NOON + 2 * SECOND) is None


def test_the_swing_is_the_range_of_the_last_minute() -> None:
    prices = told((0, 10, 1), (61, 40, 1), (62, 65, 1))
    assert prices.swing(NOON + 62 * SECOND) == 250_000
    assert prices.swing(NOON + 5 * MINUTE) == 0


def test_the_volatility_is_unknown_until_a_minute_has_been_seen() -> None:
    still = [(after, 50, 1) for after in range(0, 50, 10)]
    assert told(*still).volatility() == 0
    swinging = [(after, 40 + after % 20, 1) for after in range(0, 60, 10)]
    assert told(*swinging).volatility() == 50_000


def test_what_happened_before_the_last_ten_minutes_does_not_move_the_price_now() -> None:
    wild = [(after, 10 + after % 80, 1) for after in range(0, 300, 10)]
    calm = [(after, 50, 1) for after in range(310, 1_000, 10)]
    assert told(*wild).volatility() > 100_000
    assert told(*wild, *calm).volatility() == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 99), st.integers(1, 1_000)), max_size=60))
def test_sums_kept_up_to_date_equal_sums_made_anew(steps: list[tuple[int, int, int]]) -> None:
    at, prints, prices = NOON, [], TokenPrices(LIMITS)
    for after, cents, size in steps:
        at += after * SECOND
        prints.append((at, cents * 10_000, size * ONE))
        prices.hear(cents * 10_000, size * ONE, at)
    recent = [(price, size) for when, price, size in prints if when >= at - LIMITS.price_average_ns]
    if len(recent) < 3:
        assert prices.average(at) is None
    else:
        assert prices.average(at) == sum(p * s for p, s in recent) // sum(s for _, s in recent)
    assert prices.swing(at) == (max(p for p, _ in recent) - min(p for p, _ in recent) if recent else 0)


def test_a_rush_of_prints_does_not_grow_memory() -> None:
    prices = TokenPrices(LIMITS)
    for n in range(3 * FRESH_KEPT):
        prices.hear(500_000 if n >= 2 * FRESH_KEPT else 400_000, ONE, NOON + n)
        assert len(prices._fresh) < FRESH_KEPT
    assert prices.average(NOON + 3 * FRESH_KEPT) == 500_000
    assert len(prices._prints) == PRINTS_KEPT


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 99), st.integers(1, 1_000)), min_size=1, max_size=90))
def test_it_makes_no_difference_how_often_somebody_asks(steps: list[tuple[int, int, int]]) -> None:
    at, seldom, often = NOON, TokenPrices(LIMITS), TokenPrices(LIMITS)
    for after, cents, size in steps:
        at += after * SECOND
        for prices in (seldom, often):
            prices.hear(cents * 10_000, size * ONE, at)
        often.average(at)
    assert seldom.volatility() == often.volatility()
    assert (seldom.average(at), seldom.swing(at)) == (often.average(at), often.swing(at))
