"""The head of Executive: the figures that need no history."""

import math

from msgspec import Struct

from dashboard.figures import Figure
from dashboard.heads.trading import equity
from dashboard.performance import Sum, Wins, best_and_worst, sums_by, win_interval, wins_of
from dashboard.queries.asked import Queries
from dashboard.state import Live
from dashboard.tables import Ranks, whale
from dashboard.words import NOTHING, count, dollars, gain, ratio, signed_ratio
from shared.domain.ledger import Position


class Look(Struct, frozen=True):
    """What the page is made of: the live view, all positions, and the ranks of whales."""

    live: Live
    positions: list[Position]
    ranks: Ranks

    @property
    def by_whale(self) -> dict[str, Sum]:
        """Results by wallet."""
        return sums_by(self.positions, self.live.marks, lambda one: one.source)


def look_of(queries: Queries) -> Look | None:
    """One look at the account; ``None`` before the trader's first word."""
    live = queries.live()
    if live is None:
        return None
    return Look(live, queries.positions(), {w.wallet: w.rank for w in queries.whales()})


def executive(queries: Queries) -> tuple[Figure, ...]:
    """None before the trader's first word."""
    look = look_of(queries)
    if look is None:
        return ()
    live = look.live
    sums = look.by_whale
    held = sum(one.total for one in sums.values() if one.open)
    return (
        equity(live),
        Figure(
            "Profit",
            gain(live.profit),
            signed_ratio(live.profit, live.capital),
            f"Equity ({dollars(live.equity)}) less the capital put in ({dollars(live.capital)}), fees included.",
        ),
        *_wins(wins_of(look.positions)),
        *_whales(sums, look.ranks),
        Figure(
            "Whales held",
            count(sum(1 for one in sums.values() if one.open)),
            f"of {count(len(sums))} ever copied",
            "Wallets whose copies are open now; all their positions together, closed ones too, have brought "
            f"{gain(held)}.",
        ),
    )


def _wins(wins: Wins) -> tuple[Figure, ...]:
    """Win rate with its interval, profit factor, and what a closed position brings."""
    below = "no position closed yet"
    if wins.closed:
        low, high = win_interval(wins.won, wins.closed)
        below = f"95%: {low:.0%} to {high:.0%}"
    factor, average = wins.factor, wins.average
    return (
        Figure(
            "Win rate",
            ratio(wins.won, wins.closed),
            below,
            f"{count(wins.won)} of {count(wins.closed)} closed positions brought more than nothing; below, where the "
            "true rate lies with 95% probability (Beta posterior, uniform prior). It says little without the price "
            "paid.",
        ),
        Figure(
            "Profit factor",
            NOTHING if factor is None else "∞" if math.isinf(factor) else f"{factor:.2f}",
            f"{dollars(wins.gained)} / {dollars(wins.lost)}",
            "Gains of closed positions for each dollar lost with others; above 1 they earn money.",
        ),
        Figure(
            "Per closed position",
            NOTHING if average is None else f"{'-' if average < 0 else '+'}${abs(average):,.2f}",
            f"{count(wins.closed)} closed",
            f"Average result, fees included; all closed positions together: {gain(wins.net)}.",
        ),
    )


def _whales(sums: dict[str, Sum], ranks: Ranks) -> tuple[Figure, ...]:
    """Who copying has gained most with, and who lost most."""
    best, worst = best_and_worst(sums.values())
    return tuple(
        Figure(
            name,
            NOTHING if found is None else gain(found.total),
            "none so far" if found is None else whale(found.name, ranks),
            f"The wallet that copying has {words} with: realised and unrealised, fees included.",
        )
        for name, found, words in (("Best whale", best, "gained most"), ("Worst whale", worst, "lost most"))
    )
