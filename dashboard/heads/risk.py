"""The head of Risk: how near the limits are."""

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.risk import limit_rows
from dashboard.state import Live, RiskView
from dashboard.words import NOTHING, count, dollars


def risk(queries: Queries) -> tuple[Figure, ...]:
    """None before the trader has written how risk stands."""
    view = queries.risk()
    return () if view is None else standing(view, queries.live() or Live())


def standing(view: RiskView, live: Live) -> tuple[Figure, ...]:
    """What stops entries now, what is nearest to doing so, and what is at stake."""
    nearest = next(iter(limit_rows(view.limits)), {"share": 0.0, "limit": NOTHING})
    return (
        Figure(
            "Breakers tripped",
            count(len(view.standing)),
            "",
            "Those that stop entries or make them smaller now; see below.",
        ),
        Figure(
            "Nearest limit", f"{nearest['share']:.0f}% used", "", f"The limit that is used up most: {nearest['limit']}."
        ),
        Figure("Exposure", dollars(live.exposure), "", "Open positions at their last price plus cash held for orders."),
        Figure(
            "Equity", dollars(live.equity), "", "Free cash, cash held for orders, and positions at their last price."
        ),
    )
