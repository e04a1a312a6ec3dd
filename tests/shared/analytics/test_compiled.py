"""Where compiled loops are kept."""

from pathlib import Path

import numba
import pytest
from numba.core import caching

from shared.analytics.compiled import compiled, compiled_sum


def half(x: float) -> float:
    return x / 2.0


def third(x: float) -> float:
    return x / 3.0


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which nothing beside the sources or in the user's folder can be written."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [caching.UserProvidedCacheLocator])
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_on_a_read_only_file_system_compiled_code_is_kept_among_temporary_files(read_only: Path) -> None:
    assert compiled(half)(3.0) == 1.5
    assert compiled_sum(third)(3.0) == 1.0
    kept = [path.name for path in (read_only / "numba").rglob("*.nbi")]
    assert any("half" in name for name in kept)
    assert any("third" in name for name in kept)


def test_a_division_by_zero_gives_what_numpy_gives() -> None:
    @compiled
    def inverse(x: float) -> float:
        return 1.0 / x

    assert inverse(0.0) == float("inf")
