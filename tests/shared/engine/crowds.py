"""A crowd of wallets in one market, told and judged in one line each."""

from collections.abc import Callable

from shared.domain.instants import DAY, HOUR
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, Fraction, Shares, Usd
from shared.domain.order import Side
from shared.domain.tables import Pair, Voices
from shared.domain.whale import Signal
from shared.engine.consensus import Consensus, Consent
from shared.engine.limits import Limits

NOON = 20_000 * DAY + 12 * HOUR
YES, NO = "m:yes", "m:no"
SURE = 800_000
"""A price at which no market is uncertain by the default limits."""
EVEN = 500_000


def market(name: str = "m", category: str = "") -> Market:
    """A market of two tokens."""
    return Market(name, MarketKind.EVENT, category=category, tokens=(f"{name}:yes", f"{name}:no"))


def buy_signal(wallet: str = "a", token: str = YES) -> Signal:
    """A burst of one fill; the market is the part of the token before the colon."""
    name = token.partition(":")[0]
    none = Fraction(0)
    return Signal("s", wallet, name, token, Side.BUY, NOON, "tx", 1, EVEN, Shares(ONE), Usd(EVEN), none, none)


def table(overlap: int = 0, *wallets: str, groups: dict[str, str] | None = None) -> Voices:
    """A table in which every two of these wallets (given by name, in order) overlap by so much."""
    pairs = [Pair(a, b, overlap, 0) for place, a in enumerate(wallets) for b in wallets[place + 1 :]]
    return Voices(NOON, tuple(pairs), groups or {})


class Crowd:
    """What one room of consensus hears about market ``m`` around noon."""

    def __init__(self, limits: Limits | None = None, voices: Voices | None = None) -> None:
        self.room = Consensus(limits or Limits())
        self.edges: dict[str, int] = {}
        if voices is not None:
            self.room.publish(voices)

    def buys(self, wallet: str, token: str = YES, shares: int = 100, ago: int = 0, name: str = "m") -> "Crowd":
        """A purchase of whole shares, so long before noon."""
        self.room.hear(wallet, name, token, Side.BUY, shares * ONE, NOON - ago)
        return self

    def sells(self, wallet: str, token: str = YES, shares: int = 100, ago: int = 0) -> "Crowd":
        """A sale of whole shares, so long before noon."""
        self.room.hear(wallet, "m", token, Side.SELL, shares * ONE, NOON - ago)
        return self

    def knows(self, **edges: int) -> "Crowd":
        """The shrunken edges of wallets; all others have no record."""
        self.edges.update(edges)
        return self

    def judge(
        self,
        token: str = YES,
        price: int = SURE,
        after: int = 0,
        category: str = "",
        edge: Callable[[str], int | None] | None = None,
    ) -> Consent:
        """What the crowd says about a purchase by ``a``."""
        asked = market(category=category)
        return self.room.judge(buy_signal("a", token), asked, edge or self.edges.get, price, NOON + after)
