import tempfile
import threading
import time
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.s3.client import s3_client
from shared.adapters.s3.columns import SCHEMA
from shared.adapters.s3.lake import FolderLake, Lake, Objects
from shared.adapters.s3.tape import SEAL_EVERY_NS, Tape, lives_of, read_life, read_tape
from shared.domain.effects import Alert, WakeMeAt
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import HOUR, SECOND
from shared.domain.messages import (
    Event,
    Payload,
    SpotTrade,
    TimerKind,
)
from shared.domain.order import Side
from shared.domain.tape import Began, Checkpoint, Did, Recovered, TapeRow, Warmed
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON
from tests.shared.adapters.s3.kinds import EVERY_KIND


def events(count: int, start: int = NOON, step: int = 1_000_000, source: str = "data") -> list[Event]:
    made = []
    for n in range(count):
        at = start + n * step
        made.append(Event(n + 1, at, at - 5, source, EVERY_KIND[n % len(EVERY_KIND)]))
    return made


def lake_of(embedded: Embedded) -> Lake:
    return Lake(embedded.s3, embedded.bucket)


def test_the_list_of_payloads_is_complete() -> None:
    assert {type(payload) for payload in EVERY_KIND} == set(Payload.__args__)


def test_every_kind_of_event_comes_back_as_it_was(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape, put = Tape(lake_of(embedded), prefix, NOON), events(len(EVERY_KIND))
    for event in put:
        tape.add(event)
    assert tape.waiting == len(put)
    assert tape.flush() == len(put)
    assert (tape.waiting, tape.flush()) == (0, 0)
    assert list(read_tape(lake_of(embedded), prefix)) == put


def test_events_of_hours_sources_and_flushes_come_back_in_the_order_they_were_observed(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape = Tape(lake_of(embedded), prefix, NOON)
    put = sorted(
        events(40, NOON, HOUR // 10, "data") + events(40, NOON + 7, HOUR // 10, "own"), key=lambda e: e.observed_at
    )
    for n, event in enumerate(put):
        tape.add(event)
        if n % 11 == 0:
            tape.flush()
    tape.flush()
    assert list(read_tape(lake_of(embedded), prefix)) == put
    start, end = put[13].observed_at, put[61].observed_at
    assert list(read_tape(lake_of(embedded), prefix, start, end)) == put[13:61]


def test_the_columns_can_be_read_without_the_events(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape = Tape(lake_of(embedded), prefix, NOON)
    (event,) = events(1)
    tape.add(event)
    tape.flush()
    lake = lake_of(embedded)
    (name,) = lake.names(prefix)
    assert name.startswith(f"{prefix}/date=2026-03-22/hour=12/source=data/")
    (table,) = lake.tables(prefix)
    row = table.to_pylist()[0]
    assert (row["seq"], row["observed_at"], row["venue_at"]) == (1, event.observed_at, event.venue_at)
    assert (row["source"], row["kind"]) == ("data", "WhaleTrade")


def test_while_s3_is_away_events_wait_and_then_the_oldest_are_dropped_and_counted(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    lake = Lake(embedded.s3, "no-such-bucket")
    tape = Tape(lake, prefix, NOON, most_waiting=100)
    put = events(150)
    for event in put[:100]:
        tape.add(event)
    with pytest.raises(Temporary, match="no-such-bucket"):
        tape.flush()
    assert (tape.waiting, tape.dropped) == (100, 0)
    for event in put[100:]:
        tape.add(event)
    assert tape.waiting <= 100
    assert tape.waiting + tape.dropped == 150
    lake.bucket = embedded.bucket
    tape.flush()
    assert list(read_tape(lake_of(embedded), prefix)) == put[tape.dropped :]


def test_a_full_tape_drops_an_older_hour_first(embedded: Embedded) -> None:
    tape = Tape(lake_of(embedded), "unused", NOON, most_waiting=2)
    for event in events(3, NOON, HOUR):
        tape.add(event)
    assert (tape.waiting, tape.dropped) == (2, 1)


def test_objects_that_are_no_tape_are_named(embedded: Embedded) -> None:
    root = f"{embedded.account()}/tape"
    lake = lake_of(embedded)
    named = f"{root}/date=2026-03-22/hour=12/source=x/1.parquet"
    embedded.s3.put_object(Bucket=embedded.bucket, Key=named, Body=b"not parquet")
    with pytest.raises(BadInput, match="is not Parquet"):
        list(read_tape(lake_of(embedded), root))
    lake.write(named, pa.table({"other": [1]}))
    with pytest.raises(BadInput, match="no column body"):
        list(read_tape(lake_of(embedded), root))
    lake.write(named, pa.table({"body": ["{}"]}))
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_tape(lake_of(embedded), root))


def test_a_bucket_that_is_not_there_is_temporary_for_readers_too(embedded: Embedded) -> None:
    lake = Lake(s3_client(embedded.server.endpoint), "no-such-bucket")
    with pytest.raises(Temporary, match="listing"):
        lake.names("a")
    with pytest.raises(Temporary, match="reading"):
        lake.read("a")


class Noted(FolderLake):
    """A folder that remembers what was written, and refuses while told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.written: list[str] = []
        self.refuses_after = 1 << 30

    def write(self, name: str, table: pa.Table) -> None:
        if len(self.written) >= self.refuses_after:
            raise Temporary("no room")
        super().write(name, table)
        self.written.append(name)


def entries(lake: Objects, prefix: str = "t") -> list[tuple[int, TapeRow]]:
    (life,) = lives_of(lake, prefix)
    return [(entry.n, entry.row) for entry in read_life(lake, prefix, life)]


@settings(max_examples=40)
@given(sources=st.lists(st.sampled_from("abc"), min_size=1, max_size=40), flushes=st.sets(st.integers(0, 39)))
def test_events_of_one_instant_come_back_in_the_order_they_were_added(sources: list[str], flushes: set[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = FolderLake(Path(folder))
        tape = Tape(lake, "t", NOON)
        put = [Event(0, NOON, NOON, source, SpotTrade("BTC", Side.BUY, n, n, n)) for n, source in enumerate(sources)]
        for n, event in enumerate(put):
            tape.add(event)
            if n in flushes:
                tape.flush()
        tape.flush()
        assert list(read_tape(lake, "t")) == put
        assert entries(lake) == list(enumerate(put))


def test_every_role_comes_back_and_only_events_are_handed_to_a_backtest(tmp_path: Path) -> None:
    event = Event(0, NOON, NOON, "rtds", EVERY_KIND[0])
    rows: list[TapeRow] = [
        Began("paper", NOON, "whale_copy", "{}", "{}", "{}", ("rtds",)),
        Warmed(event),
        Recovered(NOON, trading=True, records=3, journal="ab"),
        event,
        Did(NOON, (WakeMeAt(5, TimerKind.ORDER_EXPIRY, "k"), Alert(3, "name", "text"))),
        Checkpoint(NOON + 1, "cd"),
    ]
    tape = Tape(FolderLake(tmp_path), "t", NOON)
    for row in rows:
        tape.add(row)
    assert tape.flush() == len(rows)
    assert entries(FolderLake(tmp_path)) == list(enumerate(rows))
    assert list(read_tape(FolderLake(tmp_path), "t")) == [event]


def test_what_people_ask_for_stands_in_columns_of_its_own(tmp_path: Path) -> None:
    tape = Tape(FolderLake(tmp_path), "", NOON)
    for n, payload in enumerate(EVERY_KIND):
        tape.add(Event(n, NOON + n, NOON, "x", payload))
    tape.flush()
    (name,) = FolderLake(tmp_path).names("")
    table = FolderLake(tmp_path).read(name)
    assert table.schema == SCHEMA
    rows = {row["kind"]: row for row in table.to_pylist()}
    trade, spot = rows["WhaleTrade"], rows["SpotTrade"]
    assert (trade["token"], trade["market"], trade["wallet"], trade["side"]) == ("t", "m", "w", "BUY")
    assert (trade["price"], trade["size"], trade["tx"], trade["connection"]) == (510_000, 2**53 + 1, "tx", 3)
    assert (spot["symbol"], spot["price"], spot["side"], spot["token"]) == ("BTC", 65_000_000_000, "SELL", None)
    assert (rows["MarketListed"]["market"], rows["MarketListed"]["slug"]) == ("m", "slug")
    assert (rows["FeedNotice"]["notice"], rows["FeedNotice"]["connection"]) == ("lost", 4)
    assert rows["PricePoint"]["price"] == 65_000_000_000
    compression = {
        pq.ParquetFile(tmp_path / name).metadata.row_group(0).column(n).compression for n in range(len(SCHEMA))
    }
    assert compression == {"ZSTD"}


def test_a_tape_is_due_by_time_or_by_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tape = Tape(FolderLake(tmp_path), "t", NOON)
    assert not tape.due(NOON + HOUR)  # there is nothing to put
    (event,) = events(1)
    tape.add(event)
    assert [tape.due(NOON + after) for after in (0, SEAL_EVERY_NS - 1, SEAL_EVERY_NS)] == [False, False, True]
    tape.seal(NOON + SEAL_EVERY_NS)
    assert not tape.due(NOON + SEAL_EVERY_NS)
    assert tape.due(NOON + 2 * SEAL_EVERY_NS)  # sealed but not put
    monkeypatch.setattr("shared.adapters.s3.tape.SEAL_ROWS", 2)
    tape.add(event)
    assert not tape.due(NOON + SEAL_EVERY_NS)
    tape.add(event)
    assert tape.due(NOON + SEAL_EVERY_NS)
    assert SEAL_EVERY_NS <= 45 * SECOND


def test_a_put_that_failed_half_way_is_made_again_without_a_double(tmp_path: Path) -> None:
    lake = Noted(tmp_path)
    tape = Tape(lake, "t", NOON)
    put = sorted(events(10, NOON, 1, "a") + events(10, NOON, 1, "b"), key=lambda event: event.observed_at)
    for event in put:
        tape.add(event)
    lake.refuses_after = 1
    (batch,) = tape.seal()
    with pytest.raises(Temporary):
        tape.put(batch)
    assert tape.waiting == 20
    lake.refuses_after = 1 << 30
    (again,) = tape.seal()
    assert (tape.put(again), tape.put(again), tape.waiting) == (20, 0, 0)
    assert entries(lake) == list(enumerate(put))
    assert len(lake.written) == 3


def test_a_batch_being_put_is_not_dropped(tmp_path: Path) -> None:
    tape = Tape(FolderLake(tmp_path), "t", NOON, most_waiting=3)
    put = events(7)
    for event in put[:3]:
        tape.add(event)
    (batch,) = tape.seal()
    batch.is_being_put = True
    tape.add(put[3])
    assert (tape.dropped, tape.waiting) == (1, 3)  # the new one: the batch is on its way
    batch.is_being_put = False
    tape.add(put[4])
    assert (tape.dropped, tape.waiting, tape.put(batch)) == (4, 1, 0)
    tape.add(put[5])
    tape.flush()
    assert entries(FolderLake(tmp_path)) == [(4, put[4]), (5, put[5])]


def test_adding_goes_on_while_another_thread_seals_and_puts(tmp_path: Path) -> None:
    tape = Tape(FolderLake(tmp_path), "t", NOON)
    put = [Event(0, NOON + n, NOON, "a", SpotTrade("BTC", Side.BUY, n, n, n)) for n in range(30_000)]
    stop = threading.Event()

    def flush() -> None:
        while not stop.is_set():
            tape.flush()
            time.sleep(0.001)

    thread = threading.Thread(target=flush)
    thread.start()
    for event in put:
        tape.add(event)
    stop.set()
    thread.join()
    tape.flush()
    assert entries(FolderLake(tmp_path)) == list(enumerate(put))


def test_lives_of_one_prefix_are_kept_apart(tmp_path: Path) -> None:
    lake, put = FolderLake(tmp_path), events(6)
    for life, part in ((NOON, put[:3]), (NOON + 5, put[3:])):
        tape = Tape(lake, "t", life)
        for event in part:
            tape.add(event)
        assert tape.added == 3
        tape.flush()
    assert lives_of(lake, "t") == [NOON, NOON + 5]
    assert [entry.row for entry in read_life(lake, "t", NOON + 5)] == put[3:]
    assert list(read_tape(lake, "t")) == put


def test_a_tape_of_the_first_release_is_still_read(tmp_path: Path) -> None:
    lake, (event,) = FolderLake(tmp_path), events(1)
    old = pa.table({"seq": [1], "observed_at": [NOON], "body": [msgspec.json.encode(event).decode()]})
    lake.write(f"t/date=2026-03-22/hour=12/source=data/{NOON:020d}-{1:012d}.parquet", old)
    assert list(read_tape(lake, "t")) == [event]


def test_a_folder_says_what_it_cannot_do(tmp_path: Path) -> None:
    lake = FolderLake(tmp_path)
    assert lake.names("nothing/here") == []
    with pytest.raises(Temporary, match=r"reading .*x\.parquet: No such file"):
        lake.read("x.parquet")
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(BadInput, match=r"x\.parquet is not Parquet"):
        lake.read("x.parquet")
    (tmp_path / "file").touch()
    with pytest.raises(Temporary, match=r"writing .*file/y\.parquet"):
        lake.write("file/y.parquet", pa.table({"a": [1]}))
    lake.write("a/z.parquet", pa.table({"a": [1], "b": [2]}))
    assert lake.names("a/") == ["a/z.parquet"]
    assert lake.read("a/z.parquet", ["b", "c"]).column_names == ["b"]


def test_a_role_no_release_has_written_is_refused(tmp_path: Path) -> None:
    lake = FolderLake(tmp_path)
    row = pa.table({"n": [0], "role": ["dreamt"], "body": ["{}"]})
    lake.write(f"t/date=2026-03-22/hour=12/source=x/{NOON:020d}-{1:06d}.parquet", row)
    with pytest.raises(BadInput, match="role is 'dreamt'"):
        list(read_tape(lake, "t"))
