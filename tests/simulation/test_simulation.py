"""Testing the tester: sound code passes, planted bugs are found, a seed is one history, and the checks do complain."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.durable.backend import Lease
from shared.adapters.durable.conditions import Guard
from shared.adapters.journal.entry import JournalEntry
from shared.domain.command import Command, CommandKind
from shared.domain.instants import SECOND
from shared.domain.ledger import CASH, PUSD, Entry, PostingKind, Record, RecordKind, posting
from shared.domain.order import Order, OrderState, Side
from shared.engine.ledger import plan_record
from shared.ports import Switch
from shared.research.verify import verify_life
from tests.shared.engine.builders import order
from tests.simulation.__main__ import main, poor, story
from tests.simulation.checks import Violation
from tests.simulation.clockwork import START, Clockwork
from tests.simulation.faults import CALLS, MOMENTS, Fault
from tests.simulation.kills import Kill
from tests.simulation.mutants import MUTANTS, OF_MERGES, PAIRS, deaf_venue, no_switch, sent_before_written
from tests.simulation.options import draw
from tests.simulation.running import WRONG, nothing, simulate
from tests.simulation.scenarios import BOTH_SIDES, SCENARIOS, Placement, calls_of, played, staged
from tests.simulation.world import World

SEEDS = 1_000
"""A planted bug must show within this many histories."""


def ignore(_: str) -> None:
    """Nobody reads it."""


# ---------------------------------------------------------------------- the tester


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_planted_bug_is_found_within_a_thousand_histories(mutant: Callable[[], Any]) -> None:
    with mutant():
        for seed in range(SEEDS):
            try:
                World(draw(seed)).run()
            except WRONG:
                return
    pytest.fail(f"{SEEDS} histories passed over {mutant.__name__}")


@pytest.mark.parametrize("mutant", OF_MERGES, ids=lambda mutant: mutant.__name__)
def test_a_planted_bug_of_merges_is_found_by_some_crash_around_one(mutant: Callable[[], Any]) -> None:
    number = next(n for n, scenario in enumerate(SCENARIOS) if scenario.name == BOTH_SIDES)
    calls = calls_of(SCENARIOS[number])
    with mutant():
        for call, after in itertools.product(range(calls), (False, True)):
            try:
                played(Placement(number, call, after))
            except WRONG:
                return
    pytest.fail(f"every crash was survived in spite of {mutant.__name__}")


def test_at_least_twelve_bugs_are_planted_of_which_four_need_two_faults() -> None:
    assert len(MUTANTS) >= 12
    assert len(PAIRS) >= 4


def test_sound_code_passes_and_all_that_can_go_wrong_goes_wrong() -> None:
    total = simulate(range(300), "histories", 1, ignore)
    assert total.sentence == ""
    assert set(total.fired) == set(Fault) == {*CALLS, *MOMENTS}
    assert total.fills > 300
    assert total.reversed > 0


def test_a_kill_at_any_instant_ends_planning_and_voids_what_is_open() -> None:
    total = simulate(map(Kill, range(100)), "kills", 1, ignore)
    assert total.sentence == ""
    assert total.refused > 5
    assert total.opened > 20
    assert 0 < max(total.void) <= 5.0


@pytest.mark.parametrize("mutant", [no_switch, deaf_venue], ids=lambda mutant: mutant.__name__)
def test_a_kill_that_does_not_do_its_work_is_found(mutant: Callable[[], Any]) -> None:
    with mutant():
        total = simulate(map(Kill, range(100)), "kills", 1, ignore)
    assert "after the kill" in total.sentence or "although the switch says stop" in total.sentence


def test_a_history_is_the_same_whatever_order_sets_have() -> None:
    told = []
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "11", "--lines", "0"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(run.stdout)
    assert told[0] == told[1]
    assert "digest " in told[0]


def test_another_seed_is_another_history() -> None:
    first, second = World(draw(1)), World(draw(2))
    first.run()
    second.run()
    assert first.digest != second.digest


def test_every_taped_life_verifies_effect_by_effect() -> None:
    events = lives = 0
    for seed in range(40):
        world = World(draw(seed))
        world.tapes = []
        world.run()
        for n, rows in enumerate(world.tapes):
            found = verify_life(n, [Row(0, place, row) for place, row in enumerate(rows)], partial(records_of, world))
            assert found.equal, found.difference
            assert found.complete
            lives, events = lives + 1, events + found.events
    assert lives > 60
    assert events > 5_000


def records_of(world: World) -> list[Record]:
    """The account's journal."""
    return [entry.record for entry in world.records.lines()]


class Row(Struct):
    """A row as a tape gives it back."""

    batch: int
    n: int
    row: Any


# ---------------------------------------------------------------------- scenarios


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_without_a_crash_does_what_it_is_for(scenario: Any) -> None:
    world = staged(scenario)
    world.run()
    assert world.checks.plans > 0
    assert world.processes[0].gate.calls > 100
    assert [end for process in world.processes for end in process.ends if end == "crashed"] == []


def test_there_are_twelve_scenarios_and_ten_thousand_places_to_crash() -> None:
    assert len(SCENARIOS) >= 12
    assert sum(2 * calls_of(scenario) for scenario in SCENARIOS) >= 10_000


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_a_call_is_one_crash_and_a_life_follows(after: bool) -> None:
    for call in (5, 40, 60, 200):
        world = played(Placement(0, call, after))
        assert world.processes[0].ends.count("crashed") == 1
        assert world.processes[0].lives == 2


# ---------------------------------------------------------------------- what is told


