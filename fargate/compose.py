"""The composition root: the only place where ports meet adapters, and the only place that asks which life this is."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from fargate.limits import limits_in_force, stage_in_force
from fargate.trader import About, Trader
from shared.adapters.clock import SystemClock
from shared.adapters.dynamo.lease import acquire
from shared.adapters.dynamo.paper_log import DynamoPaperLog
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.store import DynamoStore
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.dynamo.views import Views
from shared.adapters.embedded.provision import BUCKET, provision
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
from shared.research.driver import Driver
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
    """Everything one paper life is made of. ``venue`` fills from prints; a live run gives it books after the past."""

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

    def resume_at(self) -> int:
        """Event time up to which an earlier run has gone; 0 on a first run."""
        return max([0, int(self.live.get("event_at", 0)), *(record.at for record in self.records)])

    def close(self) -> None:
        """Close the files."""
        self.paper_log.close()
        self.journal.close()


def engine_of(settings: Settings, sizing: str, strict_sources: frozenset[str]) -> TapedEngine:
    """A fresh engine for the account; whoever opens its tape says ``tape_to`` before anything happens to it.

    ``strict_sources``: sources of trades happening now; only a life that has some remembers trades for long.
    """
    strategy = WhaleCopy(Params(sizing=sizing))
    detection = LIVE_DETECTION if strict_sources else DetectionParams()
    stage = stage_in_force(settings)
    return TapedEngine(settings.account, strategy, limits_in_force(settings), detection, strict_sources, stage)


def open_house(settings: Settings, endpoint: Endpoint, folder: Path, engine: Engine, seed: int) -> House:
    """Open the stores of a paper life: journal file and tables made to agree, the lease taken, the venue's log read.

    Raises ``Corrupt`` when file and tables contradict each other, ``Temporary`` when DynamoDB does not answer.
    """
    account, clock = settings.account, SystemClock()
    tables = provision(endpoint, settings.state.table_prefix, state=settings.state).tables
    journal = JournalFile(folder / "journal.jsonl")
    reconciled = reconcile_journal(account, tables, journal)
    s3 = s3_client(endpoint)
    owner = f"{socket.gethostname()}-{os.getpid()}"
    store = DynamoStore(account, tables, acquire(tables, account, owner, clock.now()), clock=clock)
    paper_log = FilePaperLog(folder / "paper.jsonl", DynamoPaperLog(account, tables))
    return House(
        engine=engine,
        store=JournaledStore(store, journal),
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
    )


def trader_of(house: House, driver: Driver, about: About, stopping: Callable[[], bool]) -> Trader[Driver]:
    """The trader around a driver."""
    return Trader(driver, house.store, house.views, house.tape, house.clock, about, stopping)
