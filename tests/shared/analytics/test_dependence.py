"""Correlation of position changes, overlap of markets, voices: brute force as oracle, invariants, a known world."""

import itertools
from random import Random

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.dependence import (
    PAIR_SCHEMA,
    DependenceRules,
    batch,
    correlated_groups,
    correlation,
    covariance,
    dependence,
    empty_state,
    market_overlap,
    pair_table,
    pool,
    position_changes,
    update,
    voice_overlap,
)
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR, SECOND
from tests.shared.analytics.world import START, fill, frame

Floats = npt.NDArray[np.float64]
Cell = tuple[int, dict[int, float]]
COUNT = 4
cells = st.lists(
    st.tuples(
        st.integers(0, 60 * DAY),
        st.dictionaries(st.integers(0, COUNT - 1), st.floats(-1e5, 1e5).map(lambda x: round(x, 2)), min_size=1),
    ),
    min_size=1,
    max_size=12,
)


def one_by_one(history: list[Cell], half_life: int = DAY) -> Floats:
    state = empty_state(COUNT, half_life)
    for at, changes in history:
        update(state, at, list(changes), list(changes.values()))
    return covariance(state)


def in_words(history: list[Cell], half_life: int = DAY) -> Floats:
    """The definition: weighted mean of the outer products, by loops."""
    newest = max(at for at, _ in history)
    total, weights = np.zeros((COUNT, COUNT)), 0.0
    for at, changes in history:
        weight = 0.5 ** ((newest - at) / half_life)
        weights += weight
        for i, j in itertools.product(changes, changes):
            total[i, j] += weight * changes[i] * changes[j]
    return total / weights


@given(cells)
def test_the_covariance_is_the_weighted_mean_of_the_products(history: list[Cell]) -> None:
    np.testing.assert_allclose(one_by_one(history), in_words(history), rtol=1e-9, atol=1e-6)


@given(cells, st.randoms(use_true_random=False))
def test_late_cells_change_nothing(history: list[Cell], random: Random) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    np.testing.assert_allclose(one_by_one(shuffled), one_by_one(history), rtol=1e-9, atol=1e-6)


@given(cells)
def test_one_by_one_and_all_at_once_agree(history: list[Cell]) -> None:
    rows = [(at, n, who, much) for n, (at, changes) in enumerate(history) for who, much in changes.items()]
    at, number, who, much = zip(*rows, strict=True)
    whole = batch(COUNT, at, number, who, much, DAY)
    np.testing.assert_allclose(covariance(whole), one_by_one(history), rtol=1e-9, atol=1e-6)
    assert whole.latest == max(one for one, _ in history)


@given(cells, cells)
def test_markets_pooled_are_one_history(here: list[Cell], there: list[Cell]) -> None:
    states = []
    for history in (here, there):
        state = empty_state(COUNT, DAY)
        for at, changes in history:
            update(state, at, list(changes), list(changes.values()))
        states.append(state)
    np.testing.assert_allclose(covariance(pool(states)), in_words([*here, *there]), rtol=1e-9, atol=1e-6)


@given(cells)
def test_correlations_lie_between_minus_one_and_one_and_are_symmetric(history: list[Cell]) -> None:
    state = empty_state(COUNT, DAY)
    for at, changes in history:
        update(state, at, list(changes), list(changes.values()))
    found = correlation(state, state.latest, together_min=1e-9)
    assert np.all(np.isnan(found) | (np.abs(found) <= 1.0))
    np.testing.assert_array_equal(found, found.T)


def test_years_of_events_neither_overflow_nor_forget_the_present() -> None:
    state = empty_state(2, HOUR)
    for day in range(2_000):
        update(state, day * DAY, [0, 1], [1.0, -1.0])
    np.testing.assert_allclose(covariance(state), [[1.0, -1.0], [-1.0, 1.0]])
    assert correlation(state, state.latest, 1.0)[0, 1] == pytest.approx(-1.0)


def test_two_who_never_act_together_are_unknown_and_old_evidence_fades() -> None:
    state = empty_state(3, DAY)
    for hour in range(10):
        update(state, hour * HOUR, [0, 1], [5.0, 7.0])
        update(state, hour * HOUR, [2], [1.0])
    now = correlation(state, state.latest)
    assert now[0, 1] == pytest.approx(1.0)
    assert np.isnan(now[0, 2])
    assert np.isnan(correlation(state, state.latest + 3 * DAY)[0, 1])