def test_a_story_begins_with_what_was_drawn_and_ends_with_what_is_wrong() -> None:
    with sent_before_written():
        lines = list(story(0))
    assert lines[0].startswith("seed 0: ")
    assert "faults of calls" in lines[0]
    assert lines[-1].startswith("WRONG: Violation: order ")
    assert "reached the venue without a written plan" in lines[-1]
    assert list(story(0))[-1] == "nothing is wrong"


def test_the_command_tells_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "30", "--workers", "1"]) == 0
    told = capsys.readouterr().out
    assert "30 histories in" in told
    assert "port calls: median" in told
    assert "kill switch" in told


def test_the_command_exits_4_with_the_seed_to_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    with sent_before_written():
        assert main(["--seeds", "30", "--workers", "1"]) == 4
        told = capsys.readouterr().out
        assert "again: python -m tests.simulation --seed 0\n" in told
        assert main(["--seed", "0"]) == 4
        assert main(["--placement", "0", "40", "1"]) == 4
    assert main(["--placement", "0", "40", "1"]) == 0


def test_histories_that_prove_too_little_are_told() -> None:
    total = nothing()
    total.histories, total.calls, total.doubts = 10_000, [299] * 10_000, [61.0] * 200
    total.fired.update(dict.fromkeys(Fault, 1_000))
    total.fired[Fault.KILL] = 999
    assert poor(total) == [
        "too rare: kill switch 999",
        "median of 299 port calls, 300 are asked for",
        "in doubt for 61 s (p99), 60 s are allowed",
    ]
    total.histories = 9_999
    assert poor(total) == []


# ---------------------------------------------------------------------- the checks


def quiet() -> World:
    """A world in which nothing happens by itself."""
    world = staged(SCENARIOS[0])
    world.checks.leased(Lease(1, "one"))
    return world


def planned(world: World, one: Order, epoch: int = 1) -> None:
    """A plan is written."""
    record = replace(plan_record(one, world.limits), account="sim")
    world.checks.committed(JournalEntry("k", record), Guard.PLAN, epoch)


def written(world: World, record: Record, epoch: int = 1) -> None:
    """A fact is written."""
    world.checks.committed(JournalEntry("k", record), Guard.WRITE, epoch)


def test_what_is_written_under_an_old_epoch_is_wrong() -> None:
    world = quiet()
    world.checks.leased(Lease(2, "two"))
    with pytest.raises(Violation, match="written under epoch 1, 2 is in force"):
        written(world, Record(RecordKind.RESUMED, "sim", START))


def test_an_epoch_that_falls_is_wrong() -> None:
    world = quiet()
    world.checks.leased(Lease(3, "two"))
    with pytest.raises(Violation, match="the epoch fell from 3 to 2"):
        world.checks.leased(Lease(2, "one"))


def test_an_order_planned_twice_or_after_a_stop_is_wrong() -> None:
    world = quiet()
    planned(world, order())
    with pytest.raises(Violation, match=r"order intent\.1 is planned twice"):
        planned(world, order())
    world.checks.switched(Switch(False, "a person"))
    with pytest.raises(Violation, match="although the switch says stop"):
        planned(world, order(order_key="another.1"))
    planned(world, order(order_key="sale.1", side=Side.SELL, rule="emergency_exit"))


def test_an_order_sent_under_an_old_epoch_or_without_a_plan_or_changed_is_wrong() -> None:
    world = quiet()
    with pytest.raises(Violation, match="is sent under epoch 0, 1 is in force"):
        world.checks.sent(order(), 0)
    with pytest.raises(Violation, match="without a written plan"):
        world.checks.arrived(order())
    planned(world, order())
    world.checks.arrived(order())
    with pytest.raises(Violation, match="with different content"):
        world.checks.arrived(order(salt=8))


def test_entries_that_do_not_sum_to_zero_are_wrong() -> None:
    world = quiet()
    made = posting(PostingKind.DEPOSIT, "a", START, (Entry(CASH, PUSD, 5), Entry("deposits", PUSD, -5)), "a")
    written(world, Record(RecordKind.DEPOSITED, "sim", START, posting=made))
    bad = replace(made, entries=(Entry(CASH, PUSD, 5), Entry("deposits", PUSD, -4)))
    with pytest.raises(Violation, match="a posting sums to"):
        written(world, Record(RecordKind.DEPOSITED, "sim", START, posting=bad))


def test_a_kill_that_is_forgotten_before_anything_stopped_is_wrong() -> None:
    world = quiet()
    kill = Command("kill-1", CommandKind.KILL, "a person")
    world.checks.asked(kill)
    with pytest.raises(Violation, match="the kill command kill-1 is forgotten"):
        world.checks.took(kill)
    world.checks.switched(Switch(False, "a person"))
    world.checks.took(kill)


def test_an_order_in_doubt_is_seen_until_it_is_resolved() -> None:
    world = quiet()
    planned(world, order(state=OrderState.IN_DOUBT))
    assert world.checks.in_doubt() == ["intent.1"]
    written(world, Record(RecordKind.MOVED, "sim", START, order=order(state=OrderState.CANCELED)))
    assert world.checks.in_doubt() == []


def test_things_happen_in_the_order_of_their_instants_then_of_their_putting() -> None:
    clock, seen = Clockwork(), list[str]()
    clock.after(2 * SECOND, lambda: seen.append("later"))
    clock.after(SECOND, lambda: seen.append("first"))
    clock.after(SECOND, lambda: seen.append("second"))
    clock.at(0, lambda: seen.append("at once"))
    clock.run(START + SECOND)
    assert seen == ["at once", "first", "second"]
    assert clock.now == START + SECOND
