"""The composition root: the only place where ports meet adapters, and the only place that asks which life this is."""

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec import Struct

from fargate.gauges import Gauges
from fargate.heartbeat import Heartbeat
from fargate.life import leased
from fargate.limits import limits_in_force, stage_in_force
from fargate.notices import Notices
from fargate.schedule import Rank, Schedule, rank_beside, schedule_of
from fargate.trader import Stopped
from shared.adapters.clock import SystemClock, running_ns
from shared.adapters.durable.lease import Keeper
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.lease import raise_epoch
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.provision import BUCKET, provision
from shared.adapters.journal.entry import epoch_of
from shared.adapters.journal.file import JournalFile
from shared.adapters.journal.paper_log import FilePaperLog
from shared.adapters.journal.reconcile import Reconciled, reconcile_journal
from shared.adapters.journal.store import JournaledStore
from shared.adapters.notices.clients import sqs_client
from shared.adapters.notices.queue import QueueNotifier
from shared.adapters.paper.orders import PaperLog, SettlementSettings
from shared.adapters.paper.orders import VenueSettings as PaperVenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.adapters.s3.client import check_bucket, s3_client
from shared.adapters.s3.lake import Lake
from shared.adapters.s3.tape import Tape
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR
from shared.domain.ledger import Record
from shared.domain.money import Fraction
from shared.engine.detection import DetectionParams
from shared.observability import make_metrics
from shared.ports import Clock, Store
from shared.research.taped import TapedEngine
from shared.settings import Settings
from shared.strategies.whale_copy import Params, WhaleCopy

LIVE_DETECTION = DetectionParams(window_ns=2 * HOUR)
"""The activity stream brings trades 30-60 minutes late, once more: what polling told long ago must still be known."""

LIVE_VENUE = PaperVenueSettings(
    books=True,
    settlement=SettlementSettings(enabled=True, failed=Fraction(5_000), adverse_share=Fraction(700_000)),
    rebates=True,
)
"""The paper venue of a live run. One execution in 200 fails to settle, and those that have gained more often: what the
field reports is an incident of 35% and silence otherwise (polymarket.md 8, row 7), so the rate is set such that every
day meets some and its results do not depend on it.
"""

Say = Callable[[str], None]


class House(Struct):
    """Everything one paper life is made of. ``venue`` fills from prints; a live run gives it books after the past.

    ``keeper`` holds the lease that ``heartbeat`` renews; ``schedule`` says who is followed; ``notices`` and ``gauges``
    are where people and alarms are told, None where nobody listens; ``closing`` ends everything that was opened.
    """

    engine: TapedEngine
    store: Store
    venue: PaperVenue
    views: Views
    tape: Tape
    lake: Lake
    clock: Clock
    records: list[Record]
    live: dict[str, Any]
    keeper: Keeper
    heartbeat: Heartbeat
    schedule: Schedule
    closing: ExitStack
    reconciled: Reconciled = Reconciled(0, 0, switch_restored=False)
    notices: Notices | None = None
    gauges: Gauges | None = None

    def resume_at(self) -> int:
        """Event time up to which an earlier run has gone; 0 on a first run."""
        return max([0, int(self.live.get("event_at", 0)), *(record.at for record in self.records)])

    def watched(self, stopping: Callable[[], bool]) -> Callable[[], bool]:
        """Asks ``stopping``; raises ``LeaseLost`` once the lease is another's."""

        def asked() -> bool:
            self.heartbeat.check()
            return stopping()

        return asked

    def close(self) -> None:
        """Close what was opened and let the lease go: the next process takes it at once."""
        self.closing.close()


class Memory(Struct, frozen=True):
    """What is durable of an account and holds its money: the store, the paper venue's log, and the records so far."""

    store: Store
    paper_log: PaperLog
    records: list[Record]
    reconciled: Reconciled = Reconciled(0, 0, switch_restored=False)


class Opening(Struct):
    """What a life is opened with, wherever it is. ``stopping`` ends the waiting for the lease."""

    settings: Settings
    endpoint: Endpoint
    engine: TapedEngine
    seed: int
    say: Say
    stopping: Callable[[], bool]


def engine_of(settings: Settings, sizing: str, strict_sources: frozenset[str]) -> TapedEngine:
    """A fresh engine for the account; whoever opens its tape says ``tape_to`` before anything happens to it.

    ``strict_sources``: sources of trades happening now; only a life that has some remembers trades for long.
    """
    strategy = WhaleCopy(Params(sizing=sizing))
    detection = LIVE_DETECTION if strict_sources else DetectionParams()
    stage = stage_in_force(settings)
    return TapedEngine(settings.account, strategy, limits_in_force(settings), detection, strict_sources, stage)


