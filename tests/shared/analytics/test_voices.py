"""Who is an independent voice, and who is a specialist: against brute force, and the same for any order of the rows."""

import time
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.analytics.dependence import DependenceRules, dependence
from shared.analytics.mfdcca import mfdcca
from shared.analytics.voices import RECORD_SCHEMA, VoiceRules, specialists, voices
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import ONE
from shared.domain.tables import Voices
from tests.shared.analytics.world import START, fill, frame

AT = (START + 1_000_000) * SECOND


def trades(*wallets: str, cells: int = 60, seed: int = 0, lag: int = 0, own: float = 0.0) -> list[dict[str, object]]:
    """The same trades of each wallet, one cell apart by ``lag``, with ``own`` of each size being the wallet's."""
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(3.0, 0.5, cells)
    sides = rng.choice(["BUY", "SELL"], cells)
    rows = []
    for w, wallet in enumerate(wallets):
        mine = np.random.default_rng(100 + w).lognormal(3.0, 0.5, cells)
        for n in range(cells):
            size = (1 - own) * sizes[n] + own * mine[n]
            at = START + 600 * (n + lag * w)
            rows.append(fill(wallet, f"m{n % 7}", at, side=str(sides[n]), size=round(float(size), 2)))
    return rows


def table(rows: list[dict[str, object]], *wallets: str, **more: Any) -> Voices:
    return voices(frame(rows), AT, wallets, **more)


