"""``--publish``: the report of a command becomes a study in the lake, or one sentence says at once why it cannot."""

from pathlib import Path

import pytest

from fargate.__main__ import main
from fargate.publishing import Publisher, code_digest
from shared.adapters.archive.vault import Vault
from shared.adapters.embedded.server import free_port
from shared.adapters.s3.studies import Manifest, manifest_of, report_of, studies
from shared.adapters.synthetic import generate
from shared.domain.errors import BadInput
from shared.settings import read_settings
from tests.contracts.embedded import Embedded, embedded
from tests.fargate.test_score import recording as scored
from tests.shared.adapters.replay.files import lines
from tests.shared.research.books import drawn_books
from tests.shared.research.recording import resolutions, small, whales

__all__ = ["embedded"]


@pytest.fixture
def shelf(embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.server.endpoint.host or "")
    return Vault(embedded.s3, embedded.bucket)


def named(shelf: Vault, name: str) -> tuple[str, Manifest]:
    study = next(study for study in studies(shelf) if study.endswith(f"-{name}"))
    return study, manifest_of(shelf, study)


def test_a_replay_becomes_a_study_with_its_inputs_command_and_figures(
    shelf: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, winners = lines(tmp_path / "rows.jsonl", small()), resolutions(tmp_path / "resolutions.parquet")
    named_whales = whales(tmp_path / "whales.txt")
    arguments = ["replay", str(path), "--resolutions", str(winners), "--whales", str(named_whales)]
    assert main([*arguments, "--sizing", "ratio", "--publish", "small-one"]) == 0
    assert "see page Research" in capsys.readouterr().err
    study, told = named(shelf, "small-one")
    assert (told.kind, told.synthetic, told.code) == ("replay", False, code_digest())
    assert [one.name for one in told.inputs] == ["rows.jsonl", "resolutions.parquet", "whales.txt"]
    assert told.command.startswith("python -m fargate replay ")
    assert told.command.endswith("--sizing ratio --publish small-one")
    report = report_of(shelf, study)
    assert told.figures["equity_usd"] == report["equity_usd"]
    assert told.figures["copied"] == report["decisions"]["copied"]
    assert report["curve"][0][1] == 10_000.0


def test_a_score_becomes_a_study(shelf: Vault, tmp_path: Path) -> None:
    assert main(["score", "--trades", str(scored(tmp_path)), "--publish", "six-wallets"]) == 0
    study, told = named(shelf, "six-wallets")
    assert [one.name for one in told.inputs] == ["trades_x.parquet", "resolutions_x.parquet"]
    assert told.figures["wallets"] == report_of(shelf, study)["wallets"] == 7


def test_a_probe_becomes_a_study(shelf: Vault, tmp_path: Path) -> None:
    book = drawn_books(tmp_path / "books.parquet", 5)
    assert main(["probe", "--book", str(book), "--orders", "20", "--seed", "5", "--publish", "probed"]) == 0
    study, told = named(shelf, "probed")
    assert told.figures["intents"] == report_of(shelf, study)["overall"]["intents"] == 20


def test_what_was_made_from_an_invented_world_is_told_to_be_so(shelf: Vault, tmp_path: Path) -> None:
    generate(3, 0.25, tmp_path)
    trades = tmp_path / "elsewhere.parquet"
    trades.write_bytes((tmp_path / "trades.parquet").read_bytes())
    (tmp_path / "truth.parquet").unlink()
    assert main(["replay", str(trades), "--publish", "invented"]) == 0
    assert named(shelf, "invented")[1].synthetic


def test_who_does_not_ask_for_it_publishes_nothing_and_needs_no_lake() -> None:
    assert Publisher(None, "", read_settings({})).publish("replay", {}, [], {}) == ""


def test_a_name_that_is_none_and_a_lake_that_is_away_are_told_before_the_work_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(lines(tmp_path / "rows.jsonl", small()))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "nothing"))
    assert main(["replay", path, "--publish", "Not A Name"]) == 2
    assert "the name of a study" in capsys.readouterr().err
    assert main(["replay", path, "--publish", "fine"]) == 2
    assert "start one with `make run`" in capsys.readouterr().err


def test_a_lake_without_the_bucket_is_told(embedded: Embedded) -> None:
    host = embedded.server.endpoint.host or ""
    around = {"AWS_ENDPOINT_URL": host, "LAKE_BUCKET": f"none-{free_port()}"}
    with pytest.raises(BadInput, match="there is no bucket none-"):
        Publisher("fine", "", read_settings(around))
