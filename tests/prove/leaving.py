"""Exits by rule, judged from outside: what must be left is being left at once, and what is being left does get out.

Prices are those of ``Quotes``; the price of each rule is worked out anew from the position's size and cost.
"""

from collections.abc import Callable, Iterator

from shared.domain.instants import SECOND
from shared.domain.ledger import Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, SIZE_STEP, Shares, floor_size
from shared.domain.order import OrderState, Side
from shared.engine.limits import Limits
from tests.prove.shadow import Quotes
from tests.prove.watchman import Watchman

PATIENCE_NS = 100 * SECOND
"""Longer than the longest wait between two orders that nobody meets (96 s)."""
DUST = 10_000_000
"""Fewer shares may be too few for any order: less than ten, twice the venue's smallest."""
Leaves = Callable[[str], bool]


class Left:
    """Around the watchman's shadow. ``waits``: since when a position on its way out has had neither order nor excuse.

    ``peaks``: the highest price since the last purchase, once that armed the trailing stop.
    """

    def __init__(self, limits: Limits, watch: Watchman, quotes: Quotes, markets: dict[str, Market]) -> None:
        self.limits = limits
        self.watch = watch
        self.quotes = quotes
        self.markets = markets
        self.resolved: dict[str, None] = {}
        self.merging: dict[str, None] = {}
        self.peaks: dict[str, int] = {}
        self.waits: dict[str, int] = {}
        self.flat = False
        self.flattened: dict[str, None] = {}

    def held(self, token: str | None = None) -> Iterator[Position]:
        """Positions that rules look after (of one token)."""
        for position in self.watch.shadow.positions.values():
            ours = token is None or position.token == token
            if ours and position.size >= SIZE_STEP and position.market not in self.resolved:
                yield position

    # ------------------------------------------------------------------ what must be left

    def priced(self, token: str, price: int, leaves: Leaves) -> Iterator[str]:
        """A token could be sold at this price now, or was traded at it where no book says: who must leave, leaves."""
        for position in self.held(token):
            why = self._rule(position, price)
            if why and not leaves(position.key) and not self._dust(position):
                yield f"{position.key} is not left at {price}: {why}"

    def _rule(self, position: Position, price: int) -> str:
        limits, market = self.limits, self.markets[position.market]
        key, size, cost = position.key, position.size, position.cost
        loss = limits.loss_per_trade_usd
        if loss and (cost - size * price // ONE) >= loss:
            return f"{loss} may be lost"
        if cost == 0 or (market.kind is MarketKind.CRYPTO_UPDOWN and not limits.exits_updown):
            return ""
        average = -(-cost * ONE // size)
        if limits.stop_loss and price * ONE <= average * (ONE - limits.stop_loss):
            return f"stop at {limits.stop_loss} below {average}"
        peak = self.peaks.get(key, 0)
        if peak and limits.trailing_stop and price * ONE <= peak * (ONE - limits.trailing_stop):
            return f"fell back from {peak}"
        if limits.trailing_stop and (peak or price * ONE >= average * (ONE + limits.trailing_arm)):
            self.peaks[key] = max(peak, price)
        target = -(-average * (ONE + limits.take_profit) // ONE)
        if limits.take_profit and price >= min(target, ONE - market.tick) > average:
            return f"target of {average} and {limits.take_profit}"
        return ""

    def _dust(self, position: Position) -> bool:
        """No order can carry so little, or could not when the last exit of it ended."""
        return position.size < DUST

    def due(self, at: int) -> list[str]:
        """A second has passed: positions of event markets about to end, and all that a person has said to sell."""
        keys: list[str] = []
        before = self.limits.exit_before_end_ns
        for position in self.held():
            market = self.markets[position.market]
            ends = market.end_at if market.kind is MarketKind.EVENT and before else None
            if self.flat or position.key in self.flattened or (ends is not None and at >= ends - before):
                keys.append(position.key)
        return keys

    def timed(self, due: list[str], leaves: Leaves) -> Iterator[str]:
        """What was due is being left, or is flat."""
        for position in self.held():
            if position.key in due and not leaves(position.key) and not self._dust(position):
                yield f"{position.key} is not left although its market ends, or a person said so"

    def flatten(self, leaves: Leaves) -> Iterator[str]:
        """A person says to sell everything: also what comes back later, until trading is resumed."""
        self.flat = True
        for position in self.held():
            self.flattened[position.key] = None
            if not leaves(position.key) and not self._dust(position):
                yield f"{position.key} is not left although a person says so"

    def stay(self) -> None:
        """A person says that trading goes on."""
        self.flat = False
        self.flattened.clear()

    # ------------------------------------------------------------------ what is being left

    def pressed(self, at: int, leaves: Leaves) -> Iterator[str]:
        """A second has passed: each position on its way out has an order, or an excuse, or its next step is near."""
        for position in self.held():
            key = position.key
            if not leaves(key) or self.excuse(position, at):
                self.waits.pop(key, None)
                continue
            since = self.waits.setdefault(key, at)
            if at - since > PATIENCE_NS:
                yield f"{key} has been on its way out for {(at - since) // SECOND} s without an order or a reason"

    def excuse(self, position: Position, at: int) -> str:
        """Why no order can be sent now; an open order is one."""
        shadow, market = self.watch.shadow, self.markets[position.market]
        ours = [o for o in shadow.open.values() if f"{o.token}#{o.sleeve}" == position.key]
        free = shadow.free.get(position.key, 0) - shadow.selling(position.key)
        price = self.quotes.bid(position.token, at) or shadow.marks.get(position.token, 0)
        over = market.kind is MarketKind.CRYPTO_UPDOWN and market.end_at is not None and at >= market.end_at
        reasons = {
            "an order is open": any(o.side is Side.SELL for o in ours),
            "an order is in doubt": any(o.state is OrderState.IN_DOUBT for o in ours),
            "nothing is free": floor_size(Shares(free)) == 0,
            "the market takes no orders": not market.accepting or over,
            "shares are being merged": position.market in self.merging,
            "the switch is off": not self.watch.trading and not self.flat and position.key not in self.flattened,
            "no price is known": price == 0,
            "too little to wait with": not self.quotes.bid(position.token, at) and free < market.min_size,
            "it is dust": self._dust(position),
            "enough exits within the minute": self.watch.exits_used(at),
        }
        return next((why for why, holds in reasons.items() if holds), "")

    # ------------------------------------------------------------------ a new life

    def recover(self, ordered: dict[str, None]) -> None:
        """Peaks are forgotten; of what was being left, what a rule had sent an order for (by key) goes on."""
        self.peaks, self.waits = {}, {}
        self.merging, self.flat = {}, False
        self.flattened = {key: None for key in self.flattened if key in ordered}
