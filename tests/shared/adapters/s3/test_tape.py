import pyarrow as pa
import pytest

from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import Lake
from shared.adapters.s3.tape import Tape, read_tape
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import HOUR
from shared.domain.ledger import Fill
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    Balance,
    BookChange,
    BookSnapshot,
    Command,
    CommandKind,
    ControlChanged,
    Event,
    FeedHealth,
    MarketChanged,
    MarketListed,
    MarketResolved,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    Payload,
    PlanCommitted,
    PlanRefused,
    PriceKind,
    PricePoint,
    PublicTrade,
    RankingPublished,
    RefusedBy,
    TimerFired,
    TimerKind,
    WalletActivity,
    WhaleTrade,
)
from shared.domain.money import Price, Shares, Usd
from shared.domain.order import OrderState, Side
from shared.domain.whale import RankedWallet, Ranking
from tests.contracts.embedded import Embedded
from tests.contracts.store.records import NOON

EVERY_KIND: list[Payload] = [
    WhaleTrade("w", "m", "t", Side.BUY, 510_000, 2**53 + 1, "tx", 3),
    WalletActivity("w", "m", "REDEEM", 5),
    PublicTrade("m", "t", Side.SELL, 490_000, 7, "tx", 1),
    BookSnapshot("m", "t", ((490_000, 1), (480_000, 2)), ()),
    BookChange("m", "t", Side.BUY, 490_000, 0),
    PricePoint("BTC", PriceKind.TWAP, 65_000_000_000),
    MarketListed(Market("m", MarketKind.EVENT, "slug", "Ωhat?", tokens=("t", "u"))),
    MarketChanged(Market("m", MarketKind.CRYPTO_UPDOWN, best_bid=Price(490_000))),
    MarketResolved("m", {"t": 1_000_000, "u": 0}),
    TimerFired(TimerKind.ORDER_EXPIRY, "k"),
    FeedHealth("data", healthy=False, reason="timeout"),
    RankingPublished(Ranking(NOON, "simple", (RankedWallet("w", 1, 12, 345, pinned=True),))),
    ControlChanged(trading=False, reason="drill"),
    PlanCommitted("k.1", existed=True),
    PlanRefused("k.1", RefusedBy.HEADROOM, "cash"),
    OrderAccepted("k.1", "0xhash"),
    OrderRejected("k.1", "no"),
    OrderInDoubt("k.1", "timeout"),
    OrderReport("k.1", OrderState.PARTIAL, Shares(5)),
    OrderFilled(Fill("trade", "k.1", 500_000, Shares(5), Usd(1), NOON)),
    Balance("pUSD", 7),
    Command("c", CommandKind.DEPOSIT, "more", 5),
]


def events(count: int, start: int = NOON, step: int = 1_000_000, source: str = "data") -> list[Event]:
    made = []
    for n in range(count):
        at = start + n * step
        made.append(Event(n + 1, at, at - 5, source, EVERY_KIND[n % len(EVERY_KIND)]))
    return made


def test_the_list_of_payloads_is_complete() -> None:
    assert {type(payload) for payload in EVERY_KIND} == set(Payload.__args__)


def test_every_kind_of_event_comes_back_as_it_was(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape, put = Tape(embedded.s3, embedded.bucket, prefix), events(len(EVERY_KIND))
    for event in put:
        tape.add(event)
    assert tape.waiting == len(put)
    assert tape.flush() == len(put)
    assert (tape.waiting, tape.flush()) == (0, 0)
    assert list(read_tape(embedded.s3, embedded.bucket, prefix)) == put


def test_events_of_hours_sources_and_flushes_come_back_in_the_order_they_were_observed(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape = Tape(embedded.s3, embedded.bucket, prefix)
    put = sorted(
        events(40, NOON, HOUR // 10, "data") + events(40, NOON + 7, HOUR // 10, "own"), key=lambda e: e.observed_at
    )
    for n, event in enumerate(put):
        tape.add(event)
        if n % 11 == 0:
            tape.flush()
    tape.flush()
    assert list(read_tape(embedded.s3, embedded.bucket, prefix)) == put
    start, end = put[13].observed_at, put[61].observed_at
    assert list(read_tape(embedded.s3, embedded.bucket, prefix, start, end)) == put[13:61]


def test_the_columns_can_be_read_without_the_events(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape = Tape(embedded.s3, embedded.bucket, prefix)
    (event,) = events(1)
    tape.add(event)
    tape.flush()
    lake = Lake(embedded.s3, embedded.bucket)
    (name,) = lake.names(prefix)
    assert name.startswith(f"{prefix}/date=2026-03-22/hour=12/source=data/")
    (table,) = lake.tables(prefix)
    row = table.to_pylist()[0]
    assert (row["seq"], row["observed_at"], row["venue_at"]) == (1, event.observed_at, event.venue_at)
    assert (row["source"], row["kind"]) == ("data", "WhaleTrade")


def test_while_s3_is_away_events_wait_and_then_the_oldest_are_dropped_and_counted(embedded: Embedded) -> None:
    prefix = f"{embedded.account()}/tape"
    tape = Tape(embedded.s3, "no-such-bucket", prefix, most_waiting=100)
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
    tape._lake.bucket = embedded.bucket
    tape.flush()
    assert list(read_tape(embedded.s3, embedded.bucket, prefix)) == put[tape.dropped :]


def test_a_full_tape_drops_an_older_hour_first(embedded: Embedded) -> None:
    tape = Tape(embedded.s3, embedded.bucket, "unused", most_waiting=2)
    for event in events(3, NOON, HOUR):
        tape.add(event)
    assert (tape.waiting, tape.dropped) == (2, 1)


def test_objects_that_are_no_tape_are_named(embedded: Embedded) -> None:
    root = f"{embedded.account()}/tape"
    lake = Lake(embedded.s3, embedded.bucket)
    named = f"{root}/date=2026-03-22/hour=12/source=x/1.parquet"
    embedded.s3.put_object(Bucket=embedded.bucket, Key=named, Body=b"not parquet")
    with pytest.raises(BadInput, match="is not Parquet"):
        list(read_tape(embedded.s3, embedded.bucket, root))
    lake.write(named, pa.table({"other": [1]}))
    with pytest.raises(BadInput, match="no column body"):
        list(read_tape(embedded.s3, embedded.bucket, root))
    lake.write(named, pa.table({"body": ["{}"]}))
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_tape(embedded.s3, embedded.bucket, root))


def test_a_bucket_that_is_not_there_is_temporary_for_readers_too(embedded: Embedded) -> None:
    lake = Lake(s3_client(embedded.server.endpoint), "no-such-bucket")
    with pytest.raises(Temporary, match="listing"):
        lake.names("a")
    with pytest.raises(Temporary, match="reading"):
        lake.read("a")
