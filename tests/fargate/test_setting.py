"""The command ``set`` on real tables, answered by a real trader that runs beside it."""

import json
import threading
import time
from collections.abc import Iterator

import pytest

from fargate import setting
from fargate.__main__ import main
from fargate.trader import About, Trader
from shared.adapters.clock import SystemClock
from shared.adapters.durable.lease import acquire
from shared.adapters.durable.store import DurableStore
from shared.adapters.dynamo.backend import DynamoBackend
from shared.adapters.dynamo.controls import read_commands
from shared.adapters.dynamo.rebuild import verify_books
from shared.adapters.dynamo.views import Views
from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.venue import PaperVenue
from shared.domain.change import Change, Mode
from shared.domain.command import CommandKind
from shared.domain.money import dollars
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.research.driver import Driver
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.contracts.embedded import Embedded, embedded
from tests.fargate.fakes import ListTape

__all__ = ["embedded"]

A, B = "0x" + "a" * 40, "0x" + "b" * 40


class Running:
    """A trader of one account over the embedded tables, ticking in a thread of its own while ``on``."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.tables = embedded.tables
        self._clock = SystemClock()
        self._on = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.begin()

    def begin(self) -> None:
        """A life: what the journal says, and the capital on the first."""
        backend = DynamoBackend(self.account, self.tables)
        self.store = DurableStore(backend, acquire(backend, "test", self._clock.now()))
        self.engine = Engine(self.account, WhaleCopy(Params()), Limits())
        driver = Driver(self.engine, PaperVenue(0, MemoryPaperLog()), self.store)
        about = About(self.account, "test", dollars(10_000))
        views = Views(self.account, self.tables)
        self._trader = Trader(driver, self.store, views, ListTape(), self._clock, about, lambda: False)
        driver.recover(self.store.journal(self.account), self._clock.now())
        self._trader.deposit(dollars(10_000), self._clock.now())

    def start(self) -> None:
        self._trader.tick(self._clock.now())  # so that it is known to run
        self._on.set()
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            if self._on.is_set():
                self._trader.tick(self._clock.now())

    def pause(self) -> None:
        self._on.clear()

    def end(self) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(10)


@pytest.fixture
def running(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    made = Running(embedded)
    monkeypatch.setenv("ACCOUNT", made.account)
    monkeypatch.setenv("TABLE_PREFIX", "test-")
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.server.url)
    monkeypatch.setattr(setting, "ANSWER_LOOK_S", 0.02)
    yield made
    made.end()


def test_limits_are_set_while_it_trades_and_hold_for_the_next_life(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    running.start()
    assert main(["set", "limit", "stop_loss=10%", "trade_max_usd=250"]) == 0
    assert capsys.readouterr().out == "from now on: stop_loss=10%, trade_max_usd=250\n"
    assert (running.engine.limits.stop_loss, running.engine.limits.trade_max_usd) == (100_000, dollars(250))
    assert read_commands(running.tables, running.account) == []
    running.pause()
    running.begin()
    assert running.engine.limits.stop_loss == 100_000
    verify_books(running.account, running.tables, running.store.entries())


def test_what_is_in_force_is_shown_with_what_was_changed(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    running.start()
    assert main(["set", "limit", "spread_max=0.02"]) == 0
    assert main(["set", "mode", "observe"]) == 0
    assert main(["set", "watch", f"+{A}", f"-{B}"]) == 0
    capsys.readouterr()
    assert main(["limits"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Limits in force of account {running.account} (profile copy)\n")
    (line,) = (line for line in shown.splitlines() if line.startswith("spread_max "))
    assert line.endswith("widest spread to enter at [changed: 0.02]")
    assert "$0.02" in line
    assert "The strategy observes: it decides, and enters nothing\n" in shown
    assert f"Pinned at run time: {A}\nPinned no more: {B}\n" in shown
    assert main(["limits", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["in_force_of"], told["mode"], told["pinned"]) == (running.account, "observe", [A])
    assert {row["name"]: row["changed"] for row in told["limits"] if row["changed"]} == {"spread_max": "0.02"}
    assert main(["limits", "--profile", "copy"]) == 0
    assert capsys.readouterr().out.startswith("Limits of profile copy\n")


def test_a_reset_is_answered_with_what_holds_then(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    running.start()
    assert main(["set", "watch", f"+{A.upper().replace('0X', '0x')}"]) == 0
    assert list(running.engine.changes.pinned) == [A]
    capsys.readouterr()
    assert main(["set", "reset", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"accepted": True, "limits": {}, "mode": "trade", "pinned": [], "unpinned": []}


def test_what_the_trader_refuses_is_told_in_its_words(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    running.start()
    assert main(["set", "limit", "trade_max_usd=5"]) == 2
    told = capsys.readouterr().err
    assert told == "fargate set: nothing is changed: trade_min_usd 10 exceeds trade_max_usd 5\n"
    time.sleep(0.1)
    assert running.engine.limits == Limits()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["limit", "stop_loss"], "'stop_loss' must be NAME=VALUE, such as stop_loss=10%"),
        (["limit", "stop_loss="], "'stop_loss=' must be NAME=VALUE, such as stop_loss=10%"),
        (["limit", "stop_los=1%"], "there is no limit 'stop_los'; `python -m fargate limits` names them all"),
        (["watch"], "name a wallet to follow (+0x...) or to let go (-0x...)"),
        (["watch", "-0x12"], "'0x12' is not a wallet address (0x and 40 hex digits)"),
    ],
)
def test_what_cannot_be_read_is_told_at_once_and_nobody_is_asked(
    arguments: list[str], sentence: str, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["set", *arguments]) == 2
    assert capsys.readouterr().err == f"fargate set: {sentence}\n"
    assert read_commands(running.tables, running.account) == []


def test_without_a_trader_the_request_waits_for_its_start(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "mode", "observe", "--reason", "night"]) == 1
    assert capsys.readouterr().out == "the trader is not running; it is asked when it is started\n"
    (command,) = read_commands(running.tables, running.account)
    assert (command.kind, command.change, command.reason) == (CommandKind.SET, Change(mode=Mode.OBSERVE), "night")
    running.start()
    for _ in range(200):
        if running.engine.changes.mode is Mode.OBSERVE:
            break
        time.sleep(0.02)
    assert running.engine.changes.mode is Mode.OBSERVE


def test_a_trader_that_does_not_answer_in_time_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running.start()
    running.pause()
    monkeypatch.setattr(setting, "ANSWER_WAIT_S", 0.1)
    assert main(["set", "mode", "observe"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("fargate set: asked, but the trader has not answered within 0.1 s: it may still do so")


def test_limits_in_force_that_cannot_be_read_give_way_to_the_settings(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    Views(running.account, running.tables).put_risk({"changes": {"in_force": {"kelly": "much"}}})
    assert main(["limits"]) == 0
    assert capsys.readouterr().out.startswith("Limits of profile copy\n")
