"""Every page the entrance lists, through a desktop's and a phone's window, light and dark, with pictures kept."""

import pytest

from tests.browser.accepted import ours
from tests.browser.driver import DESKTOP, PHONE, SCREENS, Answer, Driver, Step, Window
from tests.browser.pages import PAGES, Page
from tests.browser.site import Site

WINDOWS = [Window(*DESKTOP, "light"), Window(*PHONE, "dark")]
"""Each width and each theme once, for time; `make screens` looks through all four."""


def looked_at(driver: Driver, site: Site, page: Page, window: Window, *first: Step) -> Answer:
    """A page opened by its address, measured and kept as a picture."""
    account = site.population.account
    path = SCREENS / f"{account}-{page.name}-{window.width}-{window.theme}.png"
    return driver.ask(
        f"{account}-{window.width}-{window.theme}",
        window,
        {"do": "open", "url": site.url + page.path},
        *first,
        {"do": "settle"},
        {"do": "text", "selector": "h1"},
        {"do": "overflow"},
        {"do": "axe"},
        {"do": "screenshot", "path": str(path)},
    )


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: f"{window.width}-{window.theme}")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_its_figures_quietly_fits_the_window_and_can_be_used_by_everybody(
    driver: Driver, small: Site, page: Page, window: Window
) -> None:
    found = looked_at(driver, small, page, window, {"do": "content"}).sound()
    assert found["text"].strip() == page.title
    assert found["overflow"] <= 0, f"the page is {found['overflow']} px wider than the window"
    assert ours(found["axe"]) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_of_an_account_without_anything_says_what_to_do(driver: Driver, empty: Site, page: Page) -> None:
    found = looked_at(driver, empty, page, Window(*PHONE)).sound()
    assert found["text"].strip() == page.title
    assert found["overflow"] <= 0, f"the page is {found['overflow']} px wider than the window"
    assert ours(found["axe"]) == []


def test_the_pages_looked_at_are_those_the_dashboard_offers(driver: Driver, small: Site) -> None:
    steps: list[Step] = [{"do": "open", "url": small.url}, {"do": "settle"}, {"do": "links"}]
    found = driver.ask("links", Window(), *steps, {"do": "close"}).sound()
    assert [(title.splitlines()[-1], path) for title, path in found["links"]] == [(p.title, p.path) for p in PAGES]
