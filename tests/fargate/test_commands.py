"""The commands that ask the trader for something, on real tables and with a trader that is played by the test."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fargate import commands
from fargate.__main__ import main
from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.controls import read_commands, read_switch, remove_command
from shared.adapters.dynamo.views import Views
from shared.domain.command import CommandKind
from shared.domain.instants import SECOND
from tests.contracts.embedded import Embedded, embedded
from tests.fargate.test_explain import position

__all__ = ["embedded"]


class Desk:
    """One account, a person at the keyboard, and somebody who plays the trader."""

    def __init__(self, embedded: Embedded) -> None:
        self.account = embedded.account()
        self.tables = embedded.tables
        self.views = Views(self.account, embedded.tables)
        self._playing: list[threading.Thread] = []

    def trader_writes(self, ago: int = 0, **more: object) -> None:
        self.views.put_live({"at": time.time_ns() - ago, "source": "live", "equity": 10**10, **more})

    def holds(self, size: int) -> None:
        held = position(account=self.account, size=size)
        self.tables.positions(account=self.account, slot=held.key, body=body_of(held)).save()

    def trader_takes(self, before: Callable[[], None]) -> None:
        """A trader that sees the request a little later, does this, and takes it."""

        def play() -> None:
            while not (asked := read_commands(self.tables, self.account)):
                time.sleep(0.02)
            before()
            for command in asked:
                remove_command(self.tables, self.account, command.command_id)

        self._playing.append(threading.Thread(target=play))
        self._playing[-1].start()

    def end(self) -> None:
        for thread in self._playing:
            thread.join(10)


@pytest.fixture
def desk(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(embedded)
    monkeypatch.setenv("ACCOUNT", made.account)
    monkeypatch.setenv("TABLE_PREFIX", "test-")
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.server.url)
    monkeypatch.setattr(commands, "FLATTEN_LOOK_S", 0.02)
    yield made
    made.end()


def test_flatten_sets_the_switch_and_waits_until_everything_is_sold(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.trader_writes()
    desk.holds(10**8)
    desk.trader_takes(lambda: desk.holds(0))
    assert main(["flatten", "--reason", "enough"]) == 0
    switch = read_switch(desk.tables, desk.account)
    assert (switch.trading, switch.reason) == (False, "enough")
    assert capsys.readouterr().out == (
        "trading is stopped and everything that can be sold is sold: no position is left\n"
    )


def test_what_no_order_can_carry_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.trader_writes()
    desk.trader_takes(lambda: desk.holds(9_999))
    assert main(["flatten", "--reason", "enough"]) == 0
    said = capsys.readouterr().out
    assert "1 positions that cost $52.25 are left; what is left is less than the venue's smallest order" in said


def test_flatten_says_what_is_left_when_it_takes_too_long(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "FLATTEN_WAIT_S", 0.1)
    desk.trader_writes()
    desk.holds(10**8)
    assert main(["flatten", "--reason", "enough"]) == 1
    assert "the trader is selling, which is not done yet: 1 positions" in capsys.readouterr().out


@pytest.mark.parametrize("ago", [16 * SECOND, None])
def test_flatten_does_not_wait_for_a_trader_that_is_not_running(
    ago: int | None, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    if ago is not None:
        desk.trader_writes(ago)
    desk.holds(10**8)
    assert main(["flatten", "--reason", "enough", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["flat"], answer["trader_running"], answer["orders_open"]) == (False, False, 0)
    assert [left["size"] for left in answer["positions_left"]] == [10**8]
    assert [one.kind for one in read_commands(desk.tables, desk.account)] == [CommandKind.FLATTEN]
    assert main(["flatten", "--reason", "enough"]) == 1
    assert "the trader is not running" in capsys.readouterr().out
