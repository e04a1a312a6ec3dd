"""How long a reader waits: what is measured, on which page, and the most it may be."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from tests.browser.driver import Driver, Step, Window
from tests.browser.pages import PAGES, Page
from tests.browser.site import Site
from tests.browser.viewers import Crowd

WARM_MS, COLD_MS, BEHIND_MS, CROWD_MS = 500.0, 2_000.0, 2_000.0, 2_000.0
"""The most that each may be (specification 16)."""
VIEWERS = 8
LOOKED_AT_S = 4.0
"""How long each of them looks at a page."""
ROUNDS = 5
WINDOW = Window()
CONTENT: Step = {"do": "content"}
OWN: Step = {"do": "own"}
SETTLE: Step = {"do": "settle"}
CLOSE: Step = {"do": "close"}


class Figure(Struct, frozen=True):
    """Something measured, in milliseconds, and the most it may be (None: it is told only)."""

    name: str
    ms: float
    most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether it took longer than it may."""
        return self.most is not None and self.ms > self.most

    def line(self, width: int) -> str:
        """A row of the table; names are ``width`` wide."""
        limit = "" if self.most is None else f"  [at most {self.most:,.0f}{': MISSED' if self.missed else ''}]"
        return f"{self.name:<{width}}{self.ms:>9,.0f} ms{limit}"


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def opened(site: Site, page: Page) -> tuple[Step, ...]:
    """A visit by its address: until there is a figure, table or chart, and until there is one of Streamlit's own."""
    return {"do": "open", "url": site.url + page.path}, CONTENT, OWN


Waits = tuple[float, float]
"""Milliseconds until there is something to read, and until it is Streamlit's own."""


def waits(found: dict[str, float]) -> Waits:
    """Out of what a visit found."""
    return float(found["content"]), float(found["own"])


def cold(driver: Driver, site: Site) -> Iterator[Figure]:
    """Readers who have never been here: first of all after the dashboard's own start, then on every page."""
    site.shut()
    site.open()
    yield from _both("first visit after the start", [_visit(driver, site, "first", PAGES[0])], COLD_MS, COLD_MS)
    for page in PAGES:
        times = [_visit(driver, site, f"cold-{n}", page) for n in range(3)]
        yield from _both(f"cold, {page.title}", times, COLD_MS, COLD_MS)


def _visit(driver: Driver, site: Site, session: str, page: Page) -> Waits:
    return waits(driver.ask(session, WINDOW, *opened(site, page), SETTLE, CLOSE).sound())


def _both(name: str, times: Sequence[Waits], most: float, own: float | None = None) -> Iterator[Figure]:
    """Until there is something to read, and until Streamlit's page stands, which answers to its reader; medians."""
    yield Figure(name, statistics.median(first for first, _ in times), most)
    yield Figure(f"{name}, answering", statistics.median(stands for _, stands in times), own)


def warm(driver: Driver, site: Site) -> Iterator[Figure]:
    """A reader who comes back by an address, and one who changes pages by their links; medians."""
    loads: dict[str, list[Waits]] = {page.title: [] for page in PAGES}
    changes: dict[str, list[float]] = {page.title: [] for page in PAGES}
    for n in range(ROUNDS + 1):
        for page in PAGES:
            found = driver.ask("warm", WINDOW, *opened(site, page), SETTLE).sound()
            if n:  # the browser compiles its scripts in the first round
                loads[page.title].append(waits(found))
    driver.ask("warm", WINDOW, *opened(site, PAGES[0]), SETTLE, stay=True).sound()
    for _ in range(ROUNDS):
        for page in [*PAGES[1:], PAGES[0]]:
            found = driver.ask("warm", WINDOW, {"do": "go", "title": page.title}, SETTLE, stay=True).sound()
            changes[page.title].append(found["go"])
    driver.ask("warm", WINDOW, CLOSE)
    for title, times in loads.items():
        yield from _both(f"warm, {title}, by address", times, WARM_MS)
    for title, gone in changes.items():
        yield Figure(f"warm, {title}, by link", statistics.median(gone), WARM_MS)


def behind(driver: Driver, site: Site) -> Iterator[Figure]:
    """From the instant the trader has written a figure until it stands on the page; the worst of some."""
    first = PAGES[0]
    driver.ask("behind", WINDOW, *opened(site, first), SETTLE, stay=True).sound()
    waits = []
    for n in range(2 * ROUNDS):
        time.sleep(0.37)  # the page asks every two seconds: at different places between two of its questions
        site.trader.show(progress=f"mark {n} of the trader")
        began = time.monotonic()
        driver.ask("behind", WINDOW, {"do": "see", "text": f"mark {n} of the trader"}, stay=True).sound()
        waits.append((time.monotonic() - began) * 1_000)
    driver.ask("behind", WINDOW, CLOSE)
    yield Figure("behind the trader, median", statistics.median(waits))
    yield Figure("behind the trader, worst", max(waits), BEHIND_MS)


def crowd(driver: Driver, site: Site) -> Iterator[Figure]:
    """Many viewers at once who open page after page and keep them moving: one through a browser, the others without a
    window, because a browser draws on its reader's machine and not on ours.
    """
    times = []
    with Crowd(site.url, VIEWERS - 1, LOOKED_AT_S) as others:
        for n in range(2 * len(PAGES)):
            found = driver.ask("crowd", WINDOW, *opened(site, PAGES[n % len(PAGES)])).sound()
            times.append(waits(found))
            time.sleep(1.0)
    driver.ask("crowd", WINDOW, CLOSE)
    sent = f"{VIEWERS} viewers, sent by the dashboard"
    yield Figure(f"{sent}: first content, p95", percentile(others.contents(), 0.95), CROWD_MS)
    yield Figure(f"{sent}: whole page, p50", percentile(others.wholes(), 0.5))
    yield Figure(f"{sent}: whole page, p95", percentile(others.wholes(), 0.95))
    for name, one in (("something to read", 0), ("answering", 1)):
        waited = [both[one] for both in times]
        yield Figure(f"{VIEWERS} viewers, through a browser beside it: {name}, p50", percentile(waited, 0.5))
        yield Figure(f"{VIEWERS} viewers, through a browser beside it: {name}, p95", percentile(waited, 0.95), CROWD_MS)


Measure = Callable[[Driver, Site], Iterator[Figure]]
MEASURES: tuple[Measure, ...] = (cold, warm, behind, crowd)
