"""Who is followed depends on the past alone, and it is said on what grounds."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shared.adapters.synthetic import generate
from shared.analytics.published import SHORT_WATCHED_MAX
from shared.analytics.scorecard import Scorecard
from shared.analytics.scoring import ScoringRules
from shared.research.replay import Prepared, ReplayOptions, prepare
from shared.research.whales import Followed, fills_of, score_recording, walk_forward
from tests.shared.analytics.world import DAY, START, betting_world

FAST = ScoringRules(resamples=199)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranked") / "day"
    generate(2, 8.0, folder)
    return folder


def ready(folder: Path) -> Prepared:
    return prepare(ReplayOptions(folder), lambda _: None)


def followed(folder: Path) -> Followed:
    found = ready(folder)
    split = found.split()
    return walk_forward(found.recording.trades(split), found.resolutions, found.recording.markets, split, FAST)


def scored(folder: Path) -> Scorecard:
    found = ready(folder)
    split = found.split()
    # Every trade of the recording is handed over: the score itself must not look beyond the instant.
    return score_recording(found.recording.trades(2**62), found.resolutions, found.recording.markets, split, FAST)


def changed(day: Path, out: Path, later_only: bool) -> Path:
    """The same day with the rows after the split (or all) dealt to other wallets, and every later winner swapped."""
    out.mkdir()
    trades, resolutions = (pl.read_parquet(day / f"{name}.parquet") for name in ("trades", "resolutions"))
    first, last = trades["timestamp"].min(), trades["timestamp"].max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    split = first + (last - first) // 2
    late = (pl.col("timestamp") > split) if later_only else pl.lit(value=True)
    rows = trades.select(late).to_series() if later_only else pl.Series([True] * trades.height)
    wallets = trades["wallet"].to_numpy().copy()
    places = np.flatnonzero(rows.to_numpy())
    wallets[places] = np.random.default_rng(5).permutation(wallets[places])
    trades.with_columns(pl.Series("wallet", wallets, dtype=pl.String)).write_parquet(out / "trades.parquet")
    swapped = pl.col("winner").replace({"Up": "Down", "Down": "Up", "Yes": "No", "No": "Yes"})
    resolutions.with_columns(
        pl.when(pl.col("end_ts") > split).then(swapped).otherwise(pl.col("winner")).alias("winner")
    ).write_parquet(out / "resolutions.parquet")
    return out


def test_trades_and_winners_after_the_split_leave_every_score_and_the_list_unchanged(day: Path, tmp_path: Path) -> None:
    other = changed(day, tmp_path / "changed", later_only=True)
    before, after = scored(day), scored(other)
    assert before.table["eligible"].sum() > 5
    assert after.table.equals(before.table)
    assert followed(other) == followed(day)
    assert len(followed(day).ranking.wallets) > 0


def test_what_happened_before_it_does(day: Path, tmp_path: Path) -> None:
    assert followed(changed(day, tmp_path / "changed", later_only=False)).ranking != followed(day).ranking


def test_hours_of_history_follow_the_eligible_whose_followers_gained_and_it_is_said(day: Path) -> None:
    found, card = followed(day), scored(day)
    wanted = card.detail.filter(pl.col("eligible") & (pl.col("mean_return") > 0)).head(SHORT_WATCHED_MAX)
    assert [one.wallet for one in found.ranking.wallets] == wanted["wallet"].to_list()
    assert found.ranking.source == "scored, short history"
    assert f"following {wanted.height} wallets" in found.sentence
    assert "too few for the published gates, which need 10" in found.sentence


def test_most_of_those_followed_on_the_synthetic_day_are_informed(day: Path) -> None:
    truth = pl.read_parquet(day / "truth.parquet")
    listed = [one.wallet for one in followed(day).ranking.wallets]
    roles = truth.filter(pl.col("wallet").is_in(listed))["role"]
    assert roles.is_in(["skilled", "copycat"]).to_numpy().mean() > (
        truth["role"].is_in(["skilled", "copycat"]).to_numpy().mean() * 5
    )
    assert not roles.is_in(["market_maker", "wash"]).any()


def prints_of(fills: pl.DataFrame) -> pl.DataFrame:
    return fills.select(
        "wallet", "market", "token", "outcome", "side",
        price="price_micro", size="size_micro", ts_ns=pl.col("ts_s") * 10**9,
    )  # fmt: skip


def test_weeks_of_history_are_held_to_the_published_gates() -> None:
    fills, resolutions = betting_world()
    as_of = (START + 61 * DAY) * 10**9
    found = walk_forward(prints_of(fills), resolutions, {m: m for m in fills["market"].unique()}, as_of, FAST)
    assert (found.ranking.as_of, found.ranking.source) == (as_of, "scored")
    assert {one.wallet for one in found.ranking.wallets[:2]} <= {"w00", "w01"}
    assert "those that pass the published gates" in found.sentence
    assert found.voices is not None
    assert found.voices.as_of == as_of
    listed = {one.wallet for one in found.ranking.wallets}
    assert {name for pair in found.voices.pairs for name in (pair.wallet_a, pair.wallet_b)} == listed


def test_nobody_qualifying_is_told_with_the_reasons() -> None:
    fills, resolutions = betting_world(wallets=2, markets=5)
    markets = {m: m for m in fills["market"].unique()}
    found = walk_forward(prints_of(fills), resolutions, markets, (START + 6 * DAY) * 10**9, FAST)
    assert (found.ranking.wallets, found.voices) == ((), None)
    assert "nobody qualifies" in found.sentence
    assert "too few wins" in found.sentence
    early = walk_forward(prints_of(fills), resolutions, markets, START * 10**9 - 1, FAST)
    assert early.ranking.wallets == ()
    assert "nobody traded" in early.sentence


def test_without_transactions_neither_the_order_of_rows_nor_the_names_of_wallets_change_a_score() -> None:
    fills, resolutions = betting_world(wallets=6)
    markets = {m: m for m in fills["market"].unique()}
    as_of = (START + 61 * DAY) * 10**9
    prints = prints_of(fills)
    other = {name: f"x{hash_}" for hash_, name in enumerate(sorted(prints["wallet"].unique(), reverse=True))}
    shuffled = prints.sample(fraction=1.0, shuffle=True, seed=3).with_columns(pl.col("wallet").replace_strict(other))
    straight = score_recording(prints, resolutions, markets, as_of, FAST).table
    renamed = score_recording(shuffled, resolutions, markets, as_of, FAST).table
    back = renamed.with_columns(pl.col("wallet").replace_strict({new: old for old, new in other.items()}))
    figures = [name for name in straight.columns if name != "cluster"]  # clusters are named after their members
    assert back.select(figures).sort("wallet").equals(straight.select(figures).sort("wallet"))


def test_fills_keep_the_recordings_facts() -> None:
    fills, _ = betting_world(wallets=3, markets=4)
    found = fills_of(prints_of(fills))
    assert found["cash_micro"].to_list() == fills["cash_micro"].to_list()
    assert found["tx"][0] == f"@{fills['ts_s'][0]}:{fills['price_micro'][0]}"
