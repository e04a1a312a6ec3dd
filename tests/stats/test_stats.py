"""`make stats` in small: the same simulations, fewer replications, bands widened by their sampling error."""

import numpy as np
import pytest

from tests.stats.coverage import measure
from tests.stats.worlds import BETS, SMOOTH, TRUE_RATIO


@pytest.mark.parametrize("world", SMOOTH)
@pytest.mark.parametrize("n", [60, 250])
def test_the_interval_covers_as_it_says(world: str, n: int) -> None:
    """600 replications: three standard errors of a coverage of 95% are 2.7 points."""
    assert 0.91 <= measure(world, SMOOTH[world], n, 600, None, seed=2).covered <= 0.98


@pytest.mark.parametrize("world", ["bets at 0.5", "bets at 0.8"])
def test_the_interval_of_bets_covers_as_it_says(world: str) -> None:
    assert 0.91 <= measure(world, BETS[world], 250, 600, None, seed=2).covered <= 0.985


def test_few_losses_are_said_with_infinite_intervals() -> None:
    got = measure("bets at 0.95", BETS["bets at 0.95"], 60, 200, None, seed=2)
    assert got.infinite > 0.9
    assert got.inside
    assert "reported" in got.line()


def test_a_row_outside_its_band_is_not_inside() -> None:
    assert not measure("iid normal", SMOOTH["iid normal"], 60, 50, (0.1, 0.2), seed=2).inside


@pytest.mark.parametrize("world", [*SMOOTH, *BETS])
def test_the_worlds_have_the_ratio_they_claim(world: str) -> None:
    x = (SMOOTH | BETS)[world](np.random.default_rng(0), 100, 10_000).ravel()
    np.testing.assert_allclose(x.mean() / x.std(), TRUE_RATIO, atol=0.005)
