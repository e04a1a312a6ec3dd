"""What a dashboard that stands open costs: what its pages ask of DynamoDB, and the month's bill of it."""

import time

from msgspec import Struct

from cdk.prices import PRICES
from fargate.runner import Dashboard
from shared.adapters.embedded.server import free_port
from tests.browser.metering import Meter, Usage
from tests.browser.pages import PAGES
from tests.browser.site import Site, healthy
from tests.browser.viewers import Crowd

MONTH_MOST = 3.0
"""Dollars that a dashboard open day and night may cost in a month (issue "The dashboard a trader keeps open")."""
MONTH_S = 30 * 86_400
SETTLED_S = 40.0
LOOKED_AT_S = 150.0
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


def reads(site: Site) -> Reads:
    """All pages open at once, each by a viewer of its own: one dashboard serves every viewer from the same answers, so
    that this is more than any reader of it can cost.
    """
    with Meter(site.place.endpoint) as meter:
        dashboard = Dashboard(free_port())
        place = type(site.place)(meter.front, site.place.account, site.place.prefix)
        dashboard.start(place, site.control, site.folder / "metered.log")
        try:
            while not healthy(dashboard.url):
                time.sleep(0.1)
            with Crowd(dashboard.url, len(PAGES), SETTLED_S + LOOKED_AT_S):
                time.sleep(SETTLED_S)
                meter.take()
                began = time.monotonic()
                time.sleep(LOOKED_AT_S - 5.0)
                used = meter.take()
                return Reads("all pages open at once", time.monotonic() - began, used, MONTH_MOST)
        finally:
            dashboard.stop()
