"""What every test gets: recordings where they exist, Hypothesis profiles, and a guard against leaving the machine."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.house.loopback import LoopbackGuard

GUARD = LoopbackGuard()

# Deadlines and the slow-data check measure a shared machine, not the code.
settings.register_profile("full", max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("full"), max_examples=30)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    with GUARD.watching():
        yield


@pytest.fixture
def loopback_guard() -> LoopbackGuard:
    """The guard itself, for the tests that show it works."""
    return GUARD


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded market data that RECORDINGS names; the test is skipped, with a reason, when unset."""
    named = os.environ.get("RECORDINGS")
    if not named:
        pytest.skip("RECORDINGS names no folder of recorded market data")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"RECORDINGS is {named!r}, which is not a folder")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns two silent outcomes into failures: a skipped recording where one is required, and a refused connection."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_RECORDINGS") == "1" and _uses_recordings(item):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but REQUIRE_RECORDINGS=1 says that every recording is here"
    refused = GUARD.take_violations() if call.when == "teardown" else []
    if refused and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {'; '.join(dict.fromkeys(refused))}"
    return report


def _uses_recordings(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "recordings" in item.fixturenames