def test_a_half_life_later_a_cell_counts_half() -> None:
    state = empty_state(1, DAY)
    update(state, 0, [0], [3.0])
    update(state, DAY, [0], [0.0])
    assert covariance(state)[0, 0] == pytest.approx((9.0 * 0.5 + 0.0) / 1.5)


def test_a_wallet_named_twice_changed_by_the_sum() -> None:
    twice, once = empty_state(1), empty_state(1)
    update(twice, 0, [0, 0], [3.0, -1.0])
    update(once, 0, [0], [2.0])
    assert covariance(twice) == covariance(once)


def test_refused_input_leaves_the_state_as_it_was() -> None:
    state = empty_state(2)
    update(state, 5, [0], [1.0])
    for wallets, changes, sentence in (
        ([2], [1.0], "between 0 and 1; one is 2"),
        ([0], [np.nan], "wallet 0 has nan"),
        ([0], [1.0, 2.0], "one length"),
    ):
        with pytest.raises(BadInput, match=sentence):
            update(state, 9, wallets, changes)
    assert (state.weight, state.latest) == (1.0, 5)
    with pytest.raises(BadInput, match="must be positive, not 0 and 1"):
        empty_state(1, 0)
    with pytest.raises(BadInput, match="at least one"):
        pool([])
    with pytest.raises(BadInput, match="one half-life"):
        pool([empty_state(1), empty_state(2)])
    with pytest.raises(BadInput, match="of one length, not 1, 2 and 2"):
        batch(2, [1], [1, 2], [0, 1], [1.0, 1.0], DAY)


@given(st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, 6)), max_size=30))
def test_the_overlap_is_the_jaccard_index_of_the_sets(rows: list[tuple[int, int]]) -> None:
    found = market_overlap(COUNT, [who for who, _ in rows], [market for _, market in rows])
    sets = [{market for who, market in rows if who == one} for one in range(COUNT)]
    for i, j in itertools.product(range(COUNT), range(COUNT)):
        either = sets[i] | sets[j]
        assert found[i, j] == pytest.approx(len(sets[i] & sets[j]) / len(either) if either else 0.0)


def test_wallets_above_the_link_or_of_one_cluster_are_one_voice_and_so_are_chains() -> None:
    matrix = np.eye(5)
    matrix[0, 1] = matrix[1, 0] = 0.71
    matrix[1, 2] = matrix[2, 1] = 0.70
    matrix[2, 3] = matrix[3, 2] = -0.99
    matrix[0, 4] = matrix[4, 0] = np.nan
    assert correlated_groups(matrix) == [0, 0, 2, 3, 4]
    assert correlated_groups(matrix, [None, "theo", "theo", None, None]) == [0, 0, 0, 3, 4]
    with pytest.raises(BadInput, match="square"):
        correlated_groups(matrix, [None])


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12),
    st.permutations(range(8)),
)
def test_voices_do_not_depend_on_how_the_wallets_are_numbered(links: list[tuple[int, int]], order: list[int]) -> None:
    matrix = np.eye(8)
    for a, b in links:
        matrix[a, b] = matrix[b, a] = 1.0
    voices = correlated_groups(matrix)
    again = correlated_groups(matrix[np.ix_(order, order)])
    for i, j in itertools.combinations(range(8), 2):
        assert (again[i] == again[j]) == (voices[order[i]] == voices[order[j]])


def test_the_overlap_in_a_market_is_the_mean_over_pairs_of_different_voices() -> None:
    overlap = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.3], [0.1, 0.3, 1.0]])
    assert voice_overlap([0, 1, 2], overlap) == pytest.approx(0.4)
    assert voice_overlap([0, 1, 2], overlap, [0, 0, 2]) == pytest.approx(0.2)
    assert voice_overlap([0, 1], overlap, [0, 0, 2]) == 0.0
    assert voice_overlap([2], overlap) == 0.0
    assert voice_overlap([2, 2], overlap) == 0.0


def test_the_table_holds_integers_and_every_pair_that_says_something_once() -> None:
    overlap = np.array([[1.0, 1 / 3, 0.0], [1 / 3, 1.0, 0.0], [0.0, 0.0, 1.0]])
    strength = np.array([[1.0, np.nan, 0.0], [np.nan, 1.0, -0.5], [0.0, -0.5, 1.0]])
    rows = pair_table(["c", "b", "a"], overlap, strength)
    assert dict(rows.schema) == PAIR_SCHEMA
    assert rows.rows() == [("a", "b", 0, -500_000), ("b", "c", 333_333, 0)]


