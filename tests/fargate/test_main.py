import argparse
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate import commands
from fargate.__main__ import instant, main, seed, speed
from shared.domain.errors import BadInput, Corrupt, LeaseLost, OutcomeUnknown, Temporary
from shared.domain.instants import MILLISECOND, SECOND
from tests.shared.adapters.replay.files import WALLET, lines, row
from tests.shared.research.recording import resolutions, small, whales

COMMANDS = ("paper", "replay", "synth", "kill", "flatten", "resume", "set", "status", "limits", "explain", "doctor")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HEALTH_PORT", "0")
    for name in ("DATA_API_URL", "GAMMA_URL", "CLOB_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on standard error."""
    (sentence,) = capsys.readouterr().err.splitlines()
    return str(sentence)


def replay_arguments(folder: Path) -> list[str]:
    path = lines(folder / "rows.jsonl", small())
    names = ("--resolutions", str(resolutions(folder / "r.parquet")), "--whales", str(whales(folder / "w.txt")))
    return ["replay", str(path), *names, "--sizing", "ratio"]


# ---------------------------------------------------------------------- usage


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: python -m fargate {command}" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["limit", "mode", "watch", "reset"])
def test_whatever_can_be_set_explains_itself(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["set", what, "--help"])
    assert ended.value.code == 0
    assert f"usage: python -m fargate set {what}" in capsys.readouterr().out


def test_the_list_of_commands_names_each(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["kill"], "--reason"),
        (["flatten"], "--reason"),
        (["explain"], "TRADE_ID"),
        (["replay", "x", "--speed", "fast"], "speed must be 'max' or a number above 0, not 'fast'"),
        (["replay", "x", "--speed", "nan"], "speed must be 'max' or a number above 0, not 'nan'"),
        (["replay", "x", "--seed", "-1"], "seed must be a whole number from 0 to 10^18, not '-1'"),
        (["replay", "x", "--capital", "0"], "capital must be positive, not 0"),
        (["replay", "x", "--capital", "lots"], "not a number: 'lots'"),
        (["replay", "x", "--from", "noon"], "'noon' is neither Unix seconds nor an ISO-8601 time"),
        (["replay", "x", "--sizing", "bold"], "invalid choice: 'bold'"),
        (["replay", "x", "--store", "paper"], "invalid choice: 'paper'"),
    ],
)
def test_bad_usage_ends_with_2_and_names_the_value(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadInput("size is -1"), 2, "fargate doctor: size is -1"),
        (Corrupt("the sum is 3"), 4, "fargate doctor: INVARIANT FAILED: the sum is 3"),
        (LeaseLost("another trader"), 3, "fargate doctor: another trader"),
        (FileExistsError(17, "File exists", "state"), 2, "fargate doctor: state: File exists"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_one_sentence(
    error: Exception,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(_options: argparse.Namespace, _settings: object) -> int:
        raise error

    monkeypatch.setattr(commands, "doctor", fails)
    assert main(["doctor"]) == code
    assert told(capsys) == sentence


@pytest.mark.parametrize("error", [Temporary("no answer"), OutcomeUnknown("time-out")])
def test_what_may_pass_is_told_and_is_no_success(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_options: argparse.Namespace, _settings: object) -> int:
        raise error

    monkeypatch.setattr(commands, "doctor", fails)
    assert main(["doctor"]) not in (0, 3, 4)
    assert told(capsys) == f"fargate doctor: {error}"


# ---------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1774200000", 1_774_200_000 * SECOND),
        ("1774200000123", 1_774_200_000_123 * MILLISECOND),
        ("2026-03-22T17:20:00", 1_774_200_000 * SECOND),
        ("2026-03-22T18:20:00+01:00", 1_774_200_000 * SECOND),
        ("2026-03-22", 1_774_137_600 * SECOND),
    ],
)
def test_instants_are_read_in_seconds_milliseconds_and_iso(text: str, at: int) -> None:
    assert instant(text) == at


def tried(parse: Callable[[str], float], text: str) -> float | str:
    """What a text is read as, or the sentence it is refused with."""
    try:
        return parse(text)
    except argparse.ArgumentTypeError as error:
        return str(error)


