import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cdk.constructs import zips


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small house: two sources, a lock without a package, and a cache of its own."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "one.py").write_text("ONE = 1\n")
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "two.py").write_text("TWO = 2\n")
    (tmp_path / "light.txt").write_text("# nothing\n")
    monkeypatch.setattr(zips, "ROOT", tmp_path)
    monkeypatch.setattr(zips, "LOCK", tmp_path / "light.txt")
    monkeypatch.setattr(zips, "CACHE", tmp_path / "cache")
    return tmp_path


def test_a_zip_is_collected_once_for_one_tree(tree: Path) -> None:
    first = zips.collected("false")
    (first / "shared" / "one.py").write_text("TOUCHED = 1\n")
    assert zips.collected("false") == first
    assert (first / "shared" / "one.py").read_text() == "TOUCHED = 1\n"


def test_another_source_lock_or_machine_is_another_zip(tree: Path) -> None:
    names = [zips.digest_of("false"), zips.digest_of("lambda"), zips.digest_of("here")]
    (tree / "shared" / "one.py").write_text("ONE = 11\n")
    names.append(zips.digest_of("false"))
    (tree / "light.txt").write_text("# another\n")
    names.append(zips.digest_of("false"))
    (tree / "shared" / "one.py").rename(tree / "shared" / "three.py")
    names.append(zips.digest_of("false"))
    assert len(set(names)) == len(names)


def test_caches_of_python_change_nothing(tree: Path) -> None:
    before = zips.digest_of("false")
    (tree / "shared" / "__pycache__").mkdir()
    (tree / "shared" / "__pycache__" / "one.pyc").write_bytes(b"x")
    assert zips.digest_of("false") == before


def test_an_interrupted_collection_starts_over(tree: Path) -> None:
    left = (tree / "cache" / zips.digest_of("false")).with_suffix(".growing")
    left.mkdir(parents=True)
    (left / "half.py").write_text("")
    done = zips.collected("false")
    assert not (done / "half.py").exists()
    assert not left.exists()


def test_libraries_that_cannot_be_had_are_one_sentence(tree: Path) -> None:
    (tree / "light.txt").write_text("house-of-cards==1.0\n")
    with pytest.raises(ValueError, match=r"^the light functions' libraries in light\.txt could not be installed: "):
        zips.collected("here")
    assert not (tree / "cache" / zips.digest_of("here")).exists()


def test_our_sources_alone_are_what_the_functions_import(tree: Path) -> None:
    shutil.rmtree(tree / "functions")
    (tree / "functions").mkdir()
    (tree / "functions" / "two.py").write_text("from shared.one import ONE\nprint(ONE)\n")
    folder = zips.collected("false")
    done = subprocess.run(
        [sys.executable, "-m", "functions.two"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n", done.stderr
