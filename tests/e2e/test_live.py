"""`make run` on live public data, as a process, against the local venue."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.decision import Reason
from shared.domain.instants import day_of
from shared.domain.ledger import RecordKind
from tests.e2e.system import System
from tests.exchange.server import LocalVenue
from tests.fargate.live_world import CROWD, LEADER, furnish, trade


@pytest.fixture
def venue() -> Iterator[LocalVenue]:
    """The local venue in a thread of its own, with a past of three trades."""
    loop = asyncio.new_event_loop()
    server = LocalVenue(clock=time.time)
    furnish(server.content)
    server.content.add_rows([trade(n, time.time() - 3600 + 90 * n) for n in range(3)])
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_live_run_backfills_hears_new_trades_once_and_stops_on_ctrl_c(venue: LocalVenue, tmp_path: Path) -> None:
    urls = {"DATA_API_URL": venue.data_url, "GAMMA_URL": venue.gamma_url, "CLOB_URL": venue.clob_url}
    with System(tmp_path / "state", **urls) as system:
        system.start("--sizing", "ratio")
        system.until_said("live: polling")
        assert "reading the last 6 h of 1 wallets" in system.said
        assert "3 rows of activity" in system.said
        venue.content.add_rows([trade(10, time.time())])
        system.until(lambda: planned_for(system, trade(10, 0)["transaction_hash"]), "the new trade is copied")
        venue.content.add_rows([trade(11, time.time() + 1, proxy_wallet=CROWD, size=25.0)])
        system.until(lambda: system.live().get("counts", {}).get("fills") == 1, "a later print fills the copy")
        system.until(lambda: len(system.readers().whales("paper")) == 1, "the followed wallet is shown")
        polls = len(venue.requests)
        system.until(lambda: len(venue.requests) >= polls + 6, "two more polls")
        live = system.live()
        assert (live["source"], live["counts"]["whale_trades"]) == ("live", 4)
        decided = system.readers().latest_decisions("paper", day_of(time.time_ns()), 100)
        assert [d.reason for d in decided if d.tx == trade(10, 0)["transaction_hash"]] == [Reason.COPIED]
        assert {d.wallet for d in decided} == {LEADER}
        assert system.interrupt() == 0, system.said
        first = system.records()
        assert sum(record.kind is RecordKind.DEPOSITED for record in first) == 1
        assert len([r for r in first if r.fill is not None]) == 1


def planned_for(system: System, tx: str) -> bool:
    """Whether an order of the running system copies this transaction (read from its journal file)."""
    path = system.journal_file()
    return path.exists() and tx.encode() in path.read_bytes()
