import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from functions.discover_whales import handler as discover_whales
from functions.rank_whales import handler as rank_whales
from shared.adapters.discovery.discover import ACTIVITY, CANDIDATES, DISCOVERIES, RESOLUTIONS, object_name
from shared.adapters.discovery.rankings import RANKINGS, compare, published, reproduce
from shared.adapters.dynamo.once import claim, let_go
from shared.adapters.s3.lake import Lake
from shared.domain.errors import BadInput, Corrupt, Temporary
from shared.domain.tables import Voices
from tests.contracts.embedded import Embedded
from tests.exchange.server import LocalVenue
from tests.functions.context import context

HOLDER, LEADER, WHALE = ("0x" + letter * 40 for letter in "abc")
NOW = int(time.time())
TOKEN = 39059140761102735867213780342524176318432598655322903326399219585443003760474


def condition(number: int) -> str:
    return f"0x{number:064x}"


def market(number: int) -> dict[str, Any]:
    won = hashlib.sha256(str(number).encode()).digest()[0] < 160
    return {
        "id": str(number),
        "question": f"Will it happen {number}?",
        "conditionId": condition(number),
        "slug": f"will-it-happen-{number}",
        "outcomes": '["Yes", "No"]',
        "outcomePrices": '["1", "0"]' if won else '["0", "1"]',
        "clobTokenIds": f'["{TOKEN + 2 * number}", "{TOKEN + 2 * number + 1}"]',
        "active": True,
        "closed": True,
        "umaResolutionStatus": "resolved",
        "closedTime": "2026-01-01 00:00:00+00",
        "endDate": "2026-01-01T00:00:00Z",
    }


def row(wallet: str, number: int, at: int, size: float = 20.0, price: float = 0.4) -> dict[str, Any]:
    return {
        "proxy_wallet": wallet,
        "timestamp": at,
        "condition_id": condition(number),
        "type": "TRADE",
        "size": size,
        "usdc_size": size * price,
        "transaction_hash": f"0x{hashlib.sha256(f'{wallet}{number}{at}'.encode()).hexdigest()}",
        "price": price,
        "token_id": str(TOKEN + 2 * number),
        "side": "BUY",
        "outcome_index": 0,
        "title": f"Will it happen {number}?",
        "slug": f"will-it-happen-{number}",
        "outcome": "Yes",
    }


class Venue:
    """A local venue on a thread of its own, since the functions run an event loop themselves."""

    def __init__(self) -> None:
        self.venue = LocalVenue(clock=time.time)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> LocalVenue:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.venue.__aenter__(), self._loop).result(10)
        return self.venue

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.venue.close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@dataclass
class Cloud:
    venue: LocalVenue
    embedded: Embedded
    lake: Lake
    account: str


