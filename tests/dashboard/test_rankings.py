"""Stored rankings: as hand-made tables, and as the ranking function itself stores and publishes them."""

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pytest

from dashboard.queries.account import DynamoQueries, TableReaders
from dashboard.queries.changes import ApiChanges
from dashboard.rankings import NEEDED, PAIRS_NEEDED, Rankings, Run, Show, published_of
from shared.adapters.discovery.discover import object_name
from shared.adapters.discovery.rankings import publish, rank_lake
from shared.adapters.s3.lake import Lake
from shared.analytics.clusters import PAIR_SCHEMA
from shared.analytics.scorecard import OUTPUT_SCHEMA
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import MINUTE, SECOND
from shared.domain.whale import RankedWallet, Ranking
from tests.contracts.embedded import Embedded
from tests.dashboard.fakes import IDLE, LUCKY, MAKER, NOW, RUN, TWIN, WALLET, score, stored_run


def wallets(run: Run, show: Show, followed: Sequence[str] = (), text: str = "", most: int = 10) -> list[object]:
    return [row["wallet"] for row in run.listed(show, followed, text, most)[0]]


def test_a_run_counts_its_wallets_and_says_whose_returns_it_ranks() -> None:
    run = stored_run()
    assert (run.wallets, run.eligible, run.proven, run.inputs) == (5, 3, 1, 2)
    assert run.follower
    assert run.as_of == NOW
    assert not stored_run([score(WALLET, 1, follower_sharpe_low=None)]).follower


def test_wallets_are_listed_by_choice_in_the_order_of_the_run() -> None:
    run = stored_run()
    assert wallets(run, Show.ALL) == [WALLET, TWIN, LUCKY, MAKER, IDLE]
    assert wallets(run, Show.ELIGIBLE) == [WALLET, TWIN, LUCKY]
    assert wallets(run, Show.FOLLOWED, [LUCKY, "0xgone"]) == [LUCKY]
    assert wallets(run, Show.FOLLOWED) == []
    rows, found = run.listed(Show.ALL, [], "", 2)
    assert (len(rows), found) == (2, 5)


@pytest.mark.parametrize("text", ["0x1111", "0X11…2222", " 2222 ", "0x11 222"])
def test_part_of_an_address_finds_its_wallet(text: str) -> None:
    assert wallets(stored_run(), Show.ALL, text=text) == [WALLET]


def test_a_run_knows_each_wallet_and_its_rank() -> None:
    run = stored_run()
    assert (run.row(TWIN) or {})["rank"] == 2
    assert run.row("0xgone") is None
    assert (run.rank_of(LUCKY), run.rank_of(MAKER), run.rank_of("0xgone")) == (3, None, None)


def test_the_other_wallet_of_a_pair_is_always_the_other_one() -> None:
    assert [(pair["other"], pair["linked"]) for pair in stored_run().pairs_of(WALLET)] == [(TWIN, True), (LUCKY, False)]
    assert stored_run().pairs_of(MAKER) == []


def test_what_is_no_run_is_refused_by_name() -> None:
    table = pa.table({"wallet": ["w"]})
    with pytest.raises(BadInput, match=r"scores.parquet lacks the column 'rank'"):
        Run(RUN, table, table, table, "")
    scores = pa.Table.from_pylist([score(WALLET, 1)])
    with pytest.raises(BadInput, match=r"pairs.parquet lacks the column 'other'"):
        Run(RUN, scores, table, table, "")
    pairs = pa.table({name: pa.array([], pa.string()) for name in PAIRS_NEEDED})
    for facts in ({}, {"as_of": "soon", "rules": "{}"}, {"as_of": "5", "rules": "["}, {"as_of": "5", "rules": "5"}):
        with pytest.raises(BadInput, match=r"manifest.parquet does not say as of when"):
            Run(RUN, scores, pairs, table.replace_schema_metadata(facts), "")


def test_the_columns_read_are_columns_that_scoring_writes() -> None:
    assert set(NEEDED) <= set(OUTPUT_SCHEMA)
    assert set(PAIRS_NEEDED) <= set(PAIR_SCHEMA)


def test_a_watch_list_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(BadInput, match=r"item ranking of table control\) cannot be read: .*run"):
        published_of("{}")


class CountingLake(Lake):
    """Remembers what was read from it."""

    def __init__(self, embedded: Embedded, bucket: str) -> None:
        super().__init__(embedded.s3, bucket)
        self.taken: list[str] = []

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        self.taken.append(name)
        return super().read(name, columns)


