"""The disaster-recovery drill: a life trades on the embedded AWS, its journal's stream is archived (with everything
that streams do: batches again, from the middle, cut in two), five tables are lost, and the archive alone brings them
back.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from fargate.__main__ import main
from functions.archive_stream import handler as archive_stream
from functions.audit_ledger import handler as audit_ledger
from shared.adapters.durable.conditions import LEASE, SWITCH
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.controls import read_switch
from shared.adapters.dynamo.lease import read_lease
from shared.adapters.dynamo.notes import RUN
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.embedded.provision import provision
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.adapters.s3.client import s3_client
from shared.adapters.synthetic import HOUSE, generate
from shared.research.naive import WIDE
from shared.research.replay import ReplayOptions, run_replay
from tests.recovery.streams import Item, batches, inserts, journal_items, raw_items

ACCOUNT = "paper"
PREFIX = "drill-"
BUCKET = "drill-audit"
BATCH = 100
LOST = ("control", "orders", "positions", "ledger", "journal")
NOT_MONEY = (LEASE, SWITCH)
"""Items of table control that are another's afterwards, on purpose; as are the last runs of functions (``RUN``)."""
Say = Callable[[str], None]
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
ARCHIVE: Handler = archive_stream.handler
AUDIT: Handler = audit_ledger.handler


class Drill(Struct):
    """What was lost and came back; seconds as measured."""

    records: int
    items: dict[str, int]
    archived_s: float
    audited_s: float
    restored_s: float
    differences: list[str]


def audit_bucket(endpoint: Endpoint, bucket: str) -> None:
    """A bucket as the cloud has it: what is written in it stays for a day at least."""
    s3 = s3_client(endpoint)
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    )


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables as a function or a command would find them, for as long as it lasts."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def everybody(folder: Path, seed: int, hours: float) -> ReplayOptions:
    """A synthetic day on which everybody is copied: nothing to earn, much to write down."""
    generate(seed, hours, folder, HOUSE, lambda _: None)
    everyone = folder / "everyone.parquet"
    wallets = pl.read_parquet(folder / "trades.parquet", columns=["wallet"]).unique(maintain_order=True)
    wallets.write_parquet(everyone)
    return ReplayOptions(folder, whales=everyone, sizing="ratio", limits=WIDE, seed=seed)


def run_drill(folder: Path, traded: ReplayOptions, say: Say) -> Drill:
    """The whole drill on a server of its own, after a recording was traded."""
    with EmbeddedAws(folder / "aws", free_port()) as aws:
        tables = provision(aws.endpoint, PREFIX).tables
        audit_bucket(aws.endpoint, BUCKET)
        _trade(traded, tables, say)
        with environment(
            ACCOUNT=ACCOUNT, AWS_ENDPOINT_URL=aws.url, TABLE_PREFIX=PREFIX, AUDIT_BUCKET=BUCKET, ALERTS_QUEUE_URL=""
        ):
            return _lose_and_restore(aws.endpoint, tables, say)


def _trade(traded: ReplayOptions, tables: Tables, say: Say) -> None:
    backend = DynamoBackend(ACCOUNT, tables)
    store = DurableStore(backend, acquire(backend, "drill", time.time_ns()))
    began = time.monotonic()
    report, _ = run_replay(traded, store, lambda _: None)
    took = time.monotonic() - began
    say(f"a life has traded: {report.fills:,} fills, equity ${report.equity_usd:,.2f} ({took:.0f} s)")


def _lose_and_restore(endpoint: Endpoint, tables: Tables, say: Say) -> Drill:
    items = journal_items(endpoint, tables, ACCOUNT)
    began = time.monotonic()
    _archive(items)
    archived = time.monotonic()
    audit = AUDIT({"whole": True}, None)
    audited = time.monotonic()
    assert audit["differences"] == 0, audit["told"]
    say(f"{len(items):,} records archived in {archived - began:.1f} s, audited in {audited - archived:.1f} s")
    lease = read_lease(tables, ACCOUNT)
    before = {name: _items(endpoint, name) for name in LOST}
    _lose(tables)
    say(f"lost: {', '.join(f'{name} ({len(found):,})' for name, found in before.items())}")
    began = time.monotonic()
    code = main(["restore", "--from-archive"])
    restored = time.monotonic() - began
    assert code == 0, f"restore ended with {code}"
    after = {name: _items(endpoint, name) for name in LOST}
    differences = [sentence for name in LOST for sentence in _differences(name, before[name], after[name])]
    epoch = read_lease(tables, ACCOUNT)
    if lease is None or epoch is None or epoch.epoch < lease.epoch:
        differences.append("the lease would give out an epoch that was used before")
    if read_switch(tables, ACCOUNT).trading:
        differences.append("trading is on again before anybody has looked")
    counts = {name: len(found) for name, found in before.items()}
    return Drill(len(items), counts, archived - began, audited - archived, restored, differences)


def _archive(items: list[Item]) -> None:
    """Every record arrives; of ten batches one comes twice, and one again from its middle on, in two parts."""
    for number, batch in enumerate(batches(inserts(items, PREFIX), BATCH)):
        sent = [batch]
        if number % 10 == 3:
            sent.append(batch)
        if number % 10 == 7:
            sent += [batch[BATCH // 2 : BATCH * 3 // 4], batch[BATCH * 3 // 4 :]]
        for one in sent:
            answer = ARCHIVE({"Records": one}, None)
            assert answer["batchItemFailures"] == [], answer


def _items(endpoint: Endpoint, name: str) -> dict[str, Item]:
    """Items by their keys."""
    keys = {"control": "item", "orders": "order_key", "positions": "slot", "ledger": "posting_id", "journal": "seq"}
    found = {item[keys[name]]["S"]: item for item in raw_items(endpoint, f"{PREFIX}{name}")}
    return {key: item for key, item in found.items() if name != "control" or not (key in NOT_MONEY or RUN in key)}


def _lose(tables: Tables) -> None:
    for name in LOST:
        getattr(tables, name).delete_table()


def _differences(name: str, before: dict[str, Item], after: dict[str, Item]) -> Iterator[str]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield f"table {name}, item {key}: was {before.get(key)}, is {after.get(key)}"
