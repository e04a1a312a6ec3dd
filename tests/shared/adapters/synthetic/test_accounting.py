"""Every share and every dollar of a synthetic world is somebody's: exact, in 0.0001 shares and micro-dollars."""

import polars as pl

from tests.shared.adapters.synthetic.day import Day


def signed(day: Day) -> pl.DataFrame:
    """Prints with the change of the wallet's tokens (units) and of its cash (units x cents, one micro-dollar each)."""
    sign = pl.when(pl.col("side") == "BUY").then(1).otherwise(-1)
    return day.prints.with_columns(tokens=sign * pl.col("units"), cash=-sign * pl.col("units") * pl.col("cents"))


def test_profits_and_losses_of_each_resolved_market_add_up_to_zero(house_day: Day) -> None:
    winners = house_day.resolutions.filter(pl.col("winner").is_not_null()).select("slug", "winner")
    payout = pl.when(pl.col("outcome") == pl.col("winner")).then(pl.col("tokens") * 100).otherwise(0)
    totals = (
        signed(house_day)
        .join(winners, on="slug")
        .group_by("slug")
        .agg(profit=(pl.col("cash") + payout).sum(), volume=pl.col("cash").abs().sum())
    )
    assert totals.height > 700
    assert (totals.get_column("volume") > 0).all()
    assert (totals.get_column("profit") == 0).all()


def test_tokens_exist_in_minted_pairs_that_the_cash_paid_for(house_day: Day) -> None:
    supply = (
        signed(house_day)
        .with_columns(first=pl.col("outcome").is_in(["Up", "Yes"]))
        .group_by("slug")
        .agg(
            first=pl.col("tokens").filter("first").sum(),
            second=pl.col("tokens").filter(~pl.col("first")).sum(),
            cash=pl.col("cash").sum(),
        )
    )
    assert (supply.get_column("first") == supply.get_column("second")).all()
    assert (supply.get_column("first") > 0).any()
    assert (supply.get_column("cash") == -100 * supply.get_column("first")).all()


def test_each_transaction_balances_by_itself(house_day: Day) -> None:
    per_tx = (
        signed(house_day)
        .with_columns(first=pl.col("outcome").is_in(["Up", "Yes"]))
        .group_by("transactionHash")
        .agg(
            first=pl.col("tokens").filter("first").sum(),
            second=pl.col("tokens").filter(~pl.col("first")).sum(),
            cash=pl.col("cash").sum(),
            wallets=pl.col("wallet").n_unique(),
            markets=pl.col("slug").n_unique(),
        )
    )
    assert (per_tx.get_column("first") == per_tx.get_column("second")).all()
    assert (per_tx.get_column("cash") == -100 * per_tx.get_column("first")).all()
    assert (per_tx.get_column("wallets") >= 2).all()
    assert (per_tx.get_column("markets") == 1).all()


def test_matches_take_every_form_of_the_venue(house_day: Day) -> None:
    tokens = signed(house_day).group_by("transactionHash").agg(net=pl.col("tokens").sum())
    assert (tokens.get_column("net") > 0).any(), "no pair was ever minted"
    assert (tokens.get_column("net") < 0).any(), "no pair was ever merged"
    assert (tokens.get_column("net") == 0).any(), "no token ever changed hands"


def test_nobody_ever_sells_a_token_it_does_not_hold(house_day: Day) -> None:
    held = signed(house_day).select(
        "side", held=pl.col("tokens").cum_sum().over("wallet", "asset", order_by=pl.int_range(pl.len()))
    )
    assert (held.get_column("side") == "SELL").sum() > 10_000
    assert (held.get_column("held") >= 0).all()


def test_prints_fall_within_the_life_of_their_market(house_day: Day) -> None:
    life = house_day.prints.join(house_day.markets.select("slug", "start_ts", "end_ts"), on="slug")
    assert (life.get_column("timestamp") >= life.get_column("start_ts")).all()
    assert (life.get_column("timestamp") < life.get_column("end_ts")).all()


def test_repeated_deliveries_repeat_whole_transactions_later(house_day: Day) -> None:
    content = [name for name in house_day.trades.columns if name != "collected_at"]
    times = house_day.trades.group_by("transactionHash").agg(pl.col("collected_at").unique().sort(), rows=pl.len())
    again = times.filter(pl.col("collected_at").list.len() > 1)
    rows = house_day.trades.height
    assert again.get_column("rows").sum() // 2 == house_day.summary.redelivered
    assert 0.003 * rows < house_day.summary.redelivered < 0.008 * rows
    gap = again.get_column("collected_at").list.last() - again.get_column("collected_at").list.first()
    assert gap.is_between(4.9, 50.1).all()
    repeated = house_day.trades.join(again.select("transactionHash"), on="transactionHash", how="semi")
    copies = repeated.group_by(content).agg(n=pl.len(), deliveries=pl.col("collected_at").n_unique())
    assert (copies.get_column("deliveries") == 2).all()
    assert (copies.get_column("n") % 2 == 0).all()


def test_equal_rows_of_one_delivery_are_separate_fills(house_day: Day) -> None:
    equal = house_day.prints.filter(pl.struct(house_day.trades.columns).is_duplicated())
    assert equal.height > 1_000
