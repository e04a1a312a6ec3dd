"""The composition root: the only place where ports meet adapters, and the only place that asks which life this is."""

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec import Struct

from fargate.heartbeat import Heartbeat
from fargate.life import leased
from fargate.limits import limits_in_force, stage_in_force
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
from shared.adapters.paper.orders import SettlementSettings
from shared.adapters.paper.orders import VenueSettings as PaperVenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import Lake
from shared.adapters.s3.tape import Tape
from shared.domain.instants import HOUR
from shared.domain.ledger import Record
from shared.domain.money import Fraction
from shared.engine.detection import DetectionParams
from shared.engine.engine import Engine
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


class House(Struct):
    """Everything one paper life is made of. ``venue`` fills from prints; a live run gives it books after the past.

    ``keeper`` holds the lease that ``heartbeat`` renews; ``closing`` ends everything that was opened.
    """

    engine: Engine
    store: Store
    venue: PaperVenue
    views: Views
    tape: Tape
    lake: Lake
    clock: Clock
    journal: JournalFile
    paper_log: FilePaperLog
    records: list[Record]
    live: dict[str, Any]
    reconciled: Reconciled
    keeper: Keeper
    heartbeat: Heartbeat
    closing: ExitStack

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
        """Close the files and let the lease go: the next process takes it at once."""
        self.closing.close()


def engine_of(settings: Settings, sizing: str, strict_sources: frozenset[str]) -> TapedEngine:
    """A fresh engine for the account; whoever opens its tape says ``tape_to`` before anything happens to it.

    ``strict_sources``: sources of trades happening now; only a life that has some remembers trades for long.
    """
    strategy = WhaleCopy(Params(sizing=sizing))
    detection = LIVE_DETECTION if strict_sources else DetectionParams()
    stage = stage_in_force(settings)
    return TapedEngine(settings.account, strategy, limits_in_force(settings), detection, strict_sources, stage)


def open_house(
    settings: Settings,
    endpoint: Endpoint,
    folder: Path,
    engine: Engine,
    seed: int,
    say: Callable[[str], None],
    stopping: Callable[[], bool],
) -> House:
    """Open the stores of a paper life: the lease taken, journal file and tables made to agree, the venue's log read.

    While another process holds the lease it is waited for; ``Stopped`` when ``stopping`` says so meanwhile. Raises
    ``Corrupt`` when file and tables contradict each other, ``Temporary`` when DynamoDB does not answer.
    """
    account, clock = settings.account, SystemClock()
    tables = provision(endpoint, settings.state.table_prefix, state=settings.state).tables
    backend = DynamoBackend(account, tables)
    keeper = Keeper(backend, _owner(), running_ns, settings.lease, clock.now)
    with ExitStack() as closing:
        journal = JournalFile(folder / "journal.jsonl")
        closing.callback(journal.close)
        _raise_epoch(account, tables, journal)
        heartbeat = closing.enter_context(leased(keeper, account, say, lambda: _end_if(stopping)))
        # Under the lease: whoever held it before adds nothing to the tables any more.
        reconciled = reconcile_journal(account, tables, journal)
        paper_log = FilePaperLog(folder / "paper.jsonl", DynamoPaperLog(account, tables))
        closing.callback(paper_log.close)
        s3 = s3_client(endpoint)
        return House(
            engine=engine,
            store=JournaledStore(DurableStore(backend, keeper.epoch, clock=clock), journal),
            venue=PaperVenue(seed, paper_log),
            views=Views(account, tables),
            tape=Tape(Lake(s3, BUCKET), f"tape/{account}", clock.now()),
            lake=Lake(s3, BUCKET),
            clock=clock,
            journal=journal,
            paper_log=paper_log,
            records=[entry.record for entry in journal.entries()],
            live=Readers(settings.state.table_prefix, endpoint).live(account) or {},
            reconciled=reconciled,
            keeper=keeper,
            heartbeat=heartbeat,
            closing=closing.pop_all(),
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
