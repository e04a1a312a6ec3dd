"""An engine whose prints are heard for people to look at."""

from typing import Any, Self

from fargate.prints import Prints
from shared.domain.effects import Effect
from shared.domain.instants import MINUTE, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import Event, MarketListed, Payload, PublicTrade
from shared.domain.money import ONE
from shared.domain.order import Side
from tests.shared.engine.builders import NOON, RATIO, House, market


class Watched(House):
    """A house whose events also go to ``prints``, as they go to the tape."""

    def __init__(self) -> None:
        super().__init__(params=RATIO)
        self.prints = Prints(self.engine)

    def give(self, payload: Payload, after: int = 0, lag: int = 0, source: str = "feed") -> list[Effect]:
        at = self.now + after
        self.prints.hear(Event(0, at, at - lag, source, payload))
        return super().give(payload, after, lag, source)

    def listed(self, *markets: Market) -> Self:
        for known in markets:
            self.give(MarketListed(known))
        return self

    def printed(
        self, token: str, price: int = 500_000, side: Side = Side.BUY, shares: int = 10, after: int = 0
    ) -> None:
        """Somebody trades; the market channel tells it."""
        name = token.partition(":")[0]
        self.trades += 1
        self.give(PublicTrade(name, token, side, price, shares * ONE, f"print-{self.trades}", 0), after)


def window(name: str = "w", opens: int = NOON - MINUTE, minutes: int = 5, coin: str = "btc", **changes: Any) -> Market:
    """A crypto up/down window that opened a minute before noon, unless told otherwise."""
    slug = f"{coin}-updown-{minutes}m-{opens // SECOND}"
    ends = opens + minutes * MINUTE
    fields = {"slug": slug, "start_at": opens, "end_at": ends, "outcomes": ("Up", "Down"), **changes}
    return market(name, kind=MarketKind.CRYPTO_UPDOWN, **fields)
