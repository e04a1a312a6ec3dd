"""The embedded AWS for the query tests, and a page runner that gives a page hand-written queries."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.queries.asked import Queries
from dashboard.queries.opening import source
from tests.contracts.embedded import embedded

__all__ = ["embedded"]

PAGES = Path(__file__).parents[2] / "dashboard" / "pages"
RunPage = Callable[[str, Queries], AppTest]


@pytest.fixture
def run_page() -> Iterator[RunPage]:
    """Runs ``pages/<name>.py`` as a reader would open it."""

    def run(name: str, queries: Queries) -> AppTest:
        source.close()
        source.open(lambda: queries)
        return AppTest.from_file(str(PAGES / f"{name}.py"), default_timeout=60).run()

    yield run
    source.close()


@pytest.fixture(autouse=True)
def main_stays_main() -> Iterator[None]:
    """A page under test takes the place of ``__main__``; a process spawned later would run the page instead of us."""
    ours = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = ours
