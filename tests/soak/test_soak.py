"""The soaks themselves: what they count, what they call missed, and that each of them comes about (for seconds)."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decision import Decision, Reason
from shared.domain.instants import SECOND
from shared.domain.order import Side
from tests.exchange.catalogue import Execution
from tests.exchange.script import Script, Traded
from tests.soak import __main__ as command
from tests.soak import densest as densest_soak
from tests.soak.faults import Pace, Told, fault_figures, lived
from tests.soak.figures import Figure, at_most, exactly, table, write
from tests.soak.load import Load, Loaded, Sample, growth_mb, latency_figures, loaded, rate_figures
from tests.soak.truth import Compared, Fill, Trouble, compare

WALLET = "0x" + "ab" * 20
NOON_S = 1_774_180_800


def fill(tx: str, size: int = 5) -> Fill:
    return Fill((tx, WALLET, "1", "BUY", size), NOON_S * 1000)


def decision(tx: str, reason: Reason = Reason.COPIED, size: int = 5, order_key: str = "", age_s: int = 1) -> Decision:
    happened = NOON_S * SECOND
    return Decision(
        *(happened + age_s * SECOND, happened, "soak", "whale_copy", f"signal {tx}", WALLET, "m", "1"),
        *(Side.BUY, 500_000, size, tx, reason),
        order_key=order_key,
    )


# ---------------------------------------------------------------------- the truth


def test_a_fill_nobody_decided_on_is_missing() -> None:
    found = compare([fill("0x1"), fill("0x2")], [decision("0x1")], [])
    assert (found.seen, found.of, found.missing, found.doubles) == (1, 2, (fill("0x2").key,), ())


def test_equal_fills_of_one_transaction_are_as_many_fills() -> None:
    assert compare([fill("0x1")] * 2, [decision("0x1")] * 2, []).doubles == ()
    assert compare([fill("0x1")] * 2, [decision("0x1")], []).seen == 1
    assert compare([fill("0x1")], [decision("0x1")] * 2, []).doubles == (fill("0x1").key,)


def test_a_decision_on_a_trade_that_never_was_is_a_double() -> None:
    assert compare([], [decision("0x9")], []).doubles == (fill("0x9").key,)


def test_a_trade_from_before_the_run_may_be_decided_once_or_not_at_all() -> None:
    before = [fill("0x9")]
    assert compare([], [decision("0x9")], [], before).doubles == ()
    assert compare([], [], [], before).missing == ()
    assert compare([], [decision("0x9")] * 2, [], before).doubles == (fill("0x9").key,)


def test_an_order_of_two_decisions_is_seen() -> None:
    twice = [decision("0x1", order_key="a.1"), decision("0x2", order_key="a.1"), decision("0x3", order_key="b.1")]
    found = compare([fill("0x1"), fill("0x2"), fill("0x3")], twice, [])
    assert (found.orders, found.orders_twice) == (3, ("a.1",))


def test_a_trade_that_aged_out_names_the_faults_that_were_on_meanwhile() -> None:
    troubles = [
        Trouble("silent", ("rtds",), NOON_S - 5.0, NOON_S + 20.0),
        Trouble("429", ("data",), NOON_S + 30.0),
        Trouble("cut", ("market",), NOON_S - 50.0, NOON_S - 40.0),
    ]
    (late,) = compare([fill("0x1")], [decision("0x1", Reason.STALE, age_s=90)], troubles).late
    assert late.line() == "0x1 was 90 s old: silent on rtds, 429 on data"


@given(st.lists(st.integers(0, 5), max_size=20), st.lists(st.integers(0, 5), max_size=20))
def test_what_is_missing_and_what_is_double_explain_the_whole_difference(true: list[int], made: list[int]) -> None:
    found = compare([fill(f"0x{n}") for n in true], [decision(f"0x{n}") for n in made], [])
    assert found.of - found.seen <= len(true)
    assert (not found.missing and not found.doubles) == (sorted(true) == sorted(made))
    assert found.seen == sum(min(true.count(n), made.count(n)) for n in range(6))


# ---------------------------------------------------------------------- figures


def loaded_well() -> Loaded:
    samples = [Sample(float(second), 300.0) for second in range(301)]
    return Loaded(
        decided=[0.3, 0.8, 2.0],
        lag=[0.5, 6.0],
        decisions=100,
        sent={"market": 10, "rtds": 20},
        received={"market": 10, "rtds": 20},
        merged=0,
        dropped=0,
        busy=0.2,
        rate=5_000.0,
        samples=samples,
    )


def missed(figures: list[Figure]) -> list[str]:
    return [one.name for one in figures if not one.ok]


def test_a_good_run_reaches_every_figure() -> None:
    assert missed(latency_figures(loaded_well())) == []
    assert missed(rate_figures(loaded_well(), 5_000.0)) == []


def _slow(found: Loaded) -> None:
    found.decided = [1.2, 3.0, 6.0]


def _lagging(found: Loaded) -> None:
    found.lag = [0.5, 25.0]


def _lossy(found: Loaded) -> None:
    found.received["market"] = 9


def _merging(found: Loaded) -> None:
    found.merged = 3


def _silent(found: Loaded) -> None:
    found.decided = [None, None, None]


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (_slow, ["socket to decision, p50", "socket to decision, p99"]),
        (_lagging, ["loop lag, p99"]),
        (_lossy, ["frames received, market channel"]),
        (_merging, ["merged or dropped"]),
        (_silent, ["socket to decision, p50", "socket to decision, p99"]),
    ],
)
def test_what_a_run_misses_is_named(spoil: Callable[[Loaded], None], names: list[str]) -> None:
    found = loaded_well()
    spoil(found)
    assert missed(latency_figures(found)) == names


def test_a_rate_that_was_not_sent_and_a_busy_processor_are_missed() -> None:
    found = loaded_well()
    found.rate, found.busy = 4_000.0, 0.95
    assert missed(rate_figures(found, 5_000.0)) == ["frames sent a second", "processor of this process"]


def test_memory_that_rises_for_good_is_growth_and_the_tape_coming_and_going_is_none() -> None:
    def grown(size_mb: Callable[[int], float]) -> float | None:
        return growth_mb([Sample(float(second), size_mb(second)) for second in range(301)])

    assert grown(lambda second: 300 + second % 45) == 0
    leaking = grown(lambda second: 300 + second % 45 + second * 0.5)
    assert leaking == pytest.approx(0.5 * 90, rel=0.1)
    found = loaded_well()
    found.samples = [Sample(float(second), 300 + second * 0.5) for second in range(301)]
    assert missed(rate_figures(found, 5_000.0)) == ["memory, last peak over the one before"]


def test_memory_of_a_short_run_says_nothing() -> None:
    assert growth_mb([Sample(float(second), 300.0 + second) for second in range(100)]) is None


def test_the_table_says_what_was_missed(tmp_path: Path) -> None:
    figures = [at_most("rate", "lag", 25.0, 20.0, "ms"), exactly("rate", "lost", 0, 0), at_most("a", "b", None, 1, "s")]
    lines = table(figures).splitlines()
    assert lines[1].split() == ["rate", "lag", "<=", "20", "ms", "25", "ms", "MISSED"]
    assert lines[2].split() == ["rate", "lost", "0", "0", "ok"]
    assert "nothing" in lines[3]
    write(figures, tmp_path / "soak.json")
    assert [row["ok"] for row in json.loads((tmp_path / "soak.json").read_text())] == [False, True, False]


# ---------------------------------------------------------------------- the recorded hour


def script(*seconds: float) -> Script:
    done = (Execution(WALLET, "1", "BUY", 500_000, 5),)
    trades = [Traded(1_000.0 + second, f"0x{n}", done) for n, second in enumerate(seconds)]
    return Script([], trades, lambda _: iter(()), 1_000.0, 9_000.0, {})


def test_the_beginning_of_the_play_is_told_by_the_trade_that_came_soonest() -> None:
    # The second trade was played 1.5 s late, as all are while the exchange catches up.
    told = {"0x0": NOON_S + 1.0, "0x1": NOON_S + 3.5, "0x2": NOON_S + 3.0}
    assert densest_soak.origin_s(script(10.0, 20.0, 30.0), told) == NOON_S
    with pytest.raises(AssertionError, match="told no trade"):
        densest_soak.origin_s(script(10.0), {})


def test_only_trades_of_the_counted_time_are_asked_for() -> None:
    window = densest_soak.Window(1_000.0, wall_s=float(NOON_S), from_s=NOON_S + 2.0, until_s=NOON_S + 4.0)
    found = densest_soak.fills_of(script(-5.0, 10.0, 20.0, 39.0, 40.0), window)
    assert [(one.key[0], one.at_ms) for one in found] == [("0x2", NOON_S * 1000 + 2000), ("0x3", NOON_S * 1000 + 3900)]


def test_trades_the_fast_source_missed_count_against_it_although_others_told_them() -> None:
    all_seen = Compared(100, 100, (), (), 10, (), ())
    assert missed(densest_soak.densest_figures(densest_soak.Told(96, all_seen, {}))) == []
    slow = densest_soak.densest_figures(densest_soak.Told(95, all_seen, {}))
    assert missed(slow) == ["trades by the fast source"]
    lost = Compared(100, 99, (fill("0x1").key,), (), 10, (), ())
    assert missed(densest_soak.densest_figures(densest_soak.Told(99, lost, {}))) == ["trades with backfill"]


# ---------------------------------------------------------------------- the command


def _fake(monkeypatch: pytest.MonkeyPatch, *figures: Figure) -> None:
    monkeypatch.setattr(command, "SOAKS", {"rate": lambda given, say: list(figures)})


def test_the_command_ends_with_one_when_a_figure_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _fake(monkeypatch, exactly("rate", "lost", 0, 0))
    assert command.main(["--json", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text())[0]["figure"] == "lost"
    _fake(monkeypatch, exactly("rate", "lost", 0, 0), exactly("rate", "doubled", 1, 0))
    assert command.main([]) == 1
    assert "1 figures reached, 1 missed" in capsys.readouterr().out


def test_a_soak_that_does_not_come_about_is_a_figure_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_given: object, _say: object) -> list[Figure]:
        raise AssertionError("the stream was not heard within 20 s")

    monkeypatch.setattr(command, "SOAKS", {"rate": broken})
    assert command.main([]) == 1
    assert "the stream was not heard" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--minutes", "0"], ["--minutes", "many"], ["--only", "nothing"]])
def test_a_wrong_argument_is_named(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(wrong)
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_the_recorded_hour_needs_the_recording(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("RECORDINGS", str(tmp_path))
    assert command.main(["--only", "densest"]) == 2
    assert densest_soak.RECORDING in capsys.readouterr().err


# ---------------------------------------------------------------------- for seconds


def test_a_load_from_another_process_is_received_to_the_last_frame() -> None:
    lines: list[str] = []
    found = asyncio.run(loaded(Load(200.0, 2.0, 5, 5), lines.append))
    assert found.sent["load"] == pytest.approx(200 * 3, rel=0.3)  # a second passes before it is measured
    assert found.received == {name: found.sent[name] for name in ("market", "rtds")}
    assert found.dropped == 0
    assert found.decisions > 5
    assert found.decided[0] is not None


def test_faults_of_seconds_lose_nothing_and_end_in_peace() -> None:
    pace = Pace(fault_s=(0.3, 0.8), pause_s=(0.1, 0.4), trade_s=0.1, peace_s=60.0)
    told = asyncio.run(lived(3.0, 1, lambda _: None, pace, stretch=0.05))
    assert len(told.troubles) >= 4
    assert told.compared.of >= 10
    assert missed(fault_figures(told)) == []


def test_a_source_that_stays_down_is_missed() -> None:
    nothing = Compared(1, 1, (), (), 1, (), ())
    down = Told(nothing, recovered=False, last_seen=False, troubles=[], reasons={}, down={"books": "why"})
    assert missed(fault_figures(down)) == ["every source well at the end"]
    deaf = Told(nothing, recovered=True, last_seen=False, troubles=[], reasons={}, down={})
    assert missed(fault_figures(deaf)) == ["every source well at the end"]
