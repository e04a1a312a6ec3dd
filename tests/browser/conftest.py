"""The browser, and two accounts to look at: one in the middle of its work, and one that has written nothing yet.

Without a browser these tests are skipped, with the reason; ``REQUIRE_BROWSER=1`` makes that a failure.
"""

import os
from collections.abc import Iterator

import pytest

from tests.browser.driver import Driver, missing
from tests.browser.site import Cloud, Site


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    if lacking := missing():
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"REQUIRE_BROWSER=1, but {lacking}")
        pytest.skip(lacking)
    with Driver() as driver:
        yield driver


@pytest.fixture(scope="session")
def cloud(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("browser")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def small(cloud: Cloud) -> Iterator[Site]:
    with Site(cloud, "small") as site:
        yield site


@pytest.fixture(scope="session")
def empty(cloud: Cloud) -> Iterator[Site]:
    with Site(cloud, "empty") as site:
        yield site
