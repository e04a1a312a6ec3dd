"""What was traded lately, by market: heard at the door of the engine's tape, kept for people to look at.

Nothing here decides anything. Every fact that goes into an engine passes by, so what concerns nobody costs one look-up.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fargate.coins import Coins
from fargate.series import Series
from shared.domain.instants import MINUTE, SECOND
from shared.domain.market import Market
from shared.domain.messages import (
    Event,
    MarketResolved,
    PriceKind,
    PricePoint,
    PublicTrade,
    SpotTrade,
    WhaleTrade,
)
from shared.domain.money import value
from shared.domain.order import Side
from shared.domain.tape import TapeRow, Warmed
from shared.engine.engine import Engine

MARKETS_KEPT = 200
"""Those traded in last: some twenty kilobytes each."""
TRANSACTIONS_KEPT = 4_096
SHORT_WINDOW_NS = 15 * MINUTE
SHORT_STEP, LONG_STEP = 10 * SECOND, MINUTE


def step_of(market: Market | None) -> int:
    """The span of a market's candles: ten seconds in windows of up to a quarter of an hour, else a minute."""
    if market is None or market.start_at is None or market.end_at is None:
        return LONG_STEP
    return SHORT_STEP if market.end_at - market.start_at <= SHORT_WINDOW_NS else LONG_STEP


class Traded:
    """One market: the series of each token, and when a followed wallet last traded in it (0: never)."""

    __slots__ = ("at", "public", "step", "tokens", "whales_at")

    def __init__(self, step: int) -> None:
        self.step = step
        self.at = 0
        """When anybody last traded in it."""
        self.whales_at = 0
        self.public = False
        """Whether its prints are told by the venue itself; then those of wallets are the same ones again."""
        self.tokens: dict[str, Series] = {}

    def series(self, token: str) -> Series:
        """The series of a token, begun where there is none."""
        found = self.tokens.get(token)
        if found is None:
            found = self.tokens[token] = Series(self.step)
        return found


class Prints:
    """``hear`` takes what goes to the tape of this engine. ``traded``: markets, the latest last; ``coins``: spot."""

    def __init__(self, engine: Engine) -> None:
        self.traded: dict[str, Traded] = {}
        self.coins = Coins()
        self._engine = engine
        self._transactions: dict[str, None] = {}
        self._takes: Mapping[type, Callable[[Event, Any], None]] = {
            WhaleTrade: self._whale_trade,
            PublicTrade: self._public_trade,
            SpotTrade: self._spot_trade,
            PricePoint: self._price_point,
            MarketResolved: self._resolved,
        }

    def hear(self, row: TapeRow) -> None:
        """A row of the tape."""
        if type(row) is Event:
            event = row
        elif type(row) is Warmed:
            event = row.event
        else:
            return
        takes = self._takes.get(type(event.payload))
        if takes is not None:
            takes(event, event.payload)

    def market(self, name: str) -> Traded:
        """A market, as one that was traded in just now."""
        found = self.traded.pop(name, None)
        if found is None:
            found = Traded(step_of(self._engine.markets.get(name)))
            if len(self.traded) >= MARKETS_KEPT:
                del self.traded[next(iter(self.traded))]
        self.traded[name] = found
        return found

    def _public_trade(self, event: Event, told: PublicTrade) -> None:
        market = self.market(told.market)
        market.public = True
        self._print(market, told, event.venue_at)

    def _whale_trade(self, event: Event, told: WhaleTrade) -> None:
        """A trade with its wallet: of all the rows of a transaction the first is the taker's, and the only print."""
        market = self.market(told.market)
        if told.wallet in self._engine.detection.whales:
            market.whales_at = max(market.whales_at, event.venue_at)
        if market.public or not self._is_new(told.tx):
            return
        self._print(market, told, event.venue_at)

    def _is_new(self, tx: str) -> bool:
        if not tx:
            return True
        known = len(self._transactions)
        self._transactions[tx] = None
        if len(self._transactions) > TRANSACTIONS_KEPT:
            del self._transactions[next(iter(self._transactions))]
            return True
        return len(self._transactions) > known

    def _print(self, market: Traded, told: PublicTrade | WhaleTrade, at: int) -> None:
        market.at = max(market.at, at)
        notional = value(told.size, told.price)
        market.series(told.token).trade(told.price, notional, told.side is Side.BUY, at)

    def _spot_trade(self, event: Event, told: SpotTrade) -> None:
        self.coins.hear(told.symbol, event.source, PriceKind.SPOT, told.price, event.venue_at)

    def _price_point(self, event: Event, told: PricePoint) -> None:
        self.coins.hear(told.symbol, event.source, told.kind, told.value, event.venue_at)

    def _resolved(self, _event: Event, told: MarketResolved) -> None:
        self.traded.pop(told.market, None)
