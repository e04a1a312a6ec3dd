"""What is shown of the best ranked: pairs once, days that add up, categories as they were ranked."""

from typing import Any

import polars as pl
import pytest

from shared.analytics.portraits import (
    CATEGORY,
    DAY,
    RESULTS_SCHEMA,
    TOGETHER_SCHEMA,
    results_of,
    shown_wallets,
    together_of,
)
from shared.analytics.returns import daily_pnl
from shared.analytics.scorecard import Scorecard, score_wallets
from tests.shared.analytics.world import betting_world

Made = tuple[Scorecard, pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def made() -> Made:
    fills, resolutions = betting_world()
    return score_wallets(fills, resolutions), fills, resolutions


def test_the_best_ranked_come_first_and_no_more_than_asked(made: Made) -> None:
    ranked = made[0].table.filter(pl.col("rank").is_not_null()).sort("rank")["wallet"].to_list()
    assert len(ranked) > 3
    assert shown_wallets(made[0]) == ranked
    assert shown_wallets(made[0], 2) == ranked[:2]


def test_each_pair_is_told_once_within_its_bounds(made: Made) -> None:
    card, fills, _ = made
    table = together_of(card, fills)
    assert dict(table.schema) == TOGETHER_SCHEMA
    named = shown_wallets(card)
    assert table.height == len(named) * (len(named) - 1) // 2  # all trade the same markets
    assert (table["wallet"] < table["other"]).all()
    assert table["correlation"].is_between(-1, 1).all()
    assert table["overlap"].is_between(0, 1).all()
    assert set(table["wallet"]) | set(table["other"]) == set(named)


def test_wallets_of_one_cluster_are_one_voice(made: Made) -> None:
    card, fills, _ = made
    first, second, third = shown_wallets(card, 3)
    twins = pl.when(pl.col("wallet").is_in([first, second])).then(pl.lit("cluster-1")).otherwise(None)
    table = together_of(
        Scorecard(card.table.with_columns(cluster=twins), card.detail, card.pairs, "own", card.as_of_s), fills
    )
    told: dict[frozenset[Any], bool] = {
        frozenset(row[:2]): bool(row[2]) for row in table.select("wallet", "other", "one_voice").iter_rows()
    }
    assert told[frozenset((first, second))]
    assert not told[frozenset((first, third))]


def test_days_are_the_wallets_own_results_of_the_last_month(made: Made) -> None:
    card, fills, resolutions = made
    table = results_of(card, fills, resolutions)
    assert dict(table.schema) == RESULTS_SCHEMA
    wallet = shown_wallets(card)[0]
    days = table.filter((pl.col("by") == DAY) & (pl.col("wallet") == wallet)).sort("name")
    known = daily_pnl(fills, resolutions, card.as_of_s).filter(pl.col("wallet") == wallet).sort("day").tail(days.height)
    assert 20 <= days.height <= 30
    assert days["name"].to_list() == known["day"].cast(pl.String).to_list()
    assert days["result"].to_list() == pytest.approx((known["pnl_micro"] / 1e6).to_list())


def test_categories_tell_the_mean_ranked_return_and_its_markets(made: Made) -> None:
    card, fills, resolutions = made
    table = results_of(card, fills, resolutions, 1)
    assert table["wallet"].n_unique() == 1
    wallet = shown_wallets(card)[0]
    (row,) = table.filter(pl.col("by") == CATEGORY).iter_rows(named=True)
    records = card.records.filter(pl.col("wallet") == wallet)
    assert row["markets"] == records.height
    assert row["result"] == pytest.approx(records["ret"].mean())


def test_where_nobody_is_ranked_the_tables_are_empty() -> None:
    fills, resolutions = betting_world(wallets=2, markets=3)
    card = score_wallets(fills, resolutions)
    assert shown_wallets(card) == []
    assert dict(together_of(card, fills).schema) == TOGETHER_SCHEMA
    assert results_of(card, fills, resolutions).height == 0
