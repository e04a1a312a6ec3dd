"""What people change while a live run goes on: whom it polls and copies, and whether it copies at all."""

import time

from shared.domain.change import Change, Mode
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.ledger import Record, RecordKind
from shared.domain.money import dollars
from shared.engine.ledger import deposit_record
from tests.exchange.server import LocalVenue
from tests.fargate.live_world import CROWD, LEADER, trade
from tests.fargate.test_live import Run, lived, polling, published


def asked(run: Run, name: str, change: Change) -> None:
    """Somebody asks, and the time comes to look for requests."""
    run.life.store.request(Command(name, CommandKind.SET, "test", change=change))
    run.life.clock.turn(1)


def test_a_wallet_pinned_while_it_trades_is_polled_and_copied_and_let_go_again() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        asked(run, "pin", Change(pinned=(CROWD,)))
        await run.until(lambda: run.followed == {LEADER: True, CROWD: True})
        venue.content.add_rows([trade(1, time.time(), proxy_wallet=CROWD)])
        await run.until(lambda: run.reasons.get(Reason.COPIED))
        run.ranking = published("second", LEADER)
        asked(run, "let go", Change(unpinned=(CROWD,)))
        await run.until(lambda: run.followed == {LEADER: True, CROWD: False})

    run = lived(story)
    assert run.life.store.commands() == []
    changes = [record.ref for record in run.life.store.records if record.kind is RecordKind.CHANGED]
    assert changes == ["pin", "let go"]


def test_while_the_strategy_observes_trades_are_decided_and_nothing_is_planned() -> None:
    async def story(venue: LocalVenue, run: Run) -> None:
        await polling(run)
        asked(run, "observe", Change(mode=Mode.OBSERVE))
        await run.until(lambda: run.life.driver.engine.judge.observing)
        venue.content.add_rows([trade(1, time.time())])
        await run.until(lambda: run.reasons.get(Reason.OBSERVED) == 1)

    assert lived(story).life.driver.engine.desk.books.orders == {}


def test_the_past_of_a_wallet_that_an_earlier_life_pinned_is_read_too() -> None:
    async def story(_venue: LocalVenue, run: Run) -> None:
        await polling(run)
        assert run.followed == {LEADER: True, CROWD: True}

    change = Change(pinned=(CROWD,))
    paid_in = deposit_record("test", dollars(10_000), 1, "initial")
    pinned = Record(RecordKind.CHANGED, "test", 2, ref="pin", change=change)
    run = lived(story, records=[paid_in, pinned])
    assert "reading the last 6 h of 2 wallets" in run.said
