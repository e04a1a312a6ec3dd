"""What a dashboard that stands open costs: what its pages ask of DynamoDB, and the month's bill of it."""

import time
from collections.abc import Callable

from msgspec import Struct

from cdk.prices import PRICES
from fargate.runner import Dashboard
from shared.adapters.embedded.server import free_port
from tests.browser.driver import Driver, Step, Window
from tests.browser.metering import Meter, Usage
from tests.browser.pages import PAGES, Page
from tests.browser.site import Site, healthy

MONTH_MOST = 3.0
"""Dollars that a dashboard open day and night may cost in a month (issue "The dashboard a trader keeps open")."""
MONTH_S = 30 * 86_400
SETTLED_S = 15.0
ALONE_S = 20.0
TOGETHER_S = 150.0
"""Longer than the age of most answers, the oldest of which are asked for anew after ten minutes."""


class Reads(Struct, frozen=True):
    """What was asked within some seconds, and what a month of it costs in dollars; ``most``: what it may."""

    name: str
    seconds: float
    used: Usage
    most: float | None = None

    @property
    def dollars(self) -> float:
        """Dollars a month at the dated price of cdk/prices.py."""
        return self.used.units / self.seconds * MONTH_S * PRICES["DynamoDB read unit"]

    @property
    def missed(self) -> bool:
        """Whether it costs more than it may."""
        return self.most is not None and self.dollars > self.most

    def line(self, width: int) -> str:
        """A row of the table; names are ``width`` wide."""
        rate = f"{self.used.questions / self.seconds:>6.1f} questions/s {self.used.units / self.seconds:>8.1f} units/s"
        limit = "" if self.most is None else f"  [at most {self.most:,.2f}{': MISSED' if self.missed else ''}]"
        return f"{self.name:<{width}}{rate}   ${self.dollars:,.2f} a month{limit}"

    def tables(self) -> str:
        """Where the units go, the most first."""
        ordered = sorted(self.used.by_table.items(), key=lambda pair: -pair[1])
        return ", ".join(f"{name.rpartition('-')[2]} {units / self.seconds:.1f}" for name, units in ordered)


def reads(driver: Driver, site: Site, tell: Callable[[str], None]) -> list[Reads]:
    """Each page open alone, then all of them at once: one dashboard serves every viewer from the same answers, so that
    all together is more than any reader of it can cost.
    """
    found = []
    with Meter(site.place.endpoint) as meter:
        place = type(site.place)(meter.front, site.place.account, site.place.prefix)
        dashboard = Dashboard(free_port())
        dashboard.start(place, site.control, site.folder / "metered.log")
        try:
            while not healthy(dashboard.url):
                time.sleep(0.1)
            for page in PAGES:
                _look(driver, dashboard.url, page)
                one = _measured(meter, page.title, ALONE_S, None)
                driver.ask(page.name, Window(), {"do": "close"})
                tell(one.line(52))
                found.append(one)
            for page in PAGES:
                _look(driver, dashboard.url, page)
            together = _measured(meter, "all pages at once", TOGETHER_S, MONTH_MOST)
            for page in PAGES:
                driver.ask(page.name, Window(), {"do": "close"})
            tell(together.line(52))
            tell(f"units/s by table: {together.tables()}")
        finally:
            dashboard.stop()
    return [*found, together]


def _look(driver: Driver, url: str, page: Page) -> None:
    steps: tuple[Step, ...] = ({"do": "open", "url": url + page.path}, {"do": "settle"})
    driver.ask(page.name, Window(), *steps, stay=True).sound()


def _measured(meter: Meter, name: str, seconds: float, most: float | None) -> Reads:
    time.sleep(SETTLED_S)
    meter.take()
    began = time.monotonic()
    time.sleep(seconds)
    return Reads(name, time.monotonic() - began, meter.take(), most)
