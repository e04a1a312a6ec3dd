"""Orders: sizes within the venue's and the book's limits, bursts that keep their decisions together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.synthetic.orders import CHEAP, FREE_SHARES, buys, spread_bursts
from shared.adapters.synthetic.world import UNITS_PER_SHARE


@given(st.floats(0.0, 100_000.0), st.integers(1, 99))
def test_a_purchase_is_worth_a_dollar_and_no_more_than_the_book_holds(usd: float, cents: int) -> None:
    one = np.zeros(1, dtype=np.int64)
    order = buys(np.zeros(1), one, one, one, np.array([usd]), np.array([cents]))
    shares = int(order.units[0]) / UNITS_PER_SHARE
    assert shares * cents / 100 >= 1.0
    assert shares * cents / 100 <= max(usd, 1.0) + 0.0001
    assert shares <= max(FREE_SHARES, max(usd, 1.0) / CHEAP) + 0.0001


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(0, 2**32))
def test_a_burst_starts_at_its_decision_and_goes_forward(lengths: list[int], seed: int) -> None:
    at = np.arange(len(lengths), dtype=np.float64) * 100.0
    rng = np.random.Generator(np.random.PCG64(seed))
    parent, when, place = spread_bursts(rng, np.array(lengths, dtype=np.int64), 2.0, at)
    assert np.bincount(parent, minlength=len(lengths)).tolist() == lengths
    assert np.allclose(when[place == 0], at)
    same = np.diff(parent) == 0
    assert (np.diff(when)[same] >= 0).all()
    assert (np.diff(place)[same] == 1).all()