def open_house(opening: Opening, folder: Path) -> House:
    """Open a life on this machine: the lease taken, journal file and tables made to agree, the venue's log read. What
    the embedded AWS lacks is created; wallets are ranked in a process beside the trader.

    While another process holds the lease it is waited for; ``Stopped`` when ``stopping`` says so meanwhile. Raises
    ``Corrupt`` when file and tables contradict each other, ``Temporary`` when DynamoDB does not answer.
    """
    settings, endpoint = opening.settings, opening.endpoint
    account = settings.account
    tables = provision(endpoint, settings.state.table_prefix, state=settings.state).tables
    with ExitStack() as closing:
        journal = JournalFile(folder / "journal.jsonl")
        closing.callback(journal.close)
        _raise_epoch(account, tables, journal)

        def remember(store: DurableStore) -> Memory:
            # Under the lease: whoever held it before adds nothing to the tables any more.
            reconciled = reconcile_journal(account, tables, journal)
            paper_log = FilePaperLog(folder / "paper.jsonl", DynamoPaperLog(account, tables))
            closing.callback(paper_log.close)
            records = [entry.record for entry in journal.entries()]
            return Memory(JournaledStore(store, journal), paper_log, records, reconciled)

        house = _opened(opening, tables, BUCKET, rank_beside(settings, endpoint, opening.say), remember, closing)
        house.closing = closing.pop_all()
        return house


def open_deployed(opening: Opening, ready: Callable[[], None]) -> House:
    """Open a life in a deployment: the same on tables alone, since the disk is gone with the task. What it needs is
    there or it is not deployed; the ranking is published by functions; people and alarms are told.

    ``ready`` returns once it makes sense to take the lease. Raises as ``open_house`` does, and ``BadInput`` in one
    sentence where a table or the bucket does not exist.
    """
    settings, endpoint = opening.settings, opening.endpoint
    account, cloud = settings.account, settings.cloud
    if cloud.deployment != "paper":
        raise BadInput(f"DEPLOYMENT is {cloud.deployment}: orders at the venue cannot be sent yet, only paper trades")
    tables = Tables(settings.state.table_prefix, endpoint)
    tables.check()
    check_bucket(s3_client(endpoint), cloud.lake_bucket)
    ready()

    def remember(store: DurableStore) -> Memory:
        return Memory(store, DynamoPaperLog(account, tables), store.journal(account))

    with ExitStack() as closing:
        house = _opened(opening, tables, cloud.lake_bucket, None, remember, closing)
        house.gauges = Gauges(make_metrics("trader"))
        if cloud.alerts_queue_url:
            notifier = QueueNotifier(sqs_client(endpoint), cloud.alerts_queue_url)
            house.notices = Notices(notifier, account, opening.say)
            closing.callback(house.notices.close)
        house.closing = closing.pop_all()
        return house


def _opened(
    opening: Opening,
    tables: Tables,
    bucket: str,
    rank: Rank | None,
    remember: Callable[[DurableStore], Memory],
    closing: ExitStack,
) -> House:
    """Take the lease, remember under it, and furnish the house; ``closing`` lets the lease go."""
    settings, clock = opening.settings, SystemClock()
    account = settings.account
    backend = DynamoBackend(account, tables)
    keeper = Keeper(backend, _owner(), running_ns, settings.lease, clock.now)
    heartbeat = closing.enter_context(leased(keeper, account, opening.say, lambda: _end_if(opening.stopping)))
    memory = remember(DurableStore(backend, keeper.epoch, clock=clock))
    lake = Lake(s3_client(opening.endpoint), bucket)
    return House(
        engine=opening.engine,
        store=memory.store,
        venue=PaperVenue(opening.seed, memory.paper_log),
        views=Views(account, tables),
        tape=Tape(lake, f"tape/{account}", clock.now()),
        lake=lake,
        clock=clock,
        records=memory.records,
        live=Readers(settings.state.table_prefix, opening.endpoint).live(account) or {},
        keeper=keeper,
        heartbeat=heartbeat,
        schedule=schedule_of(settings, tables, rank, opening.say),
        closing=closing,
        reconciled=memory.reconciled,
    )


def _owner() -> str:
    """A name that no other process has, and that people can make something of."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def _raise_epoch(account: str, tables: Tables, journal: JournalFile) -> None:
    """Tables that were lost have forgotten the epoch; what we rebuild in them must lie below ours."""
    if journal.last_key:
        raise_epoch(tables, account, epoch_of(journal.last_key))


def _end_if(stopping: Callable[[], bool]) -> None:
    if stopping():
        raise Stopped
