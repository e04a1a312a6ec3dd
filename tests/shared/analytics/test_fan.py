"""The fan: its bands are ordered, keep to what the steps allow, and are those of theory where theory knows them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.fan import LEAST, LEVELS, fan
from shared.domain.errors import BadInput

STEPS = st.lists(st.floats(-100.0, 100.0), min_size=LEAST, max_size=60)


@given(STEPS, st.integers(1, 50), st.integers(0, 1_000))
def test_bands_begin_at_the_start_are_ordered_and_reach_no_farther_than_the_steps(
    steps: list[float], horizon: int, seed: int
) -> None:
    found = fan(steps, 1_000.0, horizon, paths=50, seed=seed)
    assert found is not None
    assert [band[0] for band in found.bands] == [1_000.0] * len(LEVELS)
    assert all(len(band) == horizon + 1 for band in found.bands)
    for k in range(horizon + 1):
        here = [band[k] for band in found.bands]
        assert all(low <= high + 1e-6 for low, high in itertools.pairwise(here))
        assert 1_000.0 + k * min(steps) - 1e-6 <= here[0]
        assert here[-1] <= 1_000.0 + k * max(steps) + 1e-6
    assert 0.0 <= found.loses <= 1.0
    assert 0.0 <= found.fall[0] <= found.fall[1]


def test_the_same_steps_and_seed_give_the_same_fan_and_another_seed_another() -> None:
    steps = np.random.default_rng(1).normal(0.0, 1.0, 80)
    assert fan(steps, 0.0, 20) == fan(steps, 0.0, 20)
    assert fan(steps, 0.0, 20) != fan(steps, 0.0, 20, seed=1)


def test_independent_steps_spread_as_their_square_root() -> None:
    steps = np.random.default_rng(2).normal(0.5, 2.0, 2_000)
    found = fan(steps, 0.0, 100)
    assert found is not None
    middle, high = found.bands[2][-1], found.bands[4][-1]
    assert middle == pytest.approx(100 * float(steps.mean()), abs=1.5)
    assert high - middle == pytest.approx(1.645 * float(steps.std()) * 10, rel=0.1)


def test_gains_alone_never_lose_and_never_fall() -> None:
    found = fan([1.0] * 30, 5.0, 10)
    assert found is not None
    assert (found.loses, found.fall, found.bands[0][-1]) == (0.0, (0.0, 0.0), 15.0)


def test_what_follows_upon_what_is_kept_within_a_block() -> None:
    # Each loss is made good by the next step: blocks keep that, single steps drawn at random would not.
    steps = [(-1.0 if n % 2 else 1.0) for n in range(1_000)]
    found = fan(steps, 0.0, 200)
    assert found is not None
    assert found.block == 10
    assert found.bands[4][-1] - found.bands[0][-1] < 0.2 * 2 * 1.645 * math.sqrt(200)


def test_too_few_steps_give_no_fan() -> None:
    assert fan([1.0] * (LEAST - 1), 0.0, 10) is None


def test_unusable_input_is_named() -> None:
    with pytest.raises(BadInput, match="finite"):
        fan([math.inf] * 20, 0.0, 10)
    with pytest.raises(BadInput, match="horizon must be 1 to 1000"):
        fan([1.0] * 20, 0.0, 0)
