"""Risk: it can veto anything. Breakers first, then sizing within every cap; the smallest room decides."""

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.ledger import CASH
from shared.domain.market import Market, MarketKind
from shared.domain.money import (
    ONE,
    Fraction,
    Shares,
    Usd,
    affordable_size,
    fee_per_share,
    floor_size,
    kelly_stake,
    millionths,
    part,
)
from shared.domain.strategy import Trade
from shared.engine.guard import Guard
from shared.engine.ledger import RESERVE_MARGIN
from shared.engine.limits import KELLY_MAX
from shared.engine.losses import Numbers
from shared.engine.outside import ALWAYS_NEEDED
from shared.engine.scaling import BETS_MIN, FULL, Scene, drawdown_factor, recovery_factor, scaled, streak_factor

__all__ = ["ALWAYS_NEEDED", "Ask", "Risk", "Sized"]


class Ask(Struct, frozen=True, gc=False):
    """An entry as risk sees it. Micro-dollars, millionths, nanoseconds.

    ``in_token``: what the account already has in the token, cost of positions and reserves of open orders. ``factor``:
    of whales that agree. ``spread`` (micro-dollars) and ``volatility`` (millionths) are 0 where they are unknown.
    ``in_topic``: positions of the market's subject we hold or are buying, this one excluded (where the limits count
    them all). ``adds``: whether it opens
    a position not held yet.
    """

    trade: Trade
    market: Market
    source: str
    strategy: str
    in_token: Usd
    confidence: Fraction
    factor: Fraction
    spread: int
    volatility: int
    in_topic: int
    adds: bool
    at: int

    @property
    def position(self) -> str:
        """The key of the position it would open or add to."""
        return f"{self.trade.token}#{self.strategy}/{self.source}"


class Sized(Struct, frozen=True, gc=False):
    """Shares to buy and the stake behind them; a reason instead (and no shares) where a cap or the minimum forbids it.

    ``numbers``: each factor that was not one, and what the reason went by.
    """

    size: Shares
    stake: Usd
    reason: Reason | None
    numbers: Numbers


