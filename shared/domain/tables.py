"""Tables that analytics compute off the hot path and the engine reads: integers, millionths where not said otherwise.

Each replaces the one before it. An engine without one goes by what it sees itself and denies nothing for want of it.
"""

from msgspec import Struct

from shared.domain.money import Fraction, Usd

SUPPOSED = ("whale_spam",)
"""Stress scenarios that suppose purchases nobody has made: they are shown, and no limit is held against them."""


class Pair(Struct, frozen=True, gc=False, array_like=True):
    """Two wallets, the first before the second by name: the share of markets both trade of those either trades, and the
    correlation of their position changes (-ONE..ONE; 0 where it is unknown).
    """

    wallet_a: str
    wallet_b: str
    overlap: int
    correlation: int


class Voices(Struct, frozen=True):
    """Which wallets are independent voices, and how much each one's word weighs.

    ``groups``: wallet to the name of its voice (a cluster, or wallets whose changes correlate); a wallet that is not
    named speaks for itself. ``specialists``: wallet to category to the factor on its weight there (ONE: as elsewhere).
    ``as_of``: nanoseconds UTC.
    """

    as_of: int
    pairs: tuple[Pair, ...] = ()
    groups: dict[str, str] = {}
    specialists: dict[str, dict[str, int]] = {}


class Figures(Struct, frozen=True):
    """What the portfolio as it stood ``as_of`` could lose, in micro-dollars, losses positive.

    VaR and CVaR look as far as the markets' resolution: against a limit per day that is the careful side.

    ``stress``: result of each scenario by name (a loss is negative). ``diversification``: score 0..ONE over ``bets``
    positions with risk. ``correlated``: topic to the number of positions in it that move together. ``trims``: position
    key to the factor (below ONE) that its size should shrink to. ``repeats``: correlation of consecutive trades'
    results (-ONE..ONE).
    """

    as_of: int
    var_95: Usd = Usd(0)
    var_99: Usd = Usd(0)
    cvar_95: Usd = Usd(0)
    cvar_99: Usd = Usd(0)
    stress: dict[str, int] = {}
    diversification: Fraction = Fraction(1_000_000)
    bets: int = 0
    correlated: dict[str, int] = {}
    trims: dict[str, int] = {}
    repeats: int = 0
