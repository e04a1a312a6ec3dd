from pathlib import Path

import polars as pl
import pytest

from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.analytics.explain import REASONS, explain
from shared.analytics.published import ranking_of
from shared.analytics.quality import Gates
from shared.analytics.scorecard import OUTPUT_SCHEMA, Scorecard, score_wallets
from shared.analytics.scoring import ScoringRules
from shared.domain.errors import BadInput
from tests.shared.analytics.world import DAY, START, betting_world, fill, frame

FAST = ScoringRules(resamples=199, gates=Gates(win_rate_min=0.5, sharpe_annual_min=0.1, quality_copy=55))
FIGURES = [name for name in OUTPUT_SCHEMA if name not in ("wallet", "cluster")]


def scored(fills: pl.DataFrame, resolutions: pl.DataFrame, as_of_s: int | None = None) -> Scorecard:
    return score_wallets(fills, resolutions, as_of_s, FAST)


def test_the_columns_are_the_stable_ones_and_those_who_know_more_come_first() -> None:
    card = scored(*betting_world())
    assert dict(card.table.schema) == OUTPUT_SCHEMA
    assert card.basis == "follower"
    assert set(card.table["wallet"].head(2)) == {"w00", "w01"}
    assert card.table["allocation"].sum() <= 1.0
    assert (card.table["follower_sharpe_low"].drop_nulls() == card.table["sharpe_low"].drop_nulls()).all()


def test_trades_after_the_instant_change_no_score() -> None:
    fills, resolutions = betting_world()
    split = START + 40 * DAY
    before = scored(fills, resolutions, split).table
    late = fills.filter(pl.col("ts_s") > split)
    changed = late.with_columns(
        pl.col("wallet").shuffle(seed=1), pl.col("side").reverse(), price_micro=1_000_000 - pl.col("price_micro") // 2
    )
    again = scored(pl.concat([fills.filter(pl.col("ts_s") <= split), changed]), resolutions, split).table
    assert again.equals(before)
    assert scored(fills.filter(pl.col("ts_s") <= split), resolutions, split).table.equals(before)


def test_neither_the_order_of_rows_nor_the_names_of_wallets_change_a_score() -> None:
    fills, resolutions = betting_world()
    first = scored(fills, resolutions).table
    assert scored(fills.sample(fraction=1.0, shuffle=True, seed=2), resolutions).table.equals(first)
    names = {name: f"v{99 - place}" for place, name in enumerate(sorted(fills["wallet"].unique()))}
    renamed = scored(fills.with_columns(pl.col("wallet").replace_strict(names)), resolutions).table
    back = renamed.with_columns(pl.col("wallet").replace_strict({new: old for old, new in names.items()}))
    assert back.sort("wallet").select(FIGURES).equals(first.sort("wallet").select(FIGURES))


def test_where_no_follower_can_be_shown_the_wallets_own_returns_are_ranked_and_it_is_said() -> None:
    fills, resolutions = betting_world()
    alone = fills.filter(pl.col("wallet") == "w00")
    card = scored(alone, resolutions)
    assert card.basis == "own"
    assert card.table["follower_pnl_usd"].null_count() == 1
    assert card.table["eligible"].all()


def test_a_wallet_that_sold_what_it_never_bought_is_shown_and_never_eligible() -> None:
    fills, resolutions = betting_world()
    short = frame([fill("w00", "m005", START + 6 * DAY - 5000, "SELL", size=500.0)])
    row = scored(pl.concat([fills, short]), resolutions).table.filter(pl.col("wallet") == "w00").row(0, named=True)
    assert (row["eligible"], row["reason"]) == (False, "incomplete_history")
    assert "incomplete_history" in row["flags"]


def test_one_persons_wallets_get_capital_once() -> None:
    fills, resolutions = betting_world()
    twin = fills.filter(pl.col("wallet") == "w00").with_columns(wallet=pl.lit("w99"), tx=pl.col("tx") + "t")
    card = scored(pl.concat([fills, twin]), resolutions)
    both = card.detail.filter(pl.col("wallet").is_in(["w00", "w99"]))
    assert both["cluster"].n_unique() == 1
    assert both["cluster"].null_count() == 0
    assert (both["allocation"] > 0).sum() <= 1


def test_a_wallet_with_one_trade_does_not_stop_the_others() -> None:
    fills, resolutions = betting_world()
    card = scored(pl.concat([fills, frame([fill("once", "m000", START + 100)])]), resolutions)
    assert card.table.filter(pl.col("wallet") == "once")["reason"].item() == "too_few_wins"
    assert card.table["eligible"].sum() > 0


def test_the_watch_list_holds_those_with_capital_in_order_of_rank() -> None:
    card = scored(*betting_world())
    ranking = ranking_of(card)
    given = card.table.filter(pl.col("allocation") > 0)["wallet"].to_list()
    assert [one.wallet for one in ranking.wallets] == given
    assert given
    assert [one.rank for one in ranking.wallets] == list(range(1, len(given) + 1))
    assert all(one.n_markets > 0 and one.return_low <= one.mean_return for one in ranking.wallets)


def test_every_wallet_is_explained_in_words() -> None:
    card = scored(*betting_world())
    words = {row["wallet"]: explain(row) for row in card.detail.iter_rows(named=True)}
    best = words[card.table["wallet"][0]]
    assert best.count("points more than it paid for") == 1
    assert "Rank 1" in best
    assert "A follower of every trade would have made" in best
    assert words["crowd"].split("OUT: ")[1].rstrip(".") in REASONS.values()


def test_unknown_figures_are_called_unknown() -> None:
    told = explain({"wallet": "w", "eligible": False, "reason": "too_few_wins", "win_rate": None, "sharpe_low": None})
    assert "win rate is unknown" in told
    assert "cannot be bounded" in told
    assert "unknown from this data" in told


def test_an_empty_table_is_refused_or_scored_to_nothing_but_never_crashes() -> None:
    fills, resolutions = betting_world()
    nothing = scored(fills, resolutions, START - DAY)
    assert nothing.table.is_empty()
    with pytest.raises(BadInput, match="lack the column"):
        scored(fills.drop("wallet"), resolutions)


def test_the_recorded_up_down_wallets_are_market_makers_whose_followers_lost(recordings: Path) -> None:
    fills = read_activity([recordings / "wallet_activity_updown_2026-03.parquet"]).fills
    outcomes = read_outcomes([recordings / "resolutions_updown_2026-03.parquet"])
    card = scored(fills, outcomes)
    assert set(card.table["reason"]) == {"market_maker"}
    assert card.table["pnl_usd"].sum() > 0 > card.table["follower_pnl_usd"].sum()
