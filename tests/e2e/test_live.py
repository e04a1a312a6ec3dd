"""`make run` on live public data, as a process, against the local venue."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.domain.decision import Reason
from shared.domain.instants import MILLISECOND, day_of
from shared.domain.ledger import RecordKind
from tests.e2e.system import System
from tests.exchange.content import Content
from tests.exchange.server import LocalVenue
from tests.fargate.live_world import CROWD, LEADER, furnish, trade

NO_STREAMS = dict.fromkeys(("RTDS_URL", "CLOB_WS_URL", "BINANCE_URL", "COINBASE_URL"), "off")


@pytest.fixture
def venue() -> Iterator[LocalVenue]:
    """The local venue in a thread of its own, with a past of three trades."""
    loop = asyncio.new_event_loop()
    server = LocalVenue(clock=time.time)
    furnish(server.content)
    keep_fresh(server.content)
    server.content.add_rows([trade(n, time.time() - 3600 + 90 * n) for n in range(3)])
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def keep_fresh(content: Content) -> None:
    """A book is as old as the question: a run that takes long to start finds no old one."""
    books = dict(content.books)
    content.books.clear()

    def book_of(token: str) -> dict[str, Any] | None:
        return {**books[token], "timestamp": f"{time.time_ns() // MILLISECOND}"} if token in books else None

    content.book_of = book_of


def test_the_live_run_backfills_hears_new_trades_once_and_stops_on_ctrl_c(venue: LocalVenue, tmp_path: Path) -> None:
    urls = {"DATA_API_URL": venue.data_url, "GAMMA_URL": venue.gamma_url, "CLOB_URL": venue.clob_url, **NO_STREAMS}
    with System(tmp_path / "state", **urls, PINNED_WALLETS=LEADER) as system:  # three trades make no ranking
        system.start("--sizing", "ratio")
        system.until_said("whales is back: activity: the venue answers")
        assert "reading the last 6 h of 1 wallets" in system.said
        assert "3 rows of activity" in system.said
        sent = Repeated(venue, 10, {})
        system.until(lambda: sent.again() and any(planned_for(system, tx) for tx in sent.txs), "a new trade is copied")
        # Seconds are cut off a row's time, and a print before the order is active is none of its business.
        crowd = Repeated(venue, 30, {"proxy_wallet": CROWD, "size": 25.0}, ahead_s=2.0)
        system.until(lambda: crowd.again() and _count(system, "fills") >= 1, "a later print fills the copy")
        system.until(lambda: len(system.readers().whales("paper")) == 1, "the followed wallet is shown")
        system.until(lambda: _count(system, "whale_trades") >= 3 + len(sent.txs), "every new trade is heard")
        polls = len(venue.requests)
        system.until(lambda: len(venue.requests) >= polls + 6, "two more polls")
        system.until_said("published as rankings/")
        assert system.live()["source"] == "live"
        assert _count(system, "whale_trades") == 3 + len(sent.txs)
        decided = system.readers().latest_decisions("paper", day_of(time.time_ns()), 100)
        assert sorted(d.tx for d in decided if d.tx in sent.txs) == sorted(sent.txs)
        assert Reason.COPIED in {d.reason for d in decided if d.tx in sent.txs}
        assert {d.wallet for d in decided} == {LEADER}
        system.until(lambda: system.run("status").returncode == 0, "the trader is ready")
        assert system.interrupt() == 0, system.said
        first = system.records()
        assert sum(record.kind is RecordKind.DEPOSITED for record in first) == 1
        assert len([r for r in first if r.fill is not None]) >= 1


class Repeated:
    """A new trade every few seconds until it has had its effect: a poll that failed on a busy machine costs a copy."""

    def __init__(self, venue: LocalVenue, first: int, changes: dict[str, Any], ahead_s: float = 0.0) -> None:
        self.txs: list[str] = []
        self._venue = venue
        self._number = first
        self._changes = changes
        self._ahead_s = ahead_s
        self._next = 0.0

    def again(self) -> bool:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 8.0
            row = trade(self._number, time.time() + self._ahead_s, **self._changes)
            self._number += 1
            self._venue.content.add_rows([row])
            self.txs.append(row["transaction_hash"])
        return True


def _count(system: System, name: str) -> int:
    return int(system.live().get("counts", {}).get(name, 0))


def planned_for(system: System, tx: str) -> bool:
    """Whether an order of the running system copies this transaction (read from its journal file)."""
    path = system.journal_file()
    return path.exists() and tx.encode() in path.read_bytes()
