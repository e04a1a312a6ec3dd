import polars as pl
import pytest

from shared.analytics.published import SHORT_WATCHED_MAX, ranking_of, short_ranking_of, voices_of, why_nobody
from shared.analytics.scorecard import Scorecard, score_wallets
from shared.analytics.scoring import ScoringRules
from shared.analytics.voices import voices
from shared.domain.instants import SECOND
from shared.domain.money import ONE
from tests.shared.analytics.world import DAY, START, betting_world

FAST = ScoringRules(resamples=199)


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return score_wallets(*betting_world(), START + 61 * DAY, FAST)


def test_the_record_that_sizing_starts_from_is_the_wallets_own_edge_per_market(card: Scorecard) -> None:
    fills, resolutions = betting_world()
    won = resolutions.select(market="key", winner="winner")
    best = ranking_of(card).wallets[0]
    mine = fills.filter(pl.col("wallet") == best.wallet).join(won, on="market")
    # One purchase at 0.50 per market: each is worth 0.50 more or less than it cost.
    edges = mine.select((pl.col("outcome") == pl.col("winner")).cast(pl.Float64) - pl.col("price_micro") / 1e6)
    assert best.n_markets == mine["market"].n_unique()
    assert best.edge_total / best.n_markets / 1e6 == pytest.approx(edges.to_series().mean(), abs=1e-6)


def test_only_those_with_capital_are_published_and_at_most_so_many(card: Scorecard) -> None:
    given = card.table.filter(pl.col("allocation") > 0)["wallet"].to_list()
    assert [one.wallet for one in ranking_of(card).wallets] == given
    assert [one.wallet for one in ranking_of(card, 1).wallets] == given[:1]
    assert ranking_of(card).as_of == card.as_of_s * SECOND


def test_a_short_history_lists_the_eligible_whose_followers_gained(card: Scorecard) -> None:
    listed = short_ranking_of(card)
    rows = card.detail.filter(pl.col("wallet").is_in([one.wallet for one in listed.wallets]))
    assert 0 < len(listed.wallets) <= SHORT_WATCHED_MAX
    assert rows["eligible"].all()
    assert (rows["mean_return"] > 0).all()
    assert len(short_ranking_of(card, 1).wallets) == 1
    assert all(one.mean_return > 0 for one in listed.wallets)


def test_why_nobody_is_followed_counts_reasons_and_gates_in_words() -> None:
    nobody = score_wallets(*betting_world(wallets=4, markets=8), START + 9 * DAY, FAST)
    assert ranking_of(nobody).wallets == ()
    told = why_nobody(nobody)
    counts = [int(part.split(" ")[0]) for part in told.split(", ")]
    assert sum(counts) == nobody.table.height
    assert counts == sorted(counts, reverse=True)
    assert "_" not in told


def test_the_voices_of_a_list_are_those_of_its_wallets_as_scored(card: Scorecard) -> None:
    fills, _ = betting_world()
    ranking = ranking_of(card)
    found = voices_of(card, fills, ranking)
    listed = [one.wallet for one in ranking.wallets]
    clusters = dict(card.detail.filter(pl.col("cluster").is_not_null()).select("wallet", "cluster").iter_rows())
    assert found == voices(fills, ranking.as_of, listed, clusters, card.records)
    assert found.as_of == ranking.as_of
    assert found.pairs
    assert all({one.wallet_a, one.wallet_b} <= set(listed) for one in found.pairs)


def test_records_are_the_returns_that_were_ranked(card: Scorecard) -> None:
    counted = card.records.group_by("wallet").agg(n=pl.len(), mean=pl.col("ret").mean())
    told = card.detail.join(counted, on="wallet").filter(pl.col("n_ranked") > 0)
    assert told.height > 0
    assert (told["n_ranked"] == told["n"]).all()
    assert (told["mean_return"] - told["mean"]).abs().max() == pytest.approx(0.0, abs=1e-12)


def test_markets_are_called_as_those_who_trade_on_the_table_call_them(card: Scorecard) -> None:
    fills, _ = betting_world()
    ranking = ranking_of(card)
    best = ranking.wallets[0].wallet
    own = card.records.filter(pl.col("wallet") == best).sort("ret", "market")
    names = own["market"].to_list()
    worse, better = names[: len(names) // 2], names[len(names) // 2 :]
    called = {**dict.fromkeys(worse, "chess"), **dict.fromkeys(better, "opera")}
    factors = voices_of(card, fills, ranking, called).specialists[best]
    assert factors["opera"] > ONE > factors["chess"]
    # Names that fit no category are no field that one could be a specialist of.
    assert voices_of(card, fills, ranking).specialists == {}
    assert voices_of(card, fills, ranking, dict.fromkeys(better, "")).specialists == {}
