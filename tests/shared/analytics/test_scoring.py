import numpy as np
import polars as pl
import pytest

from shared.analytics.scoring import ScoringRules, score_bets
from shared.domain.errors import BadInput
from shared.research.planted import planted_world, precision

FAST = ScoringRules(resamples=199)


def world() -> tuple[pl.DataFrame, pl.DataFrame]:
    made = planted_world(3, 20, 120, wallets=60)
    name = pl.format("w{}", pl.col("wallet").cast(pl.String).str.zfill(3))
    market = pl.format("m{}", pl.col("market").cast(pl.String).str.zfill(4))
    return made.bets.with_columns(wallet=name, market=market), made.facts.with_columns(wallet=name)


def single(returns: list[float], **facts: bool) -> dict[str, object]:
    n = len(returns)
    bets = pl.DataFrame(
        {
            "wallet": ["w"] * n,
            "market": [f"m{i:03d}" for i in range(n)],
            "order_ts": list(range(n)),
            "ret": returns,
            "pnl": returns,
            "age_days": [1.0] * n,
            "entry_price": [0.5] * n,
            "entry_won": [1.0 if one > 0 else 0.0 for one in returns],
        },
        schema_overrides={"wallet": pl.String, "market": pl.String, "ret": pl.Float64, "pnl": pl.Float64}
        | {"entry_won": pl.Float64, "entry_price": pl.Float64},
    )
    known = {"incomplete_history": False, "market_maker": False, "wash_trading": False, "basis_known": True} | facts
    return score_bets(bets, pl.DataFrame({"wallet": ["w"], **{k: [v] for k, v in known.items()}}), FAST).row(
        0, named=True
    )


def varied(n: int) -> list[float]:
    return [1.0 + 0.01 * i if i % 2 else -1.0 for i in range(n)]


def test_wallets_are_ranked_by_the_lower_end_of_the_interval() -> None:
    scored = score_bets(*world(), FAST)
    ranked = scored.filter("eligible")
    assert ranked.height > 10
    assert ranked["sharpe_low"].is_sorted(descending=True)
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))
    assert scored.filter(~pl.col("eligible"))["rank"].null_count() == scored.height - ranked.height


def test_the_score_is_seven_tenths_of_the_ratio_and_three_of_the_win_rate() -> None:
    scored = score_bets(*world(), FAST).drop_nulls("score")
    made = 0.7 * scored["sharpe_z"] + 0.3 * scored["win_rate_z"]
    assert np.allclose(scored["score"], made, atol=1e-12)


def test_neither_the_order_of_rows_nor_the_names_of_wallets_change_a_ranking() -> None:
    bets, facts = world()
    first = score_bets(bets, facts, FAST)
    shuffled = score_bets(bets.sample(fraction=1.0, shuffle=True, seed=1), facts.reverse(), FAST)
    assert shuffled.equals(first)
    names = {name: f"z{99 - place:03d}" for place, name in enumerate(facts["wallet"])}
    renamed = score_bets(
        bets.with_columns(pl.col("wallet").replace_strict(names)),
        facts.with_columns(pl.col("wallet").replace_strict(names)),
        FAST,
    )
    back = {new: old for old, new in names.items()}
    columns = ["wallet", "rank", "sharpe_low", "sharpe_high", "eligible", "reason", "p_value", "q_value"]
    again = renamed.with_columns(pl.col("wallet").replace_strict(back)).select(columns).sort("wallet")
    assert again.equals(first.select(columns).sort("wallet"))


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (varied(40), ""),
        (varied(18), "too_few_wins"),
        ([1.0 + 0.1 * i for i in range(40)], "too_few_losses"),
        ([1.0] * 40, "too_few_losses"),
        ([-1.0] * 40, "too_few_wins"),
        ([0.5], "too_few_wins"),
        ([], "too_few_wins"),
    ],
)
def test_a_wallet_is_out_for_the_first_thing_that_is_missing(returns: list[float], reason: str) -> None:
    scored = single(returns)
    assert (scored["reason"], scored["eligible"]) == (reason, reason == "")


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        ({"incomplete_history": True}, "incomplete_history"),
        ({"market_maker": True}, "market_maker"),
        ({"wash_trading": True}, "wash_trading"),
        ({"basis_known": False}, "not_copyable"),
    ],
)
def test_a_flagged_wallet_is_shown_and_never_ranked(fact: dict[str, bool], reason: str) -> None:
    scored = single(varied(40), **fact)
    assert (scored["reason"], scored["rank"]) == (reason, None)
    assert scored["sharpe_low"] is not None


def test_a_record_without_variance_has_an_infinite_interval_and_no_score() -> None:
    scored = single([1.0] * 40)
    assert (scored["sharpe_low"], scored["sharpe_high"], scored["score"]) == (-np.inf, np.inf, None)


def test_returns_that_a_follower_could_not_have_do_not_count() -> None:
    bets, facts = world()
    half = bets.with_columns(ret=pl.when(pl.col("order_ts") % 2 == 0).then("ret"))
    scored = score_bets(half, facts, FAST)
    assert (scored["n_ranked"] < score_bets(bets, facts, FAST).sort("wallet")["n_ranked"].max()).all()
    assert set(scored["reason"]) <= {"", "too_few_wins", "too_few_losses", "not_copyable"}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_return_that_is_no_number_is_refused_with_its_wallet(bad: float) -> None:
    bets, facts = world()
    broken = bets.with_columns(ret=pl.when(pl.int_range(pl.len()) == 5).then(bad).otherwise("ret"))
    with pytest.raises(BadInput, match=r"bets\.ret of wallet w000 is"):
        score_bets(broken, facts, FAST)


def test_missing_columns_wallets_named_twice_and_odd_rules_are_refused() -> None:
    bets, facts = world()
    with pytest.raises(BadInput, match="bets lacks the column 'pnl'"):
        score_bets(bets.drop("pnl"), facts)
    with pytest.raises(BadInput, match="facts name wallet 'w000' twice"):
        score_bets(bets, pl.concat([facts, facts]))
    with pytest.raises(BadInput, match="basis must be auto, follower or own, not 'both'"):
        ScoringRules(basis="both")
    with pytest.raises(BadInput, match="sharpe_weight must lie between 0 and 1"):
        ScoringRules(sharpe_weight=2.0)
    with pytest.raises(BadInput, match="delay_s must lie between 0 and 3600"):
        ScoringRules(delay_s=-1.0)


def test_planted_edges_are_found_where_profit_alone_does_not_find_them() -> None:
    found = precision(planted_world(0, 1000, 1000, wallets=1000), ScoringRules(resamples=99), top=10)
    assert found["lower bound"] >= 0.9
    assert found["lower bound"] > found["total P&L"]
    assert found["random"] <= 0.3
