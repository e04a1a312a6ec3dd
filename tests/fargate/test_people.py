"""What people ask for: obeyed, and forgotten only when it has become durable."""

import pytest

from shared.domain.change import Change, Mode
from shared.domain.command import Command, CommandKind
from shared.domain.ledger import RecordKind
from tests.fargate.fakes import Life


def test_a_change_is_taken_by_its_record_and_the_answer_stands_in_the_view_of_risk() -> None:
    life = Life().begun()
    life.store.request(Command("s1", CommandKind.SET, "test", change=Change(limits=(("kelly", "0.1"),))))
    life.store.request(Command("s2", CommandKind.SET, "test", change=Change(limits=(("kelly", "0.9"),))))
    life.trader.tick(life.clock.now())
    assert life.store.commands() == []
    assert life.driver.engine.limits.kelly == 100_000
    assert [record.ref for record in life.store.records if record.kind is RecordKind.CHANGED] == ["s1"]
    told = life.board.risks[-1]["changes"]
    assert (told["made"], told["refused"]) == (["s1"], {"s2": "kelly must not exceed 0.5, not 0.9"})


def test_a_change_whose_record_is_not_committed_yet_stays_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life().begun()
    command = Command("s1", CommandKind.SET, "test", change=Change(mode=Mode.OBSERVE))
    life.store.request(command)
    monkeypatch.setattr(life.store, "write", lambda record: None)  # as if it were still on its way
    for _ in range(3):
        life.trader.tick(life.clock.now())
        life.clock.turn(1)
    assert life.store.commands() == [command]
    assert life.driver.engine.changes.mode is Mode.OBSERVE
    later = Life()
    later.store.request(command)
    later.begun().trader.tick(later.clock.now())
    assert later.store.commands() == []
    assert later.driver.engine.changes.mode is Mode.OBSERVE
