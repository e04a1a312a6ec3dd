"""Second pair of eyes for resolutions: markets that the venue has resolved and our books still hold.

The trader hears resolutions from the market channel and asks the catalogue itself about every market it holds. If it
has booked nothing long after the catalogue knows the result, people are told. It is not told by a command: a command
with payouts would book money on the word of whoever may write to table ``control``, and a trader that cannot read the
catalogue needs a person, not another messenger.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from shared.adapters.audit.standing import Wrong
from shared.domain.instants import HOUR, MINUTE
from shared.domain.ledger import Position
from shared.domain.money import format_micro
from shared.settings import VenueSettings

if TYPE_CHECKING:
    from shared.adapters.polymarket.gamma_market import GammaMarket

SOURCE = "settle_markets"
NAME = "resolution_not_booked"
BOOKED_WITHIN_NS = 10 * MINUTE
AGAIN_NS = 6 * HOUR


def ask(venue: VenueSettings, markets: list[str]) -> "list[GammaMarket]":
    """The markets as the catalogue has them now. ``Temporary`` when it does not answer; who holds nothing asks nothing.

    The HTTP library takes as long to load as all the rest, so it is loaded here.
    """
    if not markets:
        return []
    found: list[GammaMarket] = import_module("shared.adapters.audit.catalogue").markets_now(venue, markets)
    return found


def held_by_market(positions: dict[str, Position]) -> dict[str, list[Position]]:
    """Positions with shares in them, by market."""
    held: dict[str, list[Position]] = {}
    for position in positions.values():
        if position.size:
            held.setdefault(position.market, []).append(position)
    return held


def not_booked(held: dict[str, list[Position]], found: "list[GammaMarket]") -> list[Wrong]:
    """Markets that have a result and in which our books still hold shares."""
    wrong = []
    for market in found:
        positions = held.get(market.condition_id)
        if market.winner is None or not positions:
            continue
        cost = format_micro(sum(position.cost for position in positions))
        text = (
            f"market {market.slug or market.condition_id} has resolved ({market.winner}), and our books still hold "
            f"{len(positions)} position(s) in it that cost ${cost}: the trader has not booked it"
        )
        wrong.append(Wrong(market.condition_id, 2, NAME, text))
    return wrong
