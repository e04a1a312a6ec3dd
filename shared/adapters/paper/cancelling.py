"""Cancel-all at the paper venue: one item that ends every order planned before it, whether or not anybody runs.

Whoever reads the venue's log folds the item in, so that orders are void from the moment it is written; a venue that
runs looks at it as well. A second one with a later instant takes the place of the first, never the other way round.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.paper.orders import PaperOrder
from shared.domain.order import FINAL, OrderState

CANCEL_ALL = "cancel#all"
"""Under which key the item stands in the venue's log, beside the orders."""
NOTE = "cancelled with all others"


class CancelAll(Struct, frozen=True):
    """Every order planned before ``at`` (nanoseconds) is void; ``reason``: who asked and why."""

    at: int
    reason: str = ""


def ended_by(cancel_at: int, papers: Iterable[PaperOrder], now: int) -> list[PaperOrder]:
    """The orders that a cancel-all of ``cancel_at`` ends (0: there never was one), as they stand from then on.

    ``now`` is when that is noticed. What was filled stays filled; an order is never ended before its last fill.
    """
    ended = []
    for paper in papers:
        if paper.state in FINAL or paper.order.planned_at >= cancel_at:
            continue
        last = max((fill.venue_at for fill in paper.fills), default=0)
        at = max(min(cancel_at, now), last)
        ended.append(replace(paper, state=OrderState.CANCELED, rests=True, note=NOTE, ended_at=at))
    return ended