class Risk(Guard):
    """The breakers (``Guard``), and how large an entry or an exit may be."""

    def size_entry(self, ask: Ask) -> Sized:
        """The wish (or the Kelly stake) times every factor, then cut to the smallest room; never past a cap."""
        limits, trade, equity = self.limits, ask.trade, self.equity()
        factor, numbers = scaled(self._scene(ask, equity), limits)
        if trade.wish is not None:
            stake = part(Usd(trade.wish), factor)
        else:
            all_in = trade.limit + fee_per_share(trade.limit, ask.market.fee_rate)
            kelly = Fraction(min(part(Usd(limits.kelly), factor), KELLY_MAX))
            stake = kelly_stake(equity, trade.p_win or Fraction(0), all_in, kelly)
            if stake == 0:
                numbers = (*numbers, ("p_win", int(trade.p_win or 0)), ("all_in", int(all_in)))
                return Sized(Shares(0), Usd(0), Reason.NO_EDGE, numbers)
        numbers = (*numbers, ("stake_wanted", int(stake)))
        least = ("trade_min_usd", int(limits.trade_min_usd))
        if stake < limits.trade_min_usd:
            return Sized(Shares(0), stake, Reason.BELOW_MINIMUM, (*numbers, least))
        objection = self.company(ask)
        if objection is not None:
            return Sized(Shares(0), stake, objection[0], (*numbers, *objection[1]))
        room, narrowest = self._room(ask, equity)
        if room < limits.trade_min_usd:
            return Sized(Shares(0), stake, narrowest, (*numbers, ("room", int(room)), least))
        stake = Usd(min(stake, limits.trade_max_usd, room))
        size = affordable_size(stake, trade.limit, ask.market.fee_rate)
        if size < ask.market.min_size:
            wanting = (("size", int(size)), ("min_size", int(ask.market.min_size)))
            return Sized(Shares(0), stake, Reason.BELOW_MINIMUM, (*numbers, *wanting))
        return Sized(size, stake, None, numbers)

    def _scene(self, ask: Ask, equity: Usd) -> Scene:
        """What size depends on. A model's drawdown and its recovery are one factor, not two."""
        limits, figures = self.limits, self.figures
        drawdown = drawdown_factor(equity, self.peak, limits)
        history = streak_factor(self.streak, ask.at, limits)
        if limits.recovery_days:
            history = Fraction(min(drawdown, recovery_factor(self.recovery, ask.at, limits)))
            drawdown = FULL
        return Scene(
            drawdown,
            history,
            ask.confidence,
            ask.factor,
            ask.spread,
            ask.volatility,
            figures.repeats,
            figures.diversification,
            figures.bets,
        )

    def company(self, ask: Ask) -> tuple[Reason, Numbers] | None:
        """Whether what we hold already forbids it: too much of one topic, or too few independent bets.

        A position that should be trimmed is not added to either: the trim would sell it again.
        """
        limits, figures = self.limits, self.figures
        if ask.adds:
            together = figures.correlated.get(ask.market.subject, 0)
            if limits.topic_counts_all:
                together = max(together, ask.in_topic)
            if together >= limits.topic_positions_max:
                most = limits.topic_positions_max
                return Reason.CAP_TOPIC, (("in_topic", millionths(together)), ("topic_positions_max", millionths(most)))
        low = figures.bets >= BETS_MIN and figures.diversification < limits.diversification_min
        if low and (ask.adds or ask.position in figures.trims):
            score = (("diversification", int(figures.diversification)),)
            return Reason.CAP_DIVERSIFICATION, (*score, ("diversification_min", int(limits.diversification_min)))
        return None

    def room(self, ask: Ask) -> Usd:
        """What every cap leaves for a purchase, whatever its stake: for further legs of one that was decided."""
        return self._room(ask, self.equity())[0]

    def _room(self, ask: Ask, equity: Usd) -> tuple[Usd, Reason]:
        """The smallest room over all caps, less the margin that reserving adds, and which cap it is."""
        limits, used, books = self.limits, self._books.used, self._books
        in_market = used.get(f"market#{ask.market.market}", 0)
        in_source = used.get(f"source#{ask.source}", 0)
        in_all = used.get("portfolio", 0)
        in_portfolio = max(in_all, used.get(f"strategy#{ask.strategy}", 0))
        rooms = [
            (part(equity, limits.position_of_equity) - ask.in_token, Reason.CAP_POSITION),
            (min(limits.market_usd, part(equity, limits.market_of_equity)) - in_market, Reason.CAP_MARKET),
            (min(limits.source_usd, part(equity, limits.source_of_equity)) - in_source, Reason.CAP_WHALE),
            (min(limits.portfolio_usd, limits.strategy_usd) - in_portfolio, Reason.CAP_PORTFOLIO),
            (books.balance(CASH), Reason.CAP_CASH),
        ]
        if limits.exposure_of_equity < ONE:
            rooms.append((part(equity, limits.exposure_of_equity) - in_all, Reason.CAP_EXPOSURE))
        if limits.loss_per_trade_usd and self._held_to_resolution(ask.market):
            # Held to resolution all of it can be lost, so what is in the token is what the trade may lose.
            rooms.append((limits.loss_per_trade_usd - ask.in_token, Reason.CAP_POSITION))
        room, reason = min(rooms, key=_amount)
        return Usd(room - RESERVE_MARGIN - RESERVE_MARGIN), reason

    def _held_to_resolution(self, market: Market) -> bool:
        limits = self.limits
        return limits.stop_loss == 0 or (market.kind is MarketKind.CRYPTO_UPDOWN and not limits.exits_updown)

    def size_exit(self, wish: int, free: Shares, market: Market) -> tuple[Shares, Reason | None]:
        """Shares to sell, never more than are free; the venue takes no resting order below its minimum size."""
        size = floor_size(Shares(min(wish, free)))
        if size < market.min_size:
            return Shares(0), Reason.BELOW_MINIMUM
        return size, None


def _amount(room: tuple[int, Reason]) -> int:
    return room[0]
