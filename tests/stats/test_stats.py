"""`make stats` in small: the same simulations, fewer replications, bands widened by their sampling error."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.stats.__main__ import main, misses
from tests.stats.coverage import measure, table
from tests.stats.worlds import BETS, SMOOTH, TRUE_RATIO


@pytest.mark.parametrize("world", SMOOTH)
@pytest.mark.parametrize("n", [60, 250])
def test_the_interval_covers_as_it_says(world: str, n: int) -> None:
    """600 replications: three standard errors of a coverage of 95% are 2.7 points."""
    got = measure(world, SMOOTH[world], n, 600, None, seed=2)
    assert 0.91 <= got.covered <= 0.98
    assert 0.91 <= got.shared <= 0.98


@pytest.mark.parametrize("world", ["bets at 0.5", "bets at 0.8"])
def test_the_interval_of_bets_covers_as_it_says(world: str) -> None:
    got = measure(world, BETS[world], 250, 600, None, seed=2)
    assert 0.91 <= got.covered <= 0.985
    assert 0.91 <= got.shared <= 0.985


def test_few_losses_are_said_with_infinite_intervals() -> None:
    got = measure("bets at 0.95", BETS["bets at 0.95"], 60, 200, None, seed=2)
    assert got.infinite > 0.9
    assert got.inside
    assert "reported" in got.line()


def test_a_row_outside_its_band_is_not_inside() -> None:
    got = measure("iid normal", SMOOTH["iid normal"], 60, 50, (0.1, 0.2), seed=2)
    assert not got.inside
    assert replace(got, covered=0.15, shared=0.2).inside
    assert not replace(got, covered=0.15, shared=0.21).inside
    assert not replace(got, covered=0.09, shared=0.15).inside


def test_the_bands_are_those_demanded() -> None:
    bands = {(row.world, row.n): row.band for row in table(20, seed=1)}
    for world in SMOOTH:
        assert [bands[world, n] for n in (60, 250, 1000)] == [(0.925, 0.975), (0.935, 0.965), (0.935, 0.965)]
    for world in ("bets at 0.5", "bets at 0.8"):
        assert [bands[world, n] for n in (60, 250, 1000)] == [(0.93, 0.985), (0.935, 0.965), (0.935, 0.965)]
    assert {bands["bets at 0.95", n] for n in (60, 250, 1000)} == {None}


def test_rankings_below_their_least_share_are_named() -> None:
    found = pl.DataFrame(
        {
            "ranking": ["total P&L", "lower bound"],
            "n = 1,000": [0.99, 0.89],
            "n = 250": [0.0, 0.45],
            "mixed": [0.9, 0.4],
        }
    )
    assert misses(found) == [
        "published ranking, n = 1,000: 89.0%, at least 90%",
        "published ranking, mixed: 40.0%, at least 45%",
    ]
    assert misses(found.with_columns(pl.Series("n = 1,000", [0.1, 0.9]), pl.Series("mixed", [0.0, 0.45]))) == []


def test_the_command_fails_and_names_what_left_its_band(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One replication covers all or nothing, and neither lies in a band."""
    assert main(["--replications", "1", "--runs", "1", "--worlds", "1", "--wallets", "100"]) == 1
    printed = capsys.readouterr().out
    assert "OUTSIDE ITS BAND: | iid normal | 60 |" in printed
    assert printed.count("| reported |") == 3


@pytest.mark.parametrize("world", [*SMOOTH, *BETS])
def test_the_worlds_have_the_ratio_they_claim(world: str) -> None:
    x = (SMOOTH | BETS)[world](np.random.default_rng(0), 100, 10_000).ravel()
    np.testing.assert_allclose(x.mean() / x.std(), TRUE_RATIO, atol=0.005)
