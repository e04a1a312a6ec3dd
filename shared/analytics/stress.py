"""What a portfolio would lose if things went wrong, and what its exits would still be worth.

The seven scenarios of the specification, section 9: volatility doubles, liquidity gone, edge gone, venue down, flash
crash, whale spam, weekend. Each is a row of numbers (``Shock``), its assumption in words is made from them, and one
function works it out, so that words and figures cannot disagree. All positions are hit at the same time: in a crisis
correlations go to one, and a stress that diversifies is none.

Prices are dollars per share (0..1), sizes shares, everything floats. A sale of more than the displayed depth walks
down the book: beyond it, each further depth costs another half spread, and nothing sells below 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from shared.analytics.portfolio import Holding, simulate, tail_risk
from shared.domain.errors import BadInput


@dataclass(frozen=True)
class StressPosition:
    """Long shares of one outcome. ``mark``: its price now; ``daily_move``: standard deviation of the price in a day;
    ``spread``: ask - bid; ``depth``: shares displayed near the bid; ``stop``: price at which it is to be sold, 0: none.
    """

    market: str
    outcome: str
    shares: float
    mark: float
    daily_move: float
    spread: float
    depth: float
    stop: float = 0.0

    def __post_init__(self) -> None:
        for name in ("mark", "daily_move", "spread", "stop"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadInput(f"{name} of {self.market} must lie between 0 and 1, not {getattr(self, name)}")
        for name in ("shares", "depth"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise BadInput(f"{name} of {self.market} must be 0 or more, not {getattr(self, name)}")


@dataclass(frozen=True)
class StressAccount:
    """``equity``: cash and positions, dollars; ``headroom``: dollars that the limits would still let us buy for."""

    equity: float
    headroom: float
    positions: tuple[StressPosition, ...]

    def __post_init__(self) -> None:
        if not 0.0 < self.equity < float("inf"):
            raise BadInput(f"equity must be positive, not {self.equity}")
        if not 0.0 <= self.headroom < float("inf"):
            raise BadInput(f"headroom must be 0 or more, not {self.headroom}")
        named = [(one.market, one.outcome) for one in self.positions]
        twice = [name for place, name in enumerate(named) if name in named[:place]]
        if twice:
            raise BadInput(f"positions must name each outcome once; {twice[0][1]} of {twice[0][0]} is there again")


@dataclass(frozen=True)
class Shock:
    """One scenario. Prices fall by ``sigmas`` daily moves times ``volatility`` times the root of ``days``, and to
    1 - ``crash`` of the mark if that is lower; ``recovery`` of the fall comes back. Depth and spread are multiplied.

    ``exits``: ``all`` is sold at the worst price, ``stops`` only what has reached its stop, ``none`` can be sold, or
    everything is ``held`` to resolution at probabilities that equal the price. ``spam``: the limits fill up first.
    """

    name: str
    happens: str
    sigmas: float = 0.0
    days: float = 1.0
    volatility: float = 1.0
    crash: float = 0.0
    recovery: float = 0.0
    depth: float = 1.0
    spread: float = 1.0
    exits: str = "stops"
    spam: bool = False

    def __post_init__(self) -> None:
        if self.exits not in _EXITS:
            raise BadInput(f"exits of {self.name} must be one of {', '.join(_EXITS)}, not {self.exits!r}")
        for name in ("crash", "recovery"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise BadInput(f"{name} of {self.name} must lie between 0 and 1, not {getattr(self, name)}")
        for name in ("sigmas", "days", "volatility", "depth", "spread"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise BadInput(f"{name} of {self.name} must be 0 or more, not {getattr(self, name)}")

    @property
    def assumption(self) -> str:
        """What is assumed, in words."""
        parts = []
        if self.sigmas > 0:
            times = f" at {self.volatility:g} times the volatility" if self.volatility != 1.0 else ""
            days = "one day" if self.days == 1.0 else f"{self.days:g} days"
            parts.append(f"every price falls by {self.sigmas:g} daily moves{times} over {days}")
        if self.crash > 0:
            parts.append(f"every price falls to {1 - self.crash:.0%} of what it was")
        if self.recovery > 0:
            parts.append(f"{self.recovery:.0%} of the fall comes back")
        if self.depth != 1.0 or self.spread != 1.0:
            parts.append(f"{self.depth:.0%} of the depth is left and spreads are {self.spread:g} times as wide")
        if self.spam:
            parts.append("signals fill every limit with purchases at half a spread above the mark")
        parts.append(_EXITS[self.exits])
        return f"{self.happens}: {'; '.join(parts)}."


DRAWS = 20_000
_LOADING = 0.5**0.5
"""On the one factor of a crisis: any two bets have the latent correlation 0.5."""
_EXITS = {
    "all": "everything is sold at the low as far as there are bids, the rest is marked at the new bid",
    "stops": "what reached its stop is sold at the low, not at the stop",
    "none": "nothing can be sold",
    "held": "everything is held to resolution, each price is the true probability and the worst 5% is shown",
}

SHOCKS = (
    Shock("volatility_doubles", "Volatility doubles", sigmas=1.645, volatility=2.0, depth=0.5, spread=2.0),
    Shock("liquidity_gone", "Liquidity disappears and we must leave", depth=0.1, spread=5.0, exits="all"),
    Shock("edge_gone", "The edge is gone", exits="held"),
    Shock("venue_down", "The venue is down for a day", sigmas=2.33, exits="none"),
    Shock("flash_crash", "Flash crash", crash=0.5, recovery=0.8, depth=0.25, spread=3.0),
    Shock("whale_spam", "Whales flood us with signals against us", sigmas=1.645, spread=2.0, exits="all", spam=True),
    Shock("weekend", "A weekend without a person", sigmas=1.645, days=2.5, depth=0.5, spread=2.0),
)

STRESS_SCHEMA = {
    "scenario": pl.String,
    "assumption": pl.String,
    "pnl_usd": pl.Float64,
    "drawdown": pl.Float64,
    "exited_usd": pl.Float64,
    "exit_cost_usd": pl.Float64,
    "left_usd": pl.Float64,
}


def stress(account: StressAccount, shocks: Sequence[Shock] = SHOCKS, draws: int = DRAWS) -> pl.DataFrame:
    """One row per scenario. ``pnl_usd``: result when it is over; ``drawdown``: at the worst moment, share of equity;
    ``exited_usd``: what sales brought; ``exit_cost_usd``: how much less that is than the price at that moment;
    ``left_usd``: what is still held, at its price in the end. ``draws``: cases tried where chance decides.
    """
    rows = [(shock.name, shock.assumption, *_result(account, shock, draws)) for shock in shocks]
    return pl.DataFrame(rows, schema=STRESS_SCHEMA, orient="row")


def sale(shares: float, price: float, spread: float, depth: float) -> tuple[float, float]:
    """Shares that find a buyer above 0, and what they bring: half a spread below ``price`` for the first ``depth``
    shares, then falling by half a spread per further depth. No depth, no buyer.
    """
    bid = max(price - spread / 2.0, 0.0)
    if depth <= 0.0 or bid <= 0.0:
        return 0.0, 0.0
    near, half = min(shares, depth), spread / 2.0
    beyond = min(shares - near, bid / half * depth) if half > 0 else shares - near
    fall = half * (beyond / depth)  # of the price from the first share beyond the depth to the last
    return min(near + beyond, shares), near * bid + beyond * max(bid - fall / 2.0, 0.0)


def _result(account: StressAccount, shock: Shock, draws: int) -> tuple[float, float, float, float, float]:
    positions, paid = _flooded(account) if shock.spam else (account.positions, 0.0)
    if shock.exits == "held":
        return _held_to_resolution(positions, account.equity, draws)
    now = worst = end = exited = cost = left = 0.0
    for one in positions:
        low = min(one.mark - shock.sigmas * shock.volatility * shock.days**0.5 * one.daily_move, one.mark)
        low = max(min(low, one.mark * (1.0 - shock.crash)), 0.0)
        final = low + shock.recovery * (one.mark - low)
        leaves = shock.exits == "all" or (shock.exits == "stops" and low <= one.stop and one.stop > 0.0)
        spread = one.spread * shock.spread
        sold, brought = sale(one.shares, low, spread, one.depth * shock.depth) if leaves else (0.0, 0.0)
        rest = one.shares - sold
        bid_side = spread / 2.0 if leaves else 0.0  # what could not be sold is marked where it could not be sold
        now += one.shares * one.mark
        worst += brought + rest * max(low - bid_side, 0.0)
        end += brought + rest * max(final - bid_side, 0.0)
        exited += brought
        cost += sold * low - brought
        left += rest * max(final - bid_side, 0.0)
    return end - now - paid, max(now + paid - worst, 0.0) / account.equity, exited, cost, left


def _flooded(account: StressAccount) -> tuple[tuple[StressPosition, ...], float]:
    """Positions after the headroom was spent evenly over their markets, and what that cost beyond the mark: half a
    spread per share. In no market yet, the whole headroom counts as lost: nothing is known of what would be bought.
    """
    usable = [one for one in account.positions if one.mark > 0]
    if not usable:
        return account.positions, account.headroom
    each, paid, grown = account.headroom / len(usable), 0.0, []
    for one in account.positions:
        added = each / (one.mark + one.spread / 2.0) if one.mark > 0 else 0.0
        grown.append(replace(one, shares=one.shares + added))
        paid += added * one.spread / 2.0
    return tuple(grown), paid


def _held_to_resolution(
    positions: Sequence[StressPosition], equity: float, draws: int
) -> tuple[float, float, float, float, float]:
    """The worst 5% when each price is the true probability and all bets depend on one factor. On average such bets earn
    nothing; nothing is sold. Prices of one market that sum to more than 1 (spreads) are scaled down to 1.
    """
    total: dict[str, float] = {}
    for one in positions:
        total[one.market] = total.get(one.market, 0.0) + one.mark
    held = [
        Holding(
            one.market,
            one.outcome,
            one.shares,
            one.shares * one.mark,
            one.mark / max(total[one.market], 1.0),
            (("everything", _LOADING),),
        )
        for one in positions
    ]
    loss = max(tail_risk(simulate(held, draws, seed=1)).var, 0.0)
    return -loss, loss / equity, 0.0, 0.0, max(sum(one.value for one in held) - loss, 0.0)
