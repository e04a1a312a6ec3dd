"""What a reader sees before Streamlit's page stands, and that it makes way for it."""

import time

import httpx
import pytest

from tests.browser.accepted import ours
from tests.browser.driver import DESKTOP, PHONE, SCREENS, Driver, Step, Window
from tests.browser.pages import PAGES, Page
from tests.browser.site import Site

PATIENCE_S = 20.0
SCRIPTS: Step = {"do": "without", "pattern": "**/static/js/**"}
DAY, NIGHT = Window(*DESKTOP, "light"), Window(*PHONE, "dark")
SEEN = [*((page, DAY) for page in PAGES), (PAGES[0], NIGHT)]
"""A first look differs from page to page in its figures only."""


@pytest.fixture(scope="module", autouse=True)
def known(small: Site) -> None:
    """The dashboard has asked for every head once, as it does by itself after its start."""
    deadline = time.monotonic() + PATIENCE_S
    for page in PAGES:
        while "data-figure" not in httpx.get(small.url + page.path, timeout=PATIENCE_S).text.partition("<nav")[2]:
            assert time.monotonic() < deadline, f"no first look at {page.title}"


@pytest.mark.parametrize(("page", "window"), SEEN, ids=lambda one: one.name if isinstance(one, Page) else one.theme)
def test_a_page_can_be_read_before_any_script_has_come(driver: Driver, small: Site, page: Page, window: Window) -> None:
    path = SCREENS / f"look-{page.name}-{window.width}-{window.theme}.png"
    steps: tuple[Step, ...] = (
        {"do": "content"},
        {"do": "text", "selector": "#first-look h1"},
        {"do": "text", "selector": "#first-look .house-banner", "as": "banner"},
        {"do": "axe"},
        {"do": "screenshot", "path": str(path)},
    )
    session = f"look-{window.width}-{page.name}"
    said = driver.ask(session, window, SCRIPTS, {"do": "open", "url": small.url + page.path}, *steps, {"do": "close"})
    assert not said.failed, said.failed
    assert said.found["text"] == page.title
    assert "PAPER" in said.found["banner"]
    assert ours(said.found["axe"]) == []


def test_a_page_that_does_not_start_says_so(driver: Driver, small: Site) -> None:
    late: Step = {"do": "see", "text": "The page does not start", "within_ms": 15_000}
    said = driver.ask("late", Window(), SCRIPTS, {"do": "open", "url": small.url}, late, {"do": "close"})
    assert not said.failed, said.failed


def test_the_first_look_goes_when_the_page_stands_and_shows_the_same_figures(driver: Driver, small: Site) -> None:
    path = next(page.path for page in PAGES if page.title == "Reports")
    figure = {"do": "text", "selector": "#first-look dd[data-figure]", "as": "first"}
    own = {"do": "text", "selector": '[data-testid="stMetricValue"]', "as": "own"}
    gone = {"do": "see", "selector": "#first-look", "gone": True}
    opening: Step = {"do": "open", "url": small.url + path}
    said = driver.ask("both", Window(), SCRIPTS, opening, figure, {"do": "close"})
    found = driver.ask("after", Window(), opening, {"do": "settle"}, gone, own, {"do": "close"}).sound()
    assert said.found["first"] == found["own"]
