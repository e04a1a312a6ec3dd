import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.allocation import AllocationRules, allocate, correlations
from shared.domain.errors import BadInput


def test_the_tiers_share_seventy_twenty_five_and_five_percent() -> None:
    shares = allocate([80.0] * 50)
    assert shares[:10].sum() == pytest.approx(0.70)
    assert shares[10:30].sum() == pytest.approx(0.25)
    assert shares[30:].sum() == pytest.approx(0.05)


def test_inside_a_tier_quality_decides() -> None:
    shares = allocate([90.0, 60.0, *[75.0] * 8])
    assert shares[0] / shares[1] == pytest.approx(1.5)


def test_nobody_gets_more_than_thirty_percent_and_the_rest_stays_in_cash() -> None:
    assert allocate([90.0]).tolist() == pytest.approx([0.30])
    assert allocate([90.0, 80.0]).tolist() == pytest.approx([0.30, 0.30])
    assert allocate([100.0, 60.0, 60.0]).tolist() == pytest.approx([0.30, 0.20, 0.20])


def test_quality_below_fifty_gets_nothing_and_takes_no_place() -> None:
    shares = allocate([40.0, *[80.0] * 10])
    assert shares[0] == 0.0
    assert shares[1:].sum() == pytest.approx(0.70)


def test_wallets_of_low_quality_stay_below_five_percent_together() -> None:
    shares = allocate([55.0] * 10)
    assert 0.0 < shares.sum() < 0.05


def test_wallets_on_trial_share_the_last_tier_whatever_their_rank() -> None:
    shares = allocate([80.0, 80.0, 80.0, 80.0], trial=[True, False, False, False])
    assert shares[0] == pytest.approx(0.05)
    assert shares[1:].sum() == pytest.approx(0.70)


def test_copies_of_one_strategy_get_less_than_independent_ones() -> None:
    alike = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.9], [0.0, 0.9, 1.0]])
    shares = allocate([70.0, 70.0, 70.0], alike)
    assert shares[2] < shares[1]
    assert allocate([70.0] * 3, np.full((3, 3), np.nan)).tolist() == allocate([70.0] * 3).tolist()


@given(st.lists(st.floats(0, 100), max_size=80), st.data())
def test_capital_is_never_given_twice_nor_above_a_cap(quality: list[float], data: st.DataObject) -> None:
    trial = data.draw(st.lists(st.booleans(), min_size=len(quality), max_size=len(quality)))
    shares = allocate(quality, trial=trial)
    scores = np.array(quality)
    assert shares.sum() <= 1.0 + 1e-9
    assert np.all(shares >= 0.0)
    assert np.all(shares <= 0.30 + 1e-9)
    assert np.all(shares[scores < 50.0] == 0.0)
    assert shares[scores < 60.0].sum() < 0.05


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(BadInput, match="between 0 and 100"):
        allocate([float("nan")])
    with pytest.raises(BadInput, match=r"shape \(2, 2\), not \(1, 1\)"):
        allocate([70.0, 70.0], np.ones((1, 1)))
    with pytest.raises(BadInput, match="wallet_max must lie above 0"):
        AllocationRules(wallet_max=0.0)
    with pytest.raises(BadInput, match="tiers must share"):
        AllocationRules(tiers=((1, 1.5),))


def test_correlations_are_those_of_numpy_over_the_shared_markets() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 40))
    keys = np.concatenate([np.arange(40), np.arange(10, 50)])
    owners = np.repeat([0, 1], 40)
    found = correlations(keys, owners, np.concatenate([a, b]), 3)
    assert found[0, 1] == pytest.approx(np.corrcoef(a[10:], b[:30])[0, 1])
    assert found[0, 1] == found[1, 0]
    assert np.isnan(found[2]).all()


def test_too_few_shared_markets_or_no_variation_give_no_correlation() -> None:
    keys, owners = np.tile(np.arange(12), 2), np.repeat([0, 1], 12)
    flat = np.concatenate([np.ones(12), np.arange(12.0)])
    assert np.isnan(correlations(keys, owners, flat, 2)[0, 1])
    assert np.isnan(correlations(keys[:8], np.repeat([0, 1], 4), np.arange(8.0), 2)[0, 1])
