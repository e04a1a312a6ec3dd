import json
from pathlib import Path

import pytest

from fargate.__main__ import main
from fargate.verify import exit_code
from shared.adapters.journal.entry import JournalEntry, journal_key
from shared.adapters.journal.file import JournalFile
from shared.adapters.s3.lake import Lake
from shared.adapters.s3.tape import Tape, lives_of
from shared.domain.messages import Event, FeedHealth
from shared.research.verify import Verdict
from tests.contracts.embedded import Embedded, embedded
from tests.shared.research.lives import PREFIX, Lives

__all__ = ["embedded"]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a tape of two lives, and the journal file of the account."""
    folder = tmp_path_factory.mktemp("verify")
    made = Lives(folder)
    made.live(12)
    made.live()
    journal = JournalFile(folder / "journal.jsonl")
    journal.extend(
        JournalEntry(journal_key(1, "w", n), record) for n, record in enumerate(made.store.journal("paper"), 1)
    )
    journal.close()
    return folder / "lake" / PREFIX, folder / "journal.jsonl"


def test_every_life_is_told(lives: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    tape, journal = lives
    assert main(["verify", "--tape", str(tape), "--journal", str(journal)]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("life of 2026-")]
    assert len(told) == 2
    assert all(line.endswith(": equal") for line in told)


def test_one_life_can_be_asked_for_and_answers_in_json(
    lives: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    tape, journal = lives
    assert main(["verify", "--tape", str(tape), "--journal", str(journal), "--life", "last", "--json"]) == 0
    (last,) = json.loads(capsys.readouterr().out)
    assert (last["equal"], last["complete"], last["difference"]) == (True, True, "")
    assert main(["verify", "--tape", str(tape), "--life", str(last["life"] - 1)]) == 2
    assert "--life must be all, last or one of the tape's (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "name its file with --journal"),
        (["--journal", "nowhere.jsonl"], "--journal nowhere.jsonl is no file"),
        (["--tape", "nowhere"], "nowhere is no folder"),
    ],
)
def test_what_is_missing_is_named(
    more: list[str], told: str, lives: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--tape", str(lives[0]), *more]) == 2
    assert told in capsys.readouterr().err


def test_an_empty_folder_holds_no_tape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--tape", str(tmp_path)]) == 2
    assert "there is no tape under that folder" in capsys.readouterr().err


def test_without_a_running_system_an_account_has_no_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    assert main(["verify"]) == 2
    assert "no system is running here" in capsys.readouterr().err


def test_the_tape_of_an_account_of_the_running_system_is_verified(
    embedded: Embedded, lives: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account, lake = embedded.account(), Lake(embedded.s3, embedded.bucket)
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.server.url)
    monkeypatch.setenv("TABLE_PREFIX", "test-")
    tape = Tape(lake, f"tape/{account}", 5)
    tape.add(Event(1, 1, 1, "rtds", FeedHealth("rtds", healthy=True, reason="up")))
    tape.flush()
    assert main(["verify", "--account", account]) == 2
    assert "life 5 does not begin with an engine" in capsys.readouterr().err
    assert lives_of(lake, f"tape/{account}") == [5]


def test_the_worst_verdict_decides_the_exit_code() -> None:
    equal, hole, other = Verdict(1), Verdict(2, complete=False), Verdict(3, difference="x")
    assert [exit_code(found) for found in ([equal], [equal, hole], [hole, other], [])] == [0, 1, 4, 0]
