"""How a store is asked until the answer is known."""

import pytest

from shared.adapters.memory.store import MemoryStore
from shared.domain.command import Command, CommandKind
from shared.domain.errors import Temporary
from shared.ports import Switch
from shared.research.storing import TRIES, switched

STOP = Switch(False, "a person", 1)


class Shaky(MemoryStore):
    """A store that is away for some calls. ``done`` is what was asked of it, in order."""

    def __init__(self, away: int = 0, forgets: bool = True) -> None:
        super().__init__()
        self.away = away
        self.forgets = forgets
        self.done: list[str] = []
        self.request(Command("c", CommandKind.KILL, "a person"))

    def set_switch(self, switch: Switch) -> None:
        self.done.append("switch")
        if self.away:
            self.away -= 1
            raise Temporary("away")
        super().set_switch(switch)

    def taken(self, command_id: str) -> None:
        self.done.append("taken")
        if not self.forgets:
            raise Temporary("away")
        super().taken(command_id)


@pytest.mark.parametrize("away", [0, 1, TRIES])
def test_the_switch_is_set_before_the_command_is_forgotten_however_often_it_takes(away: int) -> None:
    store = Shaky(away)
    switched(store, STOP, "c")
    assert store.switch() == STOP
    assert store.commands() == []
    assert store.done == ["switch"] * (away + 1) + ["taken"]


def test_a_switch_that_cannot_be_set_keeps_the_command() -> None:
    store = Shaky(TRIES + 1)
    with pytest.raises(Temporary):
        switched(store, STOP, "c")
    assert [command.command_id for command in store.commands()] == ["c"]


def test_a_command_that_cannot_be_forgotten_now_is_delivered_again() -> None:
    store = Shaky(forgets=False)
    switched(store, STOP, "c")
    assert not store.switch().trading
    assert [command.command_id for command in store.commands()] == ["c"]