def test_buying_one_outcome_is_selling_the_other() -> None:
    rows = [
        fill("ann", "m", START, "BUY", "Yes", price=0.4, size=10.0),
        fill("ann", "m", START + 1, "SELL", "No", price=0.6, size=10.0),
        fill("bob", "m", START + 2, "SELL", "Yes", price=0.4, size=5.0),
    ]
    found = {row["wallet"]: row["change_usd"] for row in position_changes(frame(rows), 60).to_dicts()}
    assert abs(found["ann"]) == pytest.approx(10.0)
    assert found["bob"] == pytest.approx(-found["ann"] / 5)
    rows.append(fill("ann", "m", START, "BUY", "Maybe"))
    with pytest.raises(BadInput, match="market m has 3 outcomes"):
        position_changes(frame(rows), 60)


def crowd(seed: int = 0) -> pl.DataFrame:
    """An original, its copy (10 s later), one who bets against it, and one who goes elsewhere."""
    rng = np.random.default_rng(seed)
    rows = []
    for m in range(60):
        at, side = START + 600 * m, "Yes" if rng.random() < 0.5 else "No"
        other = "No" if side == "Yes" else "Yes"
        at = at // 60 * 60
        rows += [
            fill("a-original", f"m{m}", at, outcome=side, size=10.0 + float(rng.integers(20))),
            fill("b-copy", f"m{m}", at + 10, outcome=side, size=15.0),
            fill("c-against", f"m{m}", at + 20, outcome=other, size=15.0),
            fill("d-apart", f"x{m}", at, outcome=side, size=15.0),
        ]
        if m % 2:
            rows.append(fill("d-apart", f"m{m}", at + 30, outcome="Yes" if rng.random() < 0.5 else "No"))
    return frame(rows)


def test_in_a_known_crowd_the_copy_is_found_and_the_opponent_stays_a_voice() -> None:
    at = (START + 600 * 60) * SECOND
    found = dependence(crowd(), at)
    assert found.wallets == ("a-original", "b-copy", "c-against", "d-apart")
    assert found.correlation[0, 1] > 0.8
    assert found.correlation[0, 2] < -0.8
    assert abs(found.correlation[0, 3]) < 0.5
    assert found.groups == (0, 0, 2, 3)
    assert found.overlap[0, 1] == 1.0
    assert found.overlap[0, 3] == pytest.approx(30 / 120)
    row = found.table.filter((pl.col("wallet_a") == "a-original") & (pl.col("wallet_b") == "d-apart"))
    assert row["overlap_micro"].item() == 250_000
    assert dependence(crowd(), at, {"c-against": "k", "d-apart": "k"}).groups == (0, 0, 2, 2)


def test_which_outcome_is_called_first_does_not_matter() -> None:
    at = (START + 600 * 60) * SECOND
    renamed = crowd().with_columns(
        outcome=pl.when(pl.col("market").str.ends_with("3"))
        .then(pl.col("outcome").replace({"Yes": "No", "No": "Yes"}))
        .otherwise("outcome")
    )
    np.testing.assert_allclose(dependence(renamed, at).correlation, dependence(crowd(), at).correlation)


def test_what_comes_later_is_not_known() -> None:
    half = (START + 600 * 30) * SECOND
    early = crowd().filter(pl.col("ts_s") <= START + 600 * 30)
    assert dependence(crowd(), half).table.equals(dependence(early, half).table)
    nobody = dependence(crowd(), 0)
    assert (nobody.wallets, nobody.table.height) == ((), 0)


def test_markets_of_long_ago_do_not_overlap() -> None:
    at = (START + 600 * 60 + 31 * 86_400) * SECOND
    assert not dependence(crowd(), at).overlap.any()


def test_of_two_measures_the_larger_counts() -> None:
    at = (START + 600 * 60) * SECOND
    nonlinear = np.full((4, 4), np.nan)
    nonlinear[0, 3] = nonlinear[3, 0] = 0.9
    assert dependence(crowd(), at, nonlinear=nonlinear).groups == (0, 0, 2, 0)
    with pytest.raises(BadInput, match=r"shape \(4, 4\)"):
        dependence(crowd(), at, nonlinear=np.eye(2))


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInput, match="bin_s must be positive, not 0"):
        DependenceRules(bin_s=0)
    with pytest.raises(BadInput, match="link must lie above 0 and at most at 1"):
        DependenceRules(link=1.5)
