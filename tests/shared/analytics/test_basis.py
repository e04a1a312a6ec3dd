import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.basis import EVERY_NS, FRESH_NS, STALE_NS, BasisTracker, ewma, middle
from shared.domain.errors import BadInput
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import SpotBook

AT = 1_790_000_000 * SECOND


def _book(price: float, symbol: str = "BTC") -> SpotBook:
    micro = round(price * 1_000_000)
    return SpotBook(symbol, ((micro - 10_000, 1),), ((micro + 10_000, 1),))


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1e3), st.floats(0, 1e3))
def test_waiting_twice_is_waiting_once_for_longer(mean: float, value: float, one: float, two: float) -> None:
    step = ewma(ewma(mean, value, one, 60.0), value, two, 60.0)
    assert step == pytest.approx(ewma(mean, value, one + two, 60.0), abs=1e-12)


def test_after_a_half_life_the_mean_stands_half_way() -> None:
    assert ewma(0.0, 1.0, 300.0, 300.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("elapsed", "half_life"), [(-1.0, 1.0), (1.0, 0.0), (1.0, math.nan)])
def test_time_backwards_and_empty_half_lives_are_refused(elapsed: float, half_life: float) -> None:
    with pytest.raises(BadInput, match="half_life must be positive and elapsed not negative"):
        ewma(0.0, 1.0, elapsed, half_life)


def test_a_book_without_a_side_or_crossed_has_no_middle() -> None:
    assert middle(_book(100.0)) == pytest.approx(100.0)
    assert middle(SpotBook("BTC", (), ((2, 1),))) is None
    assert middle(SpotBook("BTC", ((2, 1),), ())) is None
    assert middle(SpotBook("BTC", ((2, 1),), ((2, 1),))) is None


def test_the_basis_of_the_field_study_is_found_and_taken_out() -> None:
    """Binance 5 bp under Coinbase, both noisy: the tracker's basis comes within half a basis point."""
    tracker = BasisTracker()
    for n in range(6_000):
        at = AT + n * EVERY_NS
        noise = 0.6e-4 * math.sin(n * 1.7)
        tracker.usd(_book(84_000.0), at)
        tracker.usdt(_book(84_000.0 * (1 - 5e-4 + noise)), at)
    now = AT + 6_000 * EVERY_NS
    basis = tracker.basis("BTC", now)
    assert basis is not None
    assert basis.bp == pytest.approx(-5.0, abs=0.5)
    assert basis.since == AT
    assert basis.age(now) == EVERY_NS
    dollars = tracker.dollars("BTC", 83_958.0, now)
    assert dollars == pytest.approx(84_000.0, rel=5e-5)


def test_prices_of_different_moments_are_not_compared() -> None:
    tracker = BasisTracker()
    tracker.usd(_book(100.0), AT)
    tracker.usdt(_book(99.0), AT + FRESH_NS + 1)
    assert tracker.basis("BTC", AT) is None


def test_a_basis_goes_stale_and_begins_anew_after_the_hole() -> None:
    tracker = BasisTracker()
    tracker.usd(_book(100.0), AT)
    tracker.usdt(_book(99.9), AT)
    assert tracker.basis("BTC", AT + STALE_NS) is not None
    assert tracker.basis("BTC", AT + STALE_NS + 1) is None
    assert tracker.dollars("BTC", 99.9, AT + STALE_NS + 1) is None
    later = AT + 2 * MINUTE
    tracker.usd(_book(100.0), later)
    tracker.usdt(_book(100.1), later)
    basis = tracker.basis("BTC", later)
    assert basis is not None
    assert basis.since == later
    assert basis.bp == pytest.approx(10.0, abs=0.01)


def test_prices_more_than_two_percent_apart_are_refused_and_counted() -> None:
    tracker = BasisTracker()
    tracker.usd(_book(100.0), AT)
    tracker.usdt(_book(97.0), AT)
    assert tracker.basis("BTC", AT) is None
    assert tracker.refused == 1


def test_coins_are_kept_apart_and_a_lost_side_is_forgotten() -> None:
    tracker = BasisTracker()
    tracker.usd(_book(100.0, "ETH"), AT)
    tracker.usdt(_book(99.9, "BTC"), AT)
    assert tracker.basis("ETH", AT) is None
    tracker.usd(SpotBook("ETH", (), ()), AT + 1)
    tracker.usdt(_book(99.9, "ETH"), AT + 2)
    assert tracker.basis("ETH", AT + 2) is None
