"""Studies as they are kept: read back as they were, complete or not there, each written once."""

from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from shared.adapters.archive.vault import Vault
from shared.adapters.s3.studies import (
    Input,
    Manifest,
    checked_name,
    inputs_of,
    manifest_of,
    publish,
    report_of,
    studies,
)
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from tests.contracts.embedded import Embedded

AT = 1_774_216_800 * SECOND
FIRST = Manifest("replay", "first", AT, "python -m fargate replay x", "abc", False, (Input("x", 1, "f" * 64),))


class Kept:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_once(self, name: str, content: bytes) -> bool:
        return self.objects.setdefault(name, content) is content

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.objects if name.startswith(prefix))

    def read(self, name: str) -> bytes:
        return self.objects[name]


def test_a_study_is_read_as_it_was_published(embedded: Embedded) -> None:
    shelf = Vault(embedded.s3, embedded.bucket)
    study = publish(shelf, FIRST, {"equity_usd": 1.5, "curve": [(1, 2.0)]})
    assert study == "studies/replay/2026-03-22T220000Z-first"
    assert study in studies(shelf)
    assert manifest_of(shelf, study) == FIRST
    assert report_of(shelf, study) == {"equity_usd": 1.5, "curve": [[1, 2.0]]}


def test_the_latest_study_comes_first_whatever_its_kind() -> None:
    shelf = Kept()
    for n, kind in enumerate(("score", "replay", "probe")):
        publish(shelf, replace(FIRST, kind=kind, at=AT + n * SECOND), {})
    assert [study.split("/")[1] for study in studies(shelf)] == ["probe", "replay", "score"]


def test_a_report_without_its_manifest_is_no_study() -> None:
    shelf = Kept()
    study = publish(shelf, FIRST, {})
    del shelf.objects[f"{study}.manifest.json"]
    assert studies(shelf) == []


def test_a_study_is_written_once() -> None:
    shelf = Kept()
    publish(shelf, FIRST, {"a": 1})
    with pytest.raises(BadInput, match=r"there is a study .*-first already"):
        publish(shelf, FIRST, {"a": 2})
    assert report_of(shelf, studies(shelf)[0]) == {"a": 1}


def test_a_report_no_page_could_read_is_refused() -> None:
    with pytest.raises(BadInput, match="the most is 4,000,000"):
        publish(Kept(), FIRST, {"long": "x" * 4_000_000})


@pytest.mark.parametrize("ending", [".json", ".manifest.json"])
def test_what_cannot_be_read_is_named(ending: str) -> None:
    shelf = Kept()
    study = publish(shelf, FIRST, {})
    shelf.objects[study + ending] = b"{"
    with pytest.raises(BadInput, match=f"-first{ending} cannot be read"):
        (report_of if ending == ".json" else manifest_of)(shelf, study)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a/b", "x" * 41, "ä"])
def test_a_name_that_would_be_trouble_in_a_path_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="the name of a study"):
        checked_name(name)
    assert checked_name("march-2026") == "march-2026"


def test_inputs_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "day" / "one.parquet")
    (tmp_path / "day" / "notes.txt").write_text("left out", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text("{}", encoding="utf-8")
    found = inputs_of([tmp_path / "rows.jsonl", tmp_path / "day"])
    assert [one.name for one in found] == ["rows.jsonl", "one.parquet"]
    assert found[0].size == 2
    renamed = replace(found[0], name="other")
    assert replace(FIRST, inputs=found).data == replace(FIRST, inputs=(found[1], renamed)).data
    assert replace(FIRST, inputs=found).data != FIRST.data
