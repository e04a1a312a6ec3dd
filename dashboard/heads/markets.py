"""The head of Markets, and one look at what markets brought."""

from msgspec import Struct

from dashboard.figures import Figure
from dashboard.market_results import MarketSum, by_market
from dashboard.queries.asked import Queries
from dashboard.state import Live
from dashboard.tables import Markets
from dashboard.words import count, gain
from shared.domain.ledger import Position


class MarketLook(Struct, frozen=True):
    """One look at the account: the live view, its positions, what their markets ask, and the results by market."""

    live: Live
    positions: list[Position]
    markets: Markets
    found: list[MarketSum]


def market_look(queries: Queries) -> MarketLook | None:
    """``None`` before the trader's first word."""
    live = queries.live()
    if live is None:
        return None
    positions = queries.positions()
    markets = queries.money.titles({one.market for one in positions})
    return MarketLook(live, positions, markets, by_market(positions, live.marks, markets))


def markets(queries: Queries) -> tuple[Figure, ...]:
    """None before a market was traded."""
    look = market_look(queries)
    return () if look is None or not look.found else traded(look)


def traded(look: MarketLook) -> tuple[Figure, ...]:
    """What all markets brought together; there is at least one."""
    won = sum(one.sum.total > 0 for one in look.found)
    lost = sum(one.sum.total < 0 for one in look.found)
    realized = sum(one.sum.realized for one in look.found)
    unrealized = sum(one.sum.unrealized for one in look.found)
    return (
        Figure(
            "Markets traded",
            count(len(look.found)),
            f"{count(sum(1 for one in look.found if one.sum.open))} with open positions",
            "Markets in which a position was ever held.",
        ),
        Figure("Realised", gain(realized), "sold or settled", "Results of what was sold or settled, fees included."),
        Figure("Unrealised", gain(unrealized), "of open positions", "What is held, at its last price, less its cost."),
        Figure(
            "With a gain",
            f"{won / len(look.found):.0%}",
            f"{count(won)} won, {count(lost)} lost",
            "Markets whose realised and unrealised results together are above zero.",
        ),
    )
