"""Testing the tester: sound code passes, planted mistakes are found, and the command says so."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.adapters.memory.store import MemoryStore
from shared.domain.effects import Effect
from shared.domain.money import Usd
from shared.domain.order import Order, OrderState
from shared.engine import ledger
from shared.engine.desk import Desk
from shared.engine.detection import Deliveries, Detection
from shared.engine.execution import Execution
from shared.engine.marks import Marks
from shared.engine.risk import Risk
from tests.prove import running
from tests.prove.__main__ import main
from tests.prove.histories import COUNTED_AS_FAULT, History

SEEDS = 1_500
"""A planted mistake must show within this many histories."""


class Never(dict[Any, None]):
    """Remembers nothing."""

    def __contains__(self, key: object) -> bool:
        return False


def fills_not_keyed(patch: pytest.MonkeyPatch) -> None:
    made = Desk.__init__

    def forgetful(self: Desk, *given: Any) -> None:
        made(self, *given)
        self._booked_fills = Never()

    patch.setattr(Desk, "__init__", forgetful)


def timeout_is_rejection(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "doubtful", Desk.rejected)


def sent_although_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "_unwanted", lambda self, order: False)


def ended_orders_keep_their_cash(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "FINAL", (OrderState.FILLED,))


def exposure_forgets_fills(patch: pytest.MonkeyPatch) -> None:
    settle = ledger.settle_record

    def without_exposure(*given: Any) -> Any:
        from msgspec.structs import replace

        record = settle(*given)
        kept = tuple(c for c in record.headroom if not c.name.startswith("market#"))
        return replace(record, headroom=kept)

    patch.setattr("shared.engine.desk.settle_record", without_exposure)


def open_orders_do_not_count_against_the_position(patch: pytest.MonkeyPatch) -> None:
    def held_only(self: Desk, market: str, token: str) -> Usd:
        return Usd(sum(p.cost for p in self.positions.get(market, {}).values() if p.token == token))

    sized = Risk.size_entry

    def from_positions(self: Risk, trade: Any, market: Any, source: str, strategy: str, in_token: Usd) -> Any:
        return sized(self, trade, market, source, strategy, Usd(0))

    patch.setattr(Risk, "size_entry", from_positions)


def a_restart_forgets_open_orders(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "_reopen", nothing)


def nothing(*_: Any) -> list[Effect]:
    return []


def every_delivery_is_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Deliveries, "is_new", lambda self, trade, source, at: True)


def a_restart_forgets_bursts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Detection, "restore_burst", nothing)


def a_doubt_is_asked_about_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "_ask", lambda self, order_key, at: [])


def a_cancel_is_sent_without_looking_again(patch: pytest.MonkeyPatch) -> None:
    woken = Desk.woken
    patch.setattr(Desk, "woken", lambda self, timer, at: woken(self, timer, at)[:1])


def the_store_writes_a_refused_plan(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Desk, "refused", nothing)


def a_leg_is_planned_while_one_is_open(patch: pytest.MonkeyPatch) -> None:
    track = Execution.track

    def never_open(self: Execution, before: Order | None, order: Order) -> None:
        track(self, before, order)
        self.intents[order.signal_id].open_key = ""

    patch.setattr(Execution, "track", never_open)


def marks_forget_sales(patch: pytest.MonkeyPatch) -> None:
    resize = Marks.resize
    patch.setattr(Marks, "resize", lambda self, token, delta, at: resize(self, token, max(delta, 0), at))


def the_journal_misses_moves(patch: pytest.MonkeyPatch) -> None:
    journal = MemoryStore.journal
    patch.setattr(
        MemoryStore, "journal", lambda self, account: [r for r in journal(self, account) if r.kind.value != "moved"]
    )


MISTAKES: list[Callable[[pytest.MonkeyPatch], None]] = [
    fills_not_keyed,
    timeout_is_rejection,
    sent_although_stopped,
    ended_orders_keep_their_cash,
    exposure_forgets_fills,
    open_orders_do_not_count_against_the_position,
    a_restart_forgets_open_orders,
    every_delivery_is_new,
    a_restart_forgets_bursts,
    a_doubt_is_asked_about_once,
    a_cancel_is_sent_without_looking_again,
    the_store_writes_a_refused_plan,
    a_leg_is_planned_while_one_is_open,
    marks_forget_sales,
    the_journal_misses_moves,
]


@pytest.mark.parametrize("plant", MISTAKES, ids=lambda plant: plant.__name__)
def test_a_planted_mistake_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    found = running.run(range(SEEDS))
    assert found.seed is not None, f"{SEEDS} histories passed over {plant.__name__}"


def test_sound_code_passes_a_thousand_histories_that_are_rich_enough() -> None:
    total = running.run(range(1_000))
    assert total.sentence == ""
    figures = running.distribution(total)
    assert figures["median events"] >= 20
    assert figures["% with a fill"] >= 90
    assert figures["% with a fault"] >= 30
    assert set(COUNTED_AS_FAULT) <= set(total.faults)


def test_a_seed_tells_the_same_story_every_time() -> None:
    assert History(7).run().story == History(7).run(thorough=True).story


def test_the_command_ends_with_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--histories", "20", "--frames", "0", "--seed", "5", "--workers", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "20 passed, 0 failed"


def test_a_violation_exits_4_with_the_seed_and_its_story(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fills_not_keyed(monkeypatch)
    found = running.run(range(SEEDS))
    monkeypatch.setattr("tests.prove.__main__.prove", lambda seeds, workers: found)
    assert main(["--histories", "50", "--frames", "0"]) == 4
    told = capsys.readouterr().out
    assert f"seed {found.seed} breaks an invariant" in told
    assert f"again: python -m tests.prove --seed {found.seed} --histories 1" in told
    assert told.splitlines()[-1] == f"{found.histories} passed, 1 failed"
    assert "WhaleTrade" in told


def test_histories_that_prove_nothing_fail(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    poor = running.run(range(600))
    poor.with_fill = 0
    monkeypatch.setattr("tests.prove.__main__.prove", lambda seeds, workers: poor)
    assert main(["--histories", "600", "--frames", "0"]) == 4
    assert "too poor to prove anything: % with a fill" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["--histories=-1", "--frames=-1", "--workers=0", "--histories=0 --frames=0"])
def test_a_useless_number_is_refused_by_name(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(given.split())
    assert "must be positive" in capsys.readouterr().err
