"""What the truth table says is what the outcomes show, and the world pays whom it should pay."""

import numpy as np
import polars as pl
import pytest

from shared.adapters.synthetic.world import BoolArray, IntArray
from tests.shared.adapters.synthetic.day import Day


def errors_of(bought: pl.DataFrame, expected: str, by: list[str]) -> pl.DataFrame:
    """Sum of (measured - expected) edge and its standard error, markets being the independent units."""
    return (
        bought.with_columns(error=pl.col("edge") - pl.col(expected))
        .group_by(*by, "slug")
        .agg(pl.col("error").sum(), n=pl.len())
        .group_by(by)
        .agg(pl.col("error").sum(), pl.col("n").sum(), se=(pl.col("error") ** 2).sum().sqrt())
    )


def test_every_wallet_is_described_and_every_role_exists(house_day: Day) -> None:
    truth = house_day.truth
    assert truth.get_column("wallet").n_unique() == truth.height == 2_000
    assert set(truth.get_column("role")) == {"noise", "skilled", "copycat", "market_maker", "wash", "lucky_loser"}
    assert house_day.prints.join(truth, on="wallet", how="anti").is_empty()
    assert 0.04 < truth.filter(pl.col("role") == "skilled").height / truth.height < 0.07


def test_measured_edges_of_the_skilled_agree_with_the_truth(house_day: Day) -> None:
    skilled = house_day.bought.filter((pl.col("role") == "skilled") & (pl.col("n_buys") >= 30))
    errors = errors_of(skilled, "true_edge", ["wallet"])
    within = errors.filter(pl.col("error").abs() <= 3 * pl.col("se"))
    assert errors.height >= 80
    assert within.height >= 0.95 * errors.height


@pytest.mark.parametrize("style", ["slow", "fast"])
def test_the_skilled_earn_in_truth_and_in_outcomes(house_day: Day, style: str) -> None:
    group = house_day.bought.filter((pl.col("role") == "skilled") & (pl.col("style") == style))
    measured = errors_of(group.with_columns(zero=0.0), "zero", ["style"]).row(0, named=True)
    assert measured["error"] > 3 * measured["se"]
    edges = group.unique("wallet").get_column("true_edge")
    assert (edges > 0).all()
    assert float(edges.quantile(0.9) or 0.0) - float(edges.quantile(0.1) or 0.0) > 0.02


def test_noise_traders_lose_about_half_the_spread(house_day: Day) -> None:
    noise = house_day.bought.filter(pl.col("role").is_in(["noise", "lucky_loser"]))
    edge = float(np.average(noise.get_column("true_edge")))
    assert -0.02 < edge < -0.008
    measured = errors_of(noise.with_columns(pooled=pl.lit(edge)), "pooled", ["side"]).row(0, named=True)
    assert abs(measured["error"]) < 3 * measured["se"]


def test_following_pays_behind_slow_information_only(house_day: Day) -> None:
    skilled = house_day.truth.filter((pl.col("role") == "skilled") & (pl.col("n_buys") >= 30))
    slow = skilled.filter(pl.col("style") == "slow")
    fast = skilled.filter(pl.col("style") == "fast")
    assert slow.filter(pl.col("follow_edge") > 0).height > 0.95 * slow.height
    assert slow.filter("followable").height == slow.filter(pl.col("follow_edge") > 0).height
    assert (fast.get_column("true_edge") > 0).all()
    assert fast.get_column("follow_edge").sum() < 0
    assert not fast.get_column("followable").any()


def test_lucky_losers_won_without_an_edge(house_day: Day) -> None:
    lucky = house_day.bought.filter(pl.col("role") == "lucky_loser").group_by("wallet")
    figures = lucky.agg(pl.col("edge").mean(), pl.col("true_edge").first())
    assert figures.height >= 20
    assert (figures.get_column("edge") > 0.05).all()
    assert (figures.get_column("true_edge") < 0).all()


def test_wash_traders_have_volume_and_no_edge(house_day: Day) -> None:
    wash = house_day.truth.filter(pl.col("role") == "wash")
    assert (wash.get_column("pair").value_counts().get_column("count") == 2).all()
    assert (wash.get_column("true_edge").abs() < 0.02).all()
    partners = house_day.prints.join(wash.select("wallet", "pair"), on="wallet")
    assert (partners.group_by("transactionHash").agg(pl.col("wallet").n_unique()).get_column("wallet") == 2).all()


def test_wallets_of_one_person_trade_the_same_within_seconds(house_day: Day) -> None:
    clusters = house_day.truth.filter(pl.col("pair").is_not_null() & (pl.col("role") != "wash"))
    assert clusters.get_column("pair").n_unique() >= 5
    bought = house_day.bought.filter(pl.col("pair").is_not_null() & (pl.col("role") == "skilled"))
    seen = bought.select("wallet", "pair", "asset", "timestamp")
    close = seen.join(seen, on=["pair", "asset"], suffix="_other").filter(
        (pl.col("wallet") != pl.col("wallet_other")) & ((pl.col("timestamp") - pl.col("timestamp_other")).abs() <= 10)
    )
    share = close.unique(["wallet", "asset", "timestamp"]).height / seen.unique(["wallet", "asset", "timestamp"]).height
    assert share > 0.6


def next_prints(bought: pl.DataFrame, delay_s: float) -> tuple[IntArray, BoolArray]:
    """For each BUY print (sorted by token and time) the row of the first print of its token after the delay."""
    token = bought.get_column("asset").rank("dense").cast(pl.Int64).to_numpy()
    instant = token * 1_000_000.0 + bought.get_column("timestamp").to_numpy() % 1_000_000
    later = np.searchsorted(instant, instant + delay_s, side="left")
    there = np.minimum(later, len(instant) - 1)
    return there, (later < len(instant)) & (token[there] == token) & (instant[there] - instant <= 30.0)


def test_copying_everybody_loses_after_fees(house_day: Day) -> None:
    bought = house_day.bought.sort("asset", "timestamp", maintain_order=True)
    there, found = next_prints(bought, 2.5)
    price, size, won, fee = (bought.get_column(name).to_numpy() for name in ("price", "size", "won", "fee_rate"))
    paid = price[there]
    filled = found & (paid <= price + np.maximum(0.02 * price, 0.01) + 1e-9)
    shares = np.where(filled, np.minimum(0.1 * size, size[there]), 0.0)
    profit = shares * (won - paid - fee * paid * (1.0 - paid))
    assert filled.mean() > 0.4
    assert profit.sum() < 0.0


def test_an_active_token_prints_again_within_half_a_minute(house_day: Day) -> None:
    bought = house_day.bought.sort("asset", "timestamp", maintain_order=True)
    _, found = next_prints(bought, 2.5)
    assert found.mean() > 0.6