def records(*rows: tuple[str, str, str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=RECORD_SCHEMA, orient="row")


# ---------------------------------------------------------------------- pairs and groups


def test_wallets_that_do_the_same_are_one_voice_named_after_the_first() -> None:
    found = table([*trades("b", "a"), *trades("c", seed=5)], "a", "b", "c")
    assert found.groups == {"a": "a", "b": "a"}
    pair = next(one for one in found.pairs if (one.wallet_a, one.wallet_b) == ("a", "b"))
    assert (pair.overlap, pair.correlation) == (ONE, ONE)
    assert found.as_of == AT


def test_a_cluster_is_one_voice_though_its_wallets_trade_differently() -> None:
    rows = [*trades("a"), *trades("b", seed=9), *trades("c", seed=5)]
    assert table(rows, "a", "b", "c").groups == {}
    assert table(rows, "a", "b", "c", clusters={"b": "x", "c": "x", "a": "y", "gone": "x"}).groups == {
        "b": "b",
        "c": "b",
    }


def test_only_the_wallets_asked_for_are_in_the_table() -> None:
    rows = trades("a", "b", "c")
    found = table(rows, "a", "c", "never seen")
    assert [(one.wallet_a, one.wallet_b) for one in found.pairs] == [("a", "c")]
    assert found.groups == {"a": "a", "c": "a"}


def test_what_comes_later_does_not_count() -> None:
    rows = trades("a", "b")
    half = (START + 600 * 30) * SECOND
    early = voices(frame(rows), half, ["a", "b"])
    assert early == voices(frame([row for row in rows if int(str(row["ts_s"])) <= half // SECOND]), half, ["a", "b"])
    assert early != voices(frame(rows), AT, ["a", "b"])


def test_markets_of_more_than_two_outcomes_are_left_out() -> None:
    many = [fill("a", "cup", START, outcome=name) for name in ("One", "Two", "Three")]
    rows = trades("a", "b")
    assert table([*rows, *many], "a", "b") == table(rows, "a", "b")


@pytest.mark.parametrize("wallets", [(), ("a",), ("nobody",)])
def test_too_few_wallets_make_an_empty_table(wallets: tuple[str, ...]) -> None:
    assert table(trades("a", "b"), *wallets) == Voices(AT)


@given(st.permutations(range(12)), st.integers(0, 5))
@settings(max_examples=25)
def test_neither_rows_nor_wallets_have_an_order(order: list[int], seed: int) -> None:
    rows = [*trades("a", "b", cells=50, seed=seed, own=0.3), *trades("c", cells=50, seed=seed + 1)]
    bets = [("a", f"m{n}", "crypto" if n % 2 else "sports", float(n % 3)) for n in range(24)]
    straight = table(rows, "a", "b", "c", records=records(*bets))
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    again = table(
        [rows[n] for n in shuffled], "c", "a", "b", "a", records=records(*[bets[2 * n] for n in order],
        *[bets[2 * n + 1] for n in order]),
    )  # fmt: skip
    assert again == straight


@given(st.integers(0, 1_000))
@settings(max_examples=15)
def test_pairs_are_named_in_order_once_and_within_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        fill(f"w{rng.integers(6)}", f"m{rng.integers(5)}", START + int(rng.integers(40_000)), size=5.0 + n % 9)
        for n in range(250)
    ]
    found = table(rows, *(f"w{n}" for n in range(6)))
    names = [(one.wallet_a, one.wallet_b) for one in found.pairs]
    assert names == sorted(dict.fromkeys(names))
    assert all(a < b for a, b in names)
    assert all(0 <= one.overlap <= ONE and -ONE <= one.correlation <= ONE for one in found.pairs)
    sizes = [list(found.groups.values()).count(voice) for voice in found.groups.values()]
    assert all(size > 1 for size in sizes)
    assert all(found.groups[voice] == voice for voice in found.groups.values())


# ---------------------------------------------------------------------- the non-linear measure


def followers(lag: int) -> list[dict[str, object]]:
    """b does in the next cell what a does, and its own thing in between: the cells themselves hardly agree."""
    return [*trades("a", cells=300, seed=3), *trades("b", cells=300, seed=4), *late("b", lag)]


def late(wallet: str, lag: int) -> list[dict[str, object]]:
    rows = []
    for row in trades("a", cells=300, seed=3):
        at = int(str(row["ts_s"])) + 600 * lag
        rows.append({**row, "wallet": wallet, "ts_s": at, "size_micro": int(str(row["size_micro"])) * 4,
                     "cash_micro": int(str(row["cash_micro"])) * 4})  # fmt: skip
    return rows


def linear(rows: list[dict[str, object]]) -> float:
    return float(dependence(frame(rows), AT).correlation[0, 1])


def test_a_wallet_that_follows_a_cell_later_is_seen_by_the_non_linear_measure() -> None:
    rows = followers(1)
    pair = table(rows, "a", "b").pairs[0]
    assert pair.correlation / ONE > linear(rows) + 0.1


def test_the_larger_of_both_measures_is_published() -> None:
    rows = trades("a", "b", own=0.5)
    alone = linear(rows)
    both = table(rows, "a", "b").pairs[0].correlation / ONE
    assert both >= alone - 1e-6
    assert table(rows, "a", "b", rules=VoiceRules(together_min=61)).pairs[0].correlation == round(alone * ONE)


def test_the_coefficient_is_the_median_over_the_scales_of_the_cells_in_which_either_acted() -> None:
    rows = [*trades("a", "b", own=0.9), *trades("c", seed=8)]
    cells = frame(rows).filter(pl.col("wallet") != "c").with_columns(
        bin=pl.col("ts_s") // 60,
        change=pl.when(pl.col("side") == "BUY").then(1.0).otherwise(-1.0) * pl.col("cash_micro") / 1e6,
    )  # fmt: skip
    wide = cells.pivot("wallet", index=["bin", "market"], values="change").sort("bin", "market").fill_null(0.0)
    expected = float(np.median(mfdcca(wide["a"].to_numpy(), wide["b"].to_numpy(), q=(2.0,)).rho))
    found = table(rows, "a", "b", "c").pairs
    pair = next(one for one in found if (one.wallet_a, one.wallet_b) == ("a", "b"))
    assert pair.correlation == round(max(expected, linear([row for row in rows if row["wallet"] != "c"])) * ONE)


@pytest.mark.parametrize(("together_min", "joins"), [(60, True), (61, False)])
def test_a_pair_joins_in_from_so_many_common_cells(together_min: int, joins: bool) -> None:
    rows = trades("a", "b", own=0.9)
    unlinked = VoiceRules(DependenceRules(together_min=1e9), together_min=together_min)
    assert (table(rows, "a", "b", rules=unlinked).pairs[0].correlation != 0) is joins


def test_only_the_pairs_that_met_most_often_are_measured_when_there_are_many() -> None:
    rows = [*trades("a", "b", cells=80, own=0.9), *trades("c", "d", cells=60, seed=2, own=0.9)]
    unlinked = VoiceRules(DependenceRules(together_min=1e9), pairs_max=1)
    known = [one for one in table(rows, "a", "b", "c", "d", rules=unlinked).pairs if one.correlation]
    assert [(one.wallet_a, one.wallet_b) for one in known] == [("a", "b")]


def test_the_latest_cells_count_when_there_are_many() -> None:
    unlinked = DependenceRules(together_min=1e9)
    rows = trades("a", "b", cells=90, own=0.7)
    latest = [row for row in rows if int(str(row["ts_s"])) >= START + 600 * 50]
    bounded = table(rows, "a", "b", rules=VoiceRules(unlinked, cells_max=40)).pairs[0].correlation
    assert bounded == table(latest, "a", "b", rules=VoiceRules(unlinked)).pairs[0].correlation != 0


def test_series_that_stand_still_or_are_short_have_no_coefficient() -> None:
    unlinked = VoiceRules(DependenceRules(together_min=1e9), together_min=5)
    still = [fill(w, "m", START + 600 * n) for w in ("a", "b") for n in range(60)]
    assert table(still, "a", "b", rules=unlinked).pairs[0].correlation == 0
    assert table(trades("a", "b", cells=39), "a", "b", rules=unlinked).pairs[0].correlation == 0
    assert table(trades("a", "b", cells=40), "a", "b", rules=unlinked).pairs[0].correlation == ONE


def test_a_hundred_wallets_take_seconds_at_most() -> None:
    rng = np.random.default_rng(0)
    count = 60_000
    at = START + rng.integers(0, 10 * 86_400, count)
    market = rng.integers(0, 400, count)
    rows = pl.DataFrame(
        {
            "ts_s": at,
            "wallet": [f"w{n:03d}" for n in rng.integers(0, 100, count)],
            "market": [f"m{n}" for n in market],
            "outcome": rng.choice(["Yes", "No"], count),
            "side": rng.choice(["BUY", "SELL"], count),
            "cash_micro": rng.integers(1, 500, count) * ONE,
        }
    )
    began = time.thread_time()
    found = voices(rows, (START + 10 * 86_400) * SECOND, [f"w{n:03d}" for n in range(100)])
    assert time.thread_time() - began < 10.0
    assert len(found.pairs) == 4_950


# ---------------------------------------------------------------------- specialists


def by_hand(rows: list[tuple[str, str, str, float | None]], wallet: str, rules: VoiceRules) -> dict[str, float]:
    mine = [
        (category, min(ret, rules.return_max)) for name, _, category, ret in rows if name == wallet and ret is not None
    ]
    every = [ret for _, ret in mine]
    found = {}
    for category in dict.fromkeys(category for category, _ in mine):
        chosen = [ret for name, ret in mine if name == category]
        if category and rules.markets_min <= len(chosen) < len(every) and pstdev(every) > 1e-12:
            doubt = 1 / len(chosen) - 1 / len(every)
            factor = 1 + rules.prior / (rules.prior + doubt) * (fmean(chosen) - fmean(every)) / pstdev(every)
            found[category] = min(max(factor, 0.5), 2.0)
    return found


bets = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(0, 10**6).map(str),
        st.sampled_from(["crypto", "sports", "politics", ""]),
        st.none() | st.floats(-1, 20, allow_nan=False).map(lambda x: round(x, 3)),
    ),
    max_size=80,
)


@given(bets, st.integers(2, 12), st.floats(0.01, 5.0))
def test_factors_are_those_worked_out_by_hand(rows: list[Any], markets_min: int, prior: float) -> None:
    rules = VoiceRules(markets_min=markets_min, prior=prior)
    found = specialists(["a", "b"], records(*rows), rules)
    for wallet in ("a", "b"):
        expected = {name: factor for name, factor in by_hand(rows, wallet, rules).items() if round(factor * ONE) != ONE}
        assert set(found.get(wallet, {})) == set(expected)
        for category, factor in expected.items():
            assert found[wallet][category] == pytest.approx(factor * ONE, abs=1)


def one_wallet(crypto: list[float], sports: list[float]) -> pl.DataFrame:
    named = [("crypto", ret) for ret in crypto] + [("sports", ret) for ret in sports]
    return records(*[("a", f"m{n}", category, ret) for n, (category, ret) in enumerate(named)])


def test_a_specialists_word_weighs_more_in_his_category_and_less_elsewhere() -> None:
    found = specialists(["a"], one_wallet([1.0, 0.8] * 40, [-1.0, 0.9] * 40))["a"]
    assert found["crypto"] > ONE > found["sports"]


def test_few_markets_are_believed_less_than_many_and_fewer_than_enough_not_at_all() -> None:
    few = specialists(["a"], one_wallet([1.0] * 10, [-1.0, 1.0] * 50))["a"]["crypto"]
    many = specialists(["a"], one_wallet([1.0] * 60, [-1.0, 1.0] * 300))["a"]["crypto"]
    assert ONE < few < many
    assert "crypto" not in specialists(["a"], one_wallet([1.0] * 9, [-1.0, 1.0] * 50)).get("a", {})


def test_factors_stay_within_their_bounds() -> None:
    rules = VoiceRules(prior=100.0, factor_min=0.9, factor_max=1.1)
    found = specialists(["a"], one_wallet([1.0] * 20, [-1.0] * 20), rules)["a"]
    assert found == {"crypto": 1_100_000, "sports": 900_000}


def test_a_long_shot_counts_no_more_than_the_cut() -> None:
    lucky = one_wallet([19.0] + [-0.1] * 19, [0.1, -0.1] * 20)
    capped = specialists(["a"], lucky)["a"]["crypto"]
    assert capped != specialists(["a"], lucky, VoiceRules(return_max=100.0))["a"]["crypto"]
    assert specialists(["a"], one_wallet([3.0] + [-0.1] * 19, [0.1, -0.1] * 20))["a"]["crypto"] == capped


def test_a_record_of_one_category_or_without_variation_makes_nobody_a_specialist() -> None:
    assert specialists(["a"], one_wallet([1.0, -1.0] * 20, [])) == {}
    assert specialists(["a"], one_wallet([0.5] * 20, [0.5] * 20)) == {}
    assert specialists(["b"], one_wallet([1.0] * 20, [-1.0] * 20)) == {}


def test_the_table_has_specialists_where_records_are_given() -> None:
    rows, known = trades("a", "b"), one_wallet([1.0, 0.9] * 20, [-1.0, 0.9] * 20)
    assert table(rows, "a", "b").specialists == {}
    assert table(rows, "a", "b", records=known).specialists == specialists(["a", "b"], known) != {}


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: VoiceRules(together_min=0), "together_min must be positive, not 0"),
        (lambda: VoiceRules(prior=0.0), "prior must be positive, not 0.0"),
        (lambda: VoiceRules(cells_max=39), "cells_max must be at least 40, not 39"),
        (lambda: VoiceRules(markets_min=1), "markets_min must be at least 2, not 1"),
        (lambda: VoiceRules(factor_min=0.0), "factor_min and factor_max must enclose 1, not 0.0 and 2.0"),
        (
            lambda: specialists(["a"], pl.DataFrame({"wallet": ["a"]})),
            "records lack the column 'market'; they have wallet",
        ),
        (lambda: specialists(["a"], pl.DataFrame()), "records lack the column 'wallet'; they have none"),
        (
            lambda: specialists(["a"], records(("a", "m", "crypto", float("inf")))),
            "records.ret of wallet a must be finite, not inf",
        ),
    ],
)
def test_what_cannot_be_used_is_named(made: Any, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        made()
    assert str(caught.value) == sentence