@pytest.fixture
def lake(embedded: Embedded) -> CountingLake:
    bucket = f"lake-{embedded.account()}"
    embedded.s3.create_bucket(Bucket=bucket)
    return CountingLake(embedded, bucket)


def store(lake: Lake, name: str) -> None:
    lake.write(f"{name}/scores.parquet", pa.Table.from_pylist([score(WALLET, 1)]))
    lake.write(f"{name}/pairs.parquet", pa.table({column: pa.array([], pa.string()) for column in PAIRS_NEEDED}))
    manifest = pa.table({"name": ["one"]}).replace_schema_metadata({"as_of": "5", "rules": "{}"})
    lake.write(f"{name}/manifest.parquet", manifest)


def test_a_run_is_read_once_and_knows_the_one_before_it(lake: CountingLake) -> None:
    clock = [NOW]
    rankings = Rankings(lambda: lake, lambda: clock[0])
    assert rankings.names() == []
    names = [f"rankings/2026-03-2{n}T000000Z" for n in range(6)]
    for name in names:
        store(lake, name)
    lake.write("rankings/2026-03-29T000000Z/scores.parquet", pa.table({"wallet": ["half a run"]}))
    assert rankings.names() == []
    clock[0] += MINUTE + 1
    assert rankings.names() == names
    assert rankings.run(names[0]).previous == ""
    assert rankings.run(names[3]).previous == names[2]
    read = len(lake.taken)
    assert rankings.run(names[3]) is rankings.run(names[3])
    assert len(lake.taken) == read == 6


def test_only_the_latest_runs_are_kept(lake: CountingLake) -> None:
    names = [f"rankings/2026-03-2{n}T000000Z" for n in range(5)]
    for name in names:
        store(lake, name)
    rankings = Rankings(lambda: lake, lambda: NOW)
    first = rankings.run(names[0])
    for name in names[1:4]:
        rankings.run(name)
    assert rankings.run(names[0]) is first
    rankings.run(names[4])
    assert rankings.run(names[0]) is first
    read = len(lake.taken)
    rankings.run(names[1])
    assert len(lake.taken) == read + 3


def test_a_lake_that_is_not_there_is_told(embedded: Embedded) -> None:
    with pytest.raises(Temporary, match="bucket nowhere"):
        Rankings(lambda: Lake(embedded.s3, "nowhere"), lambda: NOW).names()


def activity(wallet: str, start: int) -> pa.Table:
    """Sixty purchases, one in each market, as discovery stores them."""
    rows = [
        {
            "proxy_wallet": wallet,
            "timestamp": start + 600 * n,
            "condition_id": f"0x{n:064x}",
            "type": "TRADE",
            "size": 20.0,
            "usdc_size": 8.0,
            "transaction_hash": hashlib.sha256(f"{wallet}{n}".encode()).hexdigest(),
            "price": 0.4,
            "token_id": str(n),
            "side": "BUY",
            "outcome_index": 0,
            "title": f"Will it happen {n}?",
            "slug": f"will-it-happen-{n}",
            "outcome": "Yes",
        }
        for n in range(60)
    ]
    return pa.Table.from_pylist(rows)


def test_a_ranking_is_read_as_the_ranking_function_stores_and_publishes_it(
    embedded: Embedded, lake: CountingLake
) -> None:
    start, account = NOW // SECOND - 86_400, embedded.account()
    for wallet, later in ((WALLET, 0), (TWIN, 10)):
        lake.write(object_name(wallet, start, start + 86_400), activity(wallet, start + later))
    made, ranking, _ = rank_lake(embedded.s3, lake.bucket, NOW)
    followed = Ranking(ranking.as_of, ranking.source, (RankedWallet(WALLET, 1),))
    publish(embedded.tables, account, made.name, followed, lambda _: None)
    readers = TableReaders("test-", embedded.server.endpoint)
    queries = DynamoQueries(readers, account, lambda: lake, ApiChanges("", "", "us-east-1"), lambda: NOW)
    watched = queries.watch_list()
    assert watched is not None
    assert (watched.run, watched.ranking) == (made.name, followed)
    assert queries.runs() == [made.name]
    run = queries.run(watched.run)
    assert (run.wallets, run.eligible, run.inputs, run.as_of) == (made.wallets, made.eligible, made.inputs, NOW)
    assert run.rules["delay_s"] == 4.0
    assert (run.row(WALLET) or {})["n_trades"] == 60
