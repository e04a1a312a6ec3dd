import numpy as np
import polars as pl
import pytest

from shared.analytics.clusters import ClusterRules, find_clusters
from shared.domain.errors import BadInput
from tests.shared.analytics.world import START, fill, frame


def crowd(wallets: int = 12, trades: int = 60, seed: int = 0) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    return [
        fill(f"w{w:02d}", f"m{int(rng.integers(8))}", START + int(rng.integers(40_000)), size=5 + t)
        for w in range(wallets)
        for t in range(trades)
    ]


def shadow(rows: list[dict[str, object]], of: str, name: str) -> list[dict[str, object]]:
    return [row | {"wallet": name, "tx": f"{name}{row['tx']}"} for row in rows if row["wallet"] == of]


def test_independent_wallets_form_no_cluster() -> None:
    assert find_clusters(frame(crowd())).members.is_empty()


def test_two_wallets_that_act_at_the_same_moments_are_one_cluster_with_evidence() -> None:
    rows = crowd()
    found = find_clusters(frame(rows + shadow(rows, "w03", "twin")))
    assert sorted(found.members["wallet"]) == ["twin", "w03"]
    assert found.members["cluster"].n_unique() == 1
    pair = found.pairs.filter("linked").row(0, named=True)
    assert pair["meetings"] > 5 * pair["expected"]
    assert "moments in common where chance gives" in pair["evidence"]


def test_a_chain_of_pairs_is_one_cluster() -> None:
    rows = crowd()
    rows += shadow(rows, "w03", "twin")
    rows += shadow(rows, "w03", "third")
    assert sorted(find_clusters(frame(rows)).members["wallet"]) == ["third", "twin", "w03"]


def test_one_source_of_money_links_wallets_of_the_same_markets_only() -> None:
    rows = [*crowd(), *[fill("far", f"other{n}", START + n) for n in range(20)]]
    same = {"w01": "0xAA", "w02": "0xaa", "far": "0xaa", "w05": "0xbb"}
    found = find_clusters(frame(rows), same)
    assert sorted(found.members["wallet"]) == ["w01", "w02"]
    assert found.pairs.filter("linked")["evidence"].str.contains("paid from one address").all()


def test_the_order_of_rows_and_the_names_of_wallets_do_not_matter() -> None:
    rows = crowd()
    table = frame(rows + shadow(rows, "w03", "twin"))
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=5)
    assert find_clusters(table).pairs.equals(find_clusters(shuffled).pairs)
    names = {name: f"x{99 - place}" for place, name in enumerate(sorted(table["wallet"].unique()))}
    renamed = find_clusters(table.with_columns(pl.col("wallet").replace_strict(names)))
    assert sorted(renamed.members["wallet"]) == sorted([names["twin"], names["w03"]])


def test_one_wallet_or_none_is_no_cluster_and_a_bin_of_nothing_is_refused() -> None:
    assert find_clusters(frame([fill("a", "m", START)])).members.is_empty()
    with pytest.raises(BadInput, match="bin_s must be at least 1 second, not 0"):
        find_clusters(frame(crowd()), rules=ClusterRules(bin_s=0))
