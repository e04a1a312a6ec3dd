"""Risk: it can veto anything. Breakers first, then sizing within every cap; the smallest room decides."""

from collections import deque

from shared.domain.decision import Reason
from shared.domain.instants import end_of_day
from shared.domain.ledger import CASH, PUSD, RESERVED, Position
from shared.domain.market import Market
from shared.domain.money import (
    ONE,
    Fraction,
    Shares,
    Usd,
    affordable_size,
    fee_per_share,
    floor_size,
    kelly_stake,
    part,
)
from shared.domain.strategy import Trade
from shared.engine.ledger import RESERVE_MARGIN, Projection
from shared.engine.limits import Limits
from shared.engine.marks import Marks

ALWAYS_NEEDED = ("switch", "clock")
"""Feeds without which nobody enters: while the kill switch cannot be read, nobody could stop us; while our clock is not
the venue's, no age means anything.
"""
_CASH = (CASH, PUSD)
_RESERVED = (RESERVED, PUSD)


class Risk:
    """Breakers and sizing over the engine's belief. Amounts in micro-dollars, times in nanoseconds."""

    def __init__(self, limits: Limits, books: Projection, marks: Marks) -> None:
        self.limits = limits
        self.trading = True
        self.stopped_because = ""
        self.feeds_down: dict[str, str] = {}
        self.needs: tuple[str, ...] = ALWAYS_NEEDED
        self.peak = Usd(0)
        self.drawdown_halted = False
        self._books = books
        self._marks = marks
        self.day_ends_at = 0
        self._day_start = Usd(0)
        self._source_losses: dict[str, int] = {}
        self._results: dict[str, int] = {}
        self._streak = 0
        self._paused_until = 0
        self._entries: deque[int] = deque()

    # ------------------------------------------------------------------ state

    def equity(self) -> Usd:
        """Cash, cash reserved for open orders, and marked positions."""
        balances = self._books.balances
        return Usd(balances.get(_CASH, 0) + balances.get(_RESERVED, 0) + self._marks.total)

    def begin_day(self, at: int) -> None:
        """Daily limits start anew at 00:00 UTC; called before the first fact of a day changes anything."""
        if at >= self.day_ends_at:
            self.day_ends_at = end_of_day(at)
            self._day_start = self.equity()
            self._source_losses = {}

    def deposited(self, amount: Usd) -> None:
        """Money from outside is no profit: it moves the marks that losses are measured from."""
        self._day_start = Usd(self._day_start + amount)
        self.peak = Usd(self.peak + amount)

    def booked(self, position: Position, at: int, realized: int) -> None:
        """A position changed and realised so much: streaks (per closed position), each whale's loss of the day."""
        source, key = position.source, position.key
        self._source_losses[source] = self._source_losses.get(source, 0) - realized
        total = self._results.pop(key, 0) + realized
        if position.size != 0:
            self._results[key] = total
            return
        self._streak = self._streak + 1 if total < 0 else 0
        if self._streak >= self.limits.losses_to_pause:
            self._paused_until = at + self.limits.pause_ns
            self._streak = 0

    def entered(self, at: int) -> None:
        """An entry was planned: it counts against the order rate."""
        self._entries.append(at)

    def stop(self, reason: str) -> None:
        """The kill switch is on."""
        self.trading = False
        self.stopped_because = reason

    def resume(self) -> None:
        """A person cleared the switch, and with it the drawdown halt: losses are measured from here again."""
        self.trading = True
        self.stopped_because = ""
        self.drawdown_halted = False
        self.peak = self.equity()

    # ------------------------------------------------------------------ breakers

    def breaker(self, source: str, at: int) -> Reason | None:
        """Why no entry may be made now, or None. Reads the equity, so it also updates peak and drawdown."""
        if not self.trading:
            return Reason.TRADING_DISABLED
        limits = self.limits
        equity = self.equity()
        self.peak = max(self.peak, equity)
        if equity <= self.peak - part(self.peak, limits.drawdown_halt) and self.peak > 0:
            self.drawdown_halted = True
        if self.drawdown_halted:
            return Reason.HALTED_DRAWDOWN
        lost = self._day_start - equity
        if lost >= min(limits.daily_loss_usd, part(self._day_start, limits.daily_loss_of_equity)) and lost > 0:
            return Reason.HALTED_DAILY_LOSS
        if self.feeds_down and any(feed in self.feeds_down for feed in self.needs):
            return Reason.HALTED_FEED
        if at < self._paused_until:
            return Reason.PAUSED_LOSSES
        if self._source_losses.get(source, 0) >= limits.source_daily_loss_usd:
            return Reason.WHALE_DAILY_LOSS
        return None

    def rate_reached(self, at: int) -> bool:
        """Whether the entries of the last minute have used up the order rate."""
        entries = self._entries
        while entries and entries[0] <= at - self.limits.rate_window_ns:
            entries.popleft()
        return len(entries) >= self.limits.entries_per_minute

    def _factor(self) -> Fraction:
        reduce_below = self.peak - part(self.peak, self.limits.drawdown_reduce)
        return self.limits.drawdown_factor if self.equity() <= reduce_below else Fraction(ONE)

    # ------------------------------------------------------------------ sizing

    def size_entry(
        self, trade: Trade, market: Market, source: str, strategy: str, in_token: Usd
    ) -> tuple[Shares, Usd, Reason | None]:
        """Shares to buy and the stake behind them; a reason instead when a cap or the minimum forbids it.

        ``in_token``: what the account already has in the token, cost of positions and reserves of open orders.
        """
        limits, equity = self.limits, self.equity()
        all_in = trade.limit + fee_per_share(trade.limit, market.fee_rate)
        if trade.wish is not None:
            stake = part(Usd(trade.wish), self._factor())
        else:
            kelly = Fraction(part(Usd(limits.kelly), self._factor()))
            stake = kelly_stake(equity, trade.p_win or Fraction(0), all_in, kelly)
            if stake == 0:
                return Shares(0), Usd(0), Reason.NO_EDGE
        if stake < limits.trade_min_usd:
            return Shares(0), stake, Reason.BELOW_MINIMUM
        room, narrowest = self._room(equity, market.market, source, strategy, in_token)
        if room < limits.trade_min_usd:
            return Shares(0), stake, narrowest
        stake = Usd(min(stake, limits.trade_max_usd, room))
        size = affordable_size(stake, trade.limit, market.fee_rate)
        if size < market.min_size:
            return Shares(0), stake, Reason.BELOW_MINIMUM
        return size, stake, None

    def _room(self, equity: Usd, market: str, source: str, strategy: str, in_token: Usd) -> tuple[Usd, Reason]:
        """The smallest room over all caps, less the margin that reserving adds, and which cap it is."""
        limits, used, books = self.limits, self._books.used, self._books
        in_market = used.get(f"market#{market}", 0)
        in_source = used.get(f"source#{source}", 0)
        in_portfolio = max(used.get("portfolio", 0), used.get(f"strategy#{strategy}", 0))
        rooms = (
            (part(equity, limits.position_of_equity) - in_token, Reason.CAP_POSITION),
            (min(limits.market_usd, part(equity, limits.market_of_equity)) - in_market, Reason.CAP_MARKET),
            (min(limits.source_usd, part(equity, limits.source_of_equity)) - in_source, Reason.CAP_WHALE),
            (min(limits.portfolio_usd, limits.strategy_usd) - in_portfolio, Reason.CAP_PORTFOLIO),
            (books.balance(CASH), Reason.CAP_CASH),
        )
        room, reason = rooms[0]
        for other, why in rooms[1:]:
            if other < room:
                room, reason = other, why
        return Usd(room - RESERVE_MARGIN - RESERVE_MARGIN), reason

    def size_exit(self, trade: Trade, free: Shares, market: Market) -> tuple[Shares, Reason | None]:
        """Shares to sell, never more than are free; the venue takes no resting order below its minimum size."""
        size = floor_size(Shares(min(trade.wish or 0, free)))
        if size < market.min_size:
            return Shares(0), Reason.BELOW_MINIMUM
        return size, None
