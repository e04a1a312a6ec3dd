"""Which pages there are, in the order of the menu: the entrance, the first look and the tests go by this list."""

from collections.abc import Callable

from msgspec import Struct

from dashboard.figures import Figure
from dashboard.heads.decisions import decisions
from dashboard.heads.executive import executive
from dashboard.heads.markets import markets
from dashboard.heads.operations import operations
from dashboard.heads.reports import reports
from dashboard.heads.research import research
from dashboard.heads.risk import risk
from dashboard.heads.settings import settings
from dashboard.heads.trading import trading
from dashboard.heads.whales import whales
from dashboard.queries.asked import Queries


class Entry(Struct, frozen=True):
    """A page: its file in pages/ without the ending, its title and icon, and the figures it begins with."""

    stem: str
    title: str
    icon: str
    head: Callable[[Queries], tuple[Figure, ...]]

    @property
    def path(self) -> str:
        """Where it stands below the address of the dashboard."""
        return "/" if self is MENU[0] else f"/{self.stem}"


MENU = (
    Entry("trading", "Trading overview", "monitoring", trading),
    Entry("executive", "Executive", "insights", executive),
    Entry("decisions", "Decisions", "checklist", decisions),
    Entry("whales", "Whales", "trophy", whales),
    Entry("markets", "Markets", "storefront", markets),
    Entry("risk", "Risk", "shield", risk),
    Entry("operations", "Operations", "engineering", operations),
    Entry("reports", "Reports", "download", reports),
    Entry("research", "Research", "science", research),
    Entry("settings", "Settings", "tune", settings),
)
"""The first one is what the bare address shows."""
