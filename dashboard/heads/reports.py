"""The head of Reports: how much there is to take away."""

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.words import count
from shared.domain.instants import DAY, day_of, iso_day


def reports(queries: Queries) -> tuple[Figure, ...]:
    """None before the trader's first word."""
    live = queries.live()
    if live is None:
        return ()
    began = queries.money.began()
    last = day_of(live.event_at)
    first = last if began is None else day_of(began)
    return (
        Figure("Days on record", count(last - first + 1), f"since {iso_day(first * DAY)}", "UTC days of event time."),
        Figure(
            "Decisions",
            count(sum(live.decisions.values())),
            "one a whale trade",
            "Rows of the report on decisions.",
        ),
        Figure("Executions", count(live.counts.get("fills", 0)), "so far", "Executions of our orders."),
        Figure("Open positions", count(live.positions_open), "now", "Positions with shares in them."),
    )
