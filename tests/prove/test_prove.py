"""Testing the tester: sound code passes, planted mistakes are found, and the command says so."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from shared.domain.instants import HOUR, MINUTE
from shared.domain.money import dollars
from shared.domain.order import OrderState, Side
from tests.prove import running
from tests.prove.__main__ import main
from tests.prove.histories import COUNTED_AS_FAULT, History
from tests.prove.mistakes import MISTAKES, fills_not_keyed
from tests.prove.settings import WIDE, Setting
from tests.prove.shadow import Shadow
from tests.prove.watchman import Watchman
from tests.prove.world import START, World

SEEDS = 3_000
"""A planted mistake must show within this many histories."""


def quiet() -> World:
    """A world in which the venue answers everything."""
    return World(Setting("kelly", 2_000, WIDE, settles=True), str, lambda: 100)


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


def test_histories_in_which_something_never_happens_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = running.run(range(300))
    poor.shown.update(dict.fromkeys(poor.shown, 300))
    poor.shown["halted_drawdown"] = 0
    monkeypatch.setattr("tests.prove.__main__.prove", lambda seeds, workers: poor)
    assert main(["--histories", "5000", "--frames", "0"]) == 4
    assert "halted_drawdown" in capsys.readouterr().out.splitlines()[-2]


def test_the_watchman_calls_a_tenth_of_bitcoin_s_price_a_move_and_less_none() -> None:
    for price, moved in ((dollars(66_000), True), (dollars(66_000) - 1, False), (dollars(54_000), True)):
        watch = Watchman(WIDE, Shadow())
        watch.price(dollars(60_000), START)
        watch.price(price, START + MINUTE)
        assert ("BTC moved" in watch.standing("anna", START + MINUTE)) is moved


def test_the_watchman_counts_the_last_hour_and_no_more() -> None:
    watch = Watchman(replace(WIDE, api_errors_per_hour=1), Shadow())
    watch.errors.extend((START, START + MINUTE))
    assert list(watch.standing("anna", START + HOUR - 1)) == ["errors on the order path"]
    assert list(watch.standing("anna", START + HOUR)) == []


def test_a_quiet_world_copies_fills_and_comes_to_rest() -> None:
    world = quiet()
    world.whale("anna", "m:yes", Side.BUY, 40, 3_000)
    world.deliver(0)
    world.deliver(0)
    world.fill(0, 100)
    world.finish()
    assert world.fills > 0
    assert world.checks.shadow.equity() == world.engine.desk.risk.equity()
    assert next(order.state for order in world.store.books.orders.values()) is OrderState.FILLED


@pytest.mark.parametrize("given", ["--histories=-1", "--frames=-1", "--workers=0", "--histories=0 --frames=0"])
def test_a_useless_number_is_refused_by_name(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(given.split())
    assert "must be positive" in capsys.readouterr().err