@given(text=st.text(max_size=20))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    found = tried(instant, text)
    assert isinstance(found, int) or repr(text) in str(found)


@given(text=st.one_of(st.text(max_size=12), st.floats().map(str)))
def test_any_text_is_a_speed_or_refused(text: str) -> None:
    found = tried(speed, text)
    assert repr(text) in found if isinstance(found, str) else 0 <= found <= 1_000_000


@given(text=st.one_of(st.text(max_size=25), st.integers().map(str)))
def test_any_text_is_a_seed_or_refused(text: str) -> None:
    found = tried(seed, text)
    assert repr(text) in found if isinstance(found, str) else 0 <= found < 10**18


# ---------------------------------------------------------------------- commands without a running system


def test_a_replay_prints_a_table_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "report.json"
    assert main([*replay_arguments(tmp_path), "--json", str(out)]) == 0
    report, shown = json.loads(out.read_text(encoding="utf-8")), capsys.readouterr().out
    assert report["digest"] in shown
    assert (report["events"], report["decisions"]) == (33, {"copied": 9})


def test_a_replay_prints_nothing_but_json_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*replay_arguments(tmp_path), "--json", "-", "--capital", "500.5"]) == 0
    assert json.loads(capsys.readouterr().out)["equity_usd"] < 1_000


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main([*replay_arguments(tmp_path), "--json", str(tmp_path / "file" / "x.json")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err.splitlines()[-1]


def test_refused_rows_are_told_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lines(tmp_path / "a.jsonl", [row(0), row(1, price=3.0)])
    assert main(["replay", str(path), "--whales", str(whales(tmp_path / "w.txt", WALLET))]) == 0
    assert "refused: row 1: price outside (0, 1) is '3.0'" in capsys.readouterr().err


def test_a_recording_without_a_usable_row_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = lines(tmp_path / "a.jsonl", [row(0, size=-1)])
    assert main(["replay", str(path)]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"fargate replay: recording {path} has no usable row (1 refused)"


@pytest.mark.parametrize(
    "command",
    [
        ["kill", "--reason", "x"],
        ["flatten", "--reason", "x"],
        ["resume", "--reason", "x"],
        ["explain", "0xabcdef"],
    ],
)
def test_without_a_running_system_control_says_so(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 2
    assert told(capsys) == (
        f"fargate {command[0]}: no system is running here: start one with `make run`, or set AWS_ENDPOINT_URL"
    )


def test_a_bad_setting_is_told_whatever_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CAPITAL", "-5")
    assert main(["doctor"]) == 2
    assert told(capsys) == "fargate doctor: setting CAPITAL='-5': must be a positive amount of dollars, not -5"


def test_the_doctor_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = {check["check"]: check for check in json.loads(capsys.readouterr().out)}
    assert found["python"]["ok"]
    assert not found["venue: data API"]["ok"]
    assert main(["doctor"]) == 0
    assert "`make run` will trade the synthetic day" in capsys.readouterr().out


def test_synth_writes_a_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "--seed", "4", "--hours", "0.5", "--out", str(tmp_path / "day"), "--json"]) == 0
    told_facts = json.loads(capsys.readouterr().out)
    assert (told_facts["seed"], told_facts["hours"]) == (4, 0.5)
    assert {file.stem for file in (tmp_path / "day").iterdir()} >= {"trades", "resolutions", "markets", "truth"}


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "10000"])
def test_synth_refuses_a_day_without_sense(hours: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "--hours", hours, "--out", str(tmp_path / "day")]) == 2
    assert told(capsys).startswith("fargate synth: hours must be greater than 0")


@pytest.mark.parametrize("command", ["paper", "trade", "synth"])
def test_a_life_that_is_told_to_stop_before_it_begins_has_nothing_to_end(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []

    def told_meanwhile(_: str) -> ModuleType:
        os.kill(os.getpid(), signal.SIGTERM)
        raise BadInput("it went on")

    monkeypatch.setattr("fargate.__main__.import_module", told_meanwhile)
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        if command != "synth":
            with pytest.raises(SystemExit) as ended:
                main([command])
            assert ended.value.code == 0
            assert heard == []
        else:
            assert main([command, "--out", "nowhere"]) == 2
            assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