@pytest.fixture
def cloud(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    account = embedded.account()
    bucket = f"lake-{account}"
    embedded.s3.create_bucket(Bucket=bucket)
    with Venue() as venue:
        fill(venue)
        for name, value in {
            "ACCOUNT": account,
            "AWS_ENDPOINT_URL": embedded.server.url,
            "TABLE_PREFIX": "test-",
            "LAKE_BUCKET": bucket,
            "DATA_API_URL": venue.data_url,
            "GAMMA_URL": venue.gamma_url,
            "CLOB_URL": venue.clob_url,
        }.items():
            monkeypatch.setenv(name, value)
        yield Cloud(venue, embedded, Lake(embedded.s3, bucket), account)


def fill(venue: LocalVenue) -> None:
    """A leader with a good record, a whale with large trades and a holder; each market has later prints to follow."""
    start = NOW - 10 * 86_400
    rows = []
    for number in range(60):
        price = 0.35 + 0.02 * (number % 5)
        rows += [row(LEADER, number, start + 600 * number, price=price)]
        rows += [row(WHALE, number, start + 600 * number + 10, size=40_000.0, price=price)]
    rows.append(row(HOLDER, 0, start + 5))
    venue.content.add_rows(sorted(rows, key=lambda one: int(one["timestamp"])))
    venue.content.leaderboard = [
        {"rank": 1, "user_id": LEADER, "pnl": 5.0, "volume": 10.0, "user_name": "a", "verified": False}
    ]
    venue.content.markets = [market(number) for number in range(60)]
    open_market = market(99) | {"closed": False, "outcomePrices": '["0.5", "0.5"]', "umaResolutionStatus": ""}
    venue.content.markets.append(open_market)
    venue.content.holders = {
        condition(99): [
            {"token_id": str(TOKEN + 198), "holders": [{"proxy_wallet": HOLDER, "amount": 9.0, "outcome_index": 0}]}
        ]
    }


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def call(handler: Handler, event: dict[str, Any] | None = None, seconds: float = 600.0) -> dict[str, Any]:
    return handler(event or {}, context(seconds))


def test_leaders_large_traders_and_holders_are_discovered_with_their_activity(cloud: Cloud) -> None:
    done = call(discover_whales.handler)
    assert done["ok"]
    assert (done["wallets"], done["objects"], done["rows"]) == (3, 3, 121)
    assert (done["resolved"], done["pending"], done["failed"]) == (60, 0, 0)
    (candidates,) = cloud.lake.tables(f"{CANDIDATES}/")
    sources = dict(zip(*(candidates[name].to_pylist() for name in ("wallet", "source")), strict=True))
    assert sources[LEADER].startswith("leaderboard_month_pnl")
    assert sources[WHALE] == "large_trade"
    assert sources[HOLDER] == "holder"
    assert len(cloud.lake.names(f"{RESOLUTIONS}/")) == 1
    (told,) = cloud.lake.tables(f"{DISCOVERIES}/")
    assert told.to_pylist() == [{name: done[name] for name in told.column_names}]


def test_every_request_carries_a_changing_parameter_past_the_cache(cloud: Cloud) -> None:
    call(discover_whales.handler)
    asked = [request for request in cloud.venue.requests if request.service == "data"]
    assert len({request.target for request in asked}) == len(asked) > 5


def test_a_second_run_asks_for_later_seconds_only(cloud: Cloud) -> None:
    call(discover_whales.handler)
    before = cloud.lake.names(f"{ACTIVITY}/")
    time.sleep(1.1)
    again = call(discover_whales.handler)
    assert (again["rows"], again["resolved"]) == (0, 0)
    starts = sorted(int(name.rpartition("/")[2].partition("-")[0]) for name in cloud.lake.names(f"{ACTIVITY}/"))
    ends = {int(name.rpartition("-")[2].removesuffix(".parquet")) for name in before}
    assert all(start - 1 in ends for start in starts[len(before) :])


def test_a_run_without_time_left_stops_and_the_next_one_goes_on(cloud: Cloud) -> None:
    cut = call(discover_whales.handler, seconds=1.0)
    assert (cut["objects"], cut["left"]) == (0, 3)
    assert call(discover_whales.handler)["objects"] == 3


def test_two_runs_at_once_are_one_and_the_next_one_is_free_again(cloud: Cloud) -> None:
    began = time.time_ns()
    assert claim(cloud.embedded.tables, cloud.account, discover_whales.RUNNING, began)
    assert call(discover_whales.handler) == {"ok": True, "busy": True}
    assert cloud.lake.names("bronze/") == []
    let_go(cloud.embedded.tables, cloud.account, discover_whales.RUNNING, began)
    assert [call(discover_whales.handler)["wallets"] for _ in range(2)] == [3, 3]


def test_a_wallet_that_cannot_be_read_is_counted_and_tried_again(cloud: Cloud) -> None:
    from tests.exchange.faults import Fault

    cloud.venue.fail("data/v2/activity", Fault(status=404))
    first = call(discover_whales.handler)
    assert (first["failed"], first["objects"]) == (1, 2)
    assert call(discover_whales.handler)["failed"] == 0
    assert len({name.split("/")[2] for name in cloud.lake.names(f"{ACTIVITY}/")}) == 3


def test_a_venue_that_names_nobody_is_a_failure_and_not_an_empty_result(cloud: Cloud) -> None:
    cloud.venue.content.leaderboard = []
    cloud.venue.content.rows.clear()
    cloud.venue.content.holders = {}
    with pytest.raises(Temporary, match="no candidate"):
        call(discover_whales.handler)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [({"rules": {"leaders": 0}}, "leaders must be at least 1, not 0"), ({"rules": {"markets": "x"}}, "event.rules")],
)
def test_discovery_rules_that_cannot_be_used_are_named(event: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        discover_whales.rules_of(event)


def test_a_ranking_is_stored_with_its_inputs_and_published(cloud: Cloud) -> None:
    call(discover_whales.handler)
    done = call(rank_whales.handler, {"rules": {"resamples": 199, "gates": {"win_rate_min": 0.1, "quality_try": 1}}})
    assert (done["wallets"], done["inputs"]) == (3, 4)
    stored = [name.rpartition("/")[2] for name in cloud.lake.names(f"{RANKINGS}/")]
    assert stored == ["manifest.parquet", "pairs.parquet", "results.parquet", "scores.parquet", "together.parquet"]
    found = published(cloud.embedded.tables, cloud.account, time.sleep)
    assert found is not None
    assert found.run == done["name"]
    assert [ranked.wallet for ranked in found.ranking.wallets] == [LEADER]
    assert found.voices == Voices(found.ranking.as_of)  # one wallet alone is no pair


def test_a_stored_ranking_can_be_made_again_and_a_changed_input_is_noticed(cloud: Cloud) -> None:
    call(discover_whales.handler)
    run = call(rank_whales.handler, {"rules": {"resamples": 199}})["name"]
    s3, bucket = cloud.embedded.s3, cloud.lake.bucket
    table = reproduce(s3, bucket, run)
    assert table.height == 3
    assert compare(table, table)["change"].to_list() == ["same"] * int(table["rank"].count())
    name = next(name for name in cloud.lake.names(f"{ACTIVITY}/") if LEADER in name)
    rows = cloud.lake.read(name)
    cloud.lake.write(name, rows.slice(0, rows.num_rows - 1))
    with pytest.raises(Corrupt, match="SHA-256"):
        reproduce(s3, bucket, run)


def test_no_ranking_is_made_of_an_empty_lake_and_none_is_published(cloud: Cloud) -> None:
    with pytest.raises(BadInput, match="discover wallets first"):
        call(rank_whales.handler)
    assert published(cloud.embedded.tables, cloud.account, time.sleep) is None


def test_what_changed_between_two_rankings_is_told() -> None:
    before = pl.DataFrame({"wallet": ["a", "b", "c"], "rank": [1, 2, None]}, schema_overrides={"rank": pl.Int64})
    after = pl.DataFrame({"wallet": ["a", "b", "c"], "rank": [2, None, 1]}, schema_overrides={"rank": pl.Int64})
    told = dict(compare(before, after).select("wallet", "change").iter_rows())
    assert told == {"a": "down", "b": "left", "c": "entered"}


def test_objects_are_named_by_the_seconds_they_cover() -> None:
    assert object_name(LEADER, 5, 9) == f"{ACTIVITY}/wallet={LEADER}/5-9.parquet"
