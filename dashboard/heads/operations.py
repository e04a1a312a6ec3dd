"""The head of Operations: what is well, and what is open."""

from collections.abc import Sequence

from dashboard.figures import Figure
from dashboard.operations import DOWN, LOOK, part_rows
from dashboard.queries.asked import Queries
from dashboard.state import FEED_OK, Live
from dashboard.tables import Row
from dashboard.words import NOTHING, count


def operations(queries: Queries) -> tuple[Figure, ...]:
    """None before the trader has written anything of itself."""
    live, view = queries.live(), queries.operations.view()
    if live is None and view is None:
        return ()
    return well(part_rows(view, live, queries.operations.lease(), queries.now()), live or Live())


def well(parts: Sequence[Row], live: Live) -> tuple[Figure, ...]:
    """How many parts and feeds are well, and how many orders are open."""
    sound = sum(row["light"] not in (DOWN, LOOK) for row in parts)
    heard = sum(state == FEED_OK for state in live.feeds.values())
    return (
        Figure(
            "Parts well",
            f"{sound} of {len(parts)}",
            "",
            "The trader, its lease and its parts; which are not stands below.",
        ),
        Figure(
            "Feeds well",
            f"{heard} of {len(live.feeds)}" if live.feeds else NOTHING,
            "",
            "Sources that tell the trader what happens.",
        ),
        Figure("Open orders", count(live.orders_open), "", "Orders that are not final, those in doubt included."),
        Figure("Fills", count(live.counts.get("fills", 0)), "", "Executions of our orders so far."),
    )
