"""At which prices a rule of ours leaves a position, and what a held token could be sold at lately (specification 9)."""

from shared.domain.decision import Reason
from shared.domain.ledger import Position
from shared.domain.market import DEFAULT_TICK, Market, MarketKind
from shared.domain.money import ONE, loss_price, lowered, mul_div_ceil, raised, value
from shared.engine.leaving import Leaving
from shared.engine.limits import Limits

Numbers = tuple[tuple[str, int], ...]
NEVER_LOW = 0
NEVER_HIGH = ONE
"""Levels that no tradeable price reaches, so that comparisons need no special case."""


class Watch:
    """One position and the price of each rule: at ``stop``, ``loss`` or ``trail`` and below it is left, at ``target``
    and above. ``peak`` is the highest price since the last purchase, once that was at ``arm``; 0 before.
    """

    __slots__ = ("arm", "average", "loss", "peak", "position", "stop", "target", "time_exit_at", "trail")

    def __init__(self) -> None:
        self.peak = 0
        self.trail = NEVER_LOW

    def set(self, position: Position, market: Market | None, limits: Limits) -> None:
        """The position as it is now, in its market as far as that is known.

        A target is never above the highest price of the market, and none where that is no profit. Crypto up/down is
        held to resolution where the limits say so; then only ``loss_per_trade_usd`` bounds it.
        """
        self.position = position
        self.average = mul_div_ceil(position.cost, ONE, position.size)
        held = market is not None and market.kind is MarketKind.CRYPTO_UPDOWN and not limits.exits_updown
        by_price = not held and self.average > 0
        tick = DEFAULT_TICK if market is None else market.tick
        target = min(raised(self.average, limits.take_profit), ONE - tick)
        self.stop = lowered(self.average, limits.stop_loss) if by_price and limits.stop_loss else NEVER_LOW
        aims = by_price and limits.take_profit and target > self.average
        self.target = target if aims else NEVER_HIGH
        trails = by_price and limits.trailing_stop
        self.arm = raised(self.average, limits.trailing_arm) if trails else NEVER_HIGH
        if not trails:
            self.forget_peak()
        elif self.peak:
            self.trail = lowered(self.peak, limits.trailing_stop)
        most = limits.loss_per_trade_usd
        self.loss = loss_price(position.size, position.cost, most) if most else NEVER_LOW
        self.time_exit_at: int | None = None
        timed = market is not None and market.kind is MarketKind.EVENT and limits.exit_before_end_ns
        if timed and market is not None and market.end_at is not None:
            self.time_exit_at = market.end_at - limits.exit_before_end_ns

    def forget_peak(self) -> None:
        """A purchase is a new entry: what the price was before it is nothing this one has given back."""
        self.peak = 0
        self.trail = NEVER_LOW

    def low(self) -> int:
        """At this price and below, a rule has something to say."""
        return max(self.stop, self.loss, self.trail)

    def high(self) -> int:
        """At this price and above, a rule has something to say, or there is a new peak to remember."""
        return min(self.target, self.peak + 1 if self.peak else self.arm)

    def rule_at(self, price: int, limits: Limits) -> Reason | None:
        """Which rule leaves the position now that it could be sold at ``price``; None: none does. Notes a new peak."""
        if price <= self.stop:
            return Reason.STOP_LOSS
        if price <= self.loss:
            return Reason.MAX_LOSS
        if price <= self.trail:
            return Reason.TRAILING_STOP
        if price > self.peak and (self.peak or price >= self.arm):
            self.peak = price
            self.trail = lowered(price, limits.trailing_stop)
        return Reason.TAKE_PROFIT if price >= self.target else None

    def numbers(self, rule: Reason, price: int, limits: Limits) -> Numbers:
        """What a price rule measured and what it held it against."""
        seen = (("average", self.average), ("sellable", price))
        match rule:
            case Reason.STOP_LOSS:
                return (*seen, ("stop_loss", limits.stop_loss), ("stop_at", self.stop))
            case Reason.MAX_LOSS:
                lost = self.position.cost - value(self.position.size, price)
                return (*seen, ("loss", lost), ("loss_per_trade_usd", limits.loss_per_trade_usd))
            case Reason.TRAILING_STOP:
                peak = (("highest", self.peak), ("trailing_stop", limits.trailing_stop))
                return (*seen, *peak, ("stop_at", self.trail))
        return (*seen, ("take_profit", limits.take_profit), ("target", self.target))


class Band:
    """A token of which we hold something. Between ``low`` and ``high``, no rule has anything to say.

    ``price`` is what it could last be sold at. ``best`` and ``before`` are the highest such prices of this window of
    time, which ends at ``until``, and of the window before it: a book that falls far below them is not believed at
    once (see ``Leaving``).
    """

    __slots__ = ("before", "best", "dust", "high", "leaving", "low", "price", "until", "watches")

    def __init__(self) -> None:
        self.watches: dict[str, Watch] = {}
        self.leaving: dict[str, Leaving] = {}
        self.dust: dict[str, int] = {}
        self.price = 0
        self.best = 0
        self.before = 0
        self.until = 0
        self.settle()

    def settle(self) -> None:
        """Find anew between which prices nothing happens."""
        self.low = max((watch.low() for watch in self.watches.values()), default=NEVER_LOW)
        self.high = min((watch.high() for watch in self.watches.values()), default=NEVER_HIGH)

    def begin_window(self, sellable: int, at: int, window_ns: int) -> None:
        """The window is over. Where nothing was told for longer than one, the last price has stood."""
        self.before = self.best if at < self.until + window_ns else self.price
        self.best = sellable
        self.until = at + window_ns

    def lately(self, at: int, window_ns: int) -> int:
        """The highest price it could be sold at within this window and the one before; 0 when nothing was told."""
        if at < self.until:
            return max(self.before, self.best)
        return self.best if at < self.until + window_ns else self.price

    @property
    def empty(self) -> bool:
        """Whether nothing of the token is held any more."""
        return not (self.watches or self.leaving or self.dust)
