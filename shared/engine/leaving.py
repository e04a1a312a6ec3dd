"""How a position is left once a rule has decided it: step after step, each re-priced, each dearer, until it is flat.

The field's known failure is a stop of 10% that sold at a loss of 80%. Two things lead there: selling into a book that
is empty for a moment, and asking a price that the market has left behind. So each order is priced by the book of its
own moment and followed soon by a dearer one where it met nobody; a best bid far below what could be had a moment ago
is believed only once it has stood; and an order that may have to wait never offers to sell at any price.
"""

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.money import (
    CENT,
    ONE,
    SIZE_STEP,
    Price,
    Shares,
    average_price,
    doubled,
    floor_size,
    floor_tick,
    lowered,
    mul_div_ceil,
    taking_size,
    weighted,
)
from shared.domain.order import OrderType
from shared.engine.books import Book
from shared.engine.limits import Limits

_NO_SHARES = Shares(0)
PATIENCE_DOUBLINGS = 5
"""With steps of 3 s: at most 96 s between two orders that nobody meets."""


class Step(Struct, frozen=True, gc=False):
    """One order of a forced exit, the ``number``-th. ``life_ns``: how long it may stay open (0: it only takes)."""

    limit: Price
    size: Shares
    order_type: OrderType
    life_ns: int
    number: int


class Slip(Struct, frozen=True, gc=False):
    """A finished forced exit: the price that triggered it, and what was got (micro-dollars per share, before fees).

    ``left``: shares that stay for the resolution, because no order could carry them or the market resolved first.
    ``slipped``: ``average`` fell short of ``trigger`` by more than ``exit_slip_told``. ``unfinished``: the market
    resolved before the exit was done.
    """

    position_key: str
    rule: Reason
    trigger: int
    average: int
    size: Shares
    left: Shares
    steps: int
    slipped: bool = False
    unfinished: bool = False


def sellable_bid(book: Book | None, at: int, max_age_ns: int) -> int:
    """The best bid, if a person could have sold at it (micro-dollars); 0 where no book says so.

    A crossed book is a moment between two messages, an old one a picture of the past; without a bid nobody buys.
    ``max_age_ns`` 0: any age will do.
    """
    if book is None or book.crossed or (max_age_ns and at - book.at > max_age_ns):
        return 0
    return book.best_bid


class Quote(Struct, frozen=True, gc=False):
    """What a step is priced by: the best ``bid`` (0: none to be had) and the price known otherwise, ``last`` (0: none).

    ``lately``: the highest price that could be had within the last moments (0: not known).
    """

    bid: int
    last: int
    lately: int


class Leaving:
    """One position on its way out. ``size`` is what is left of it, ``done`` whether nothing more can be sold."""

    __slots__ = (
        "_before_hole",
        "_hole_at",
        "_level",
        "_limits",
        "_sold_before",
        "_started",
        "_took",
        "_tried_at",
        "_vain",
        "_weighted",
        "dust",
        "position",
        "rule",
        "sold_size",
        "steps",
        "trigger",
    )

    def __init__(self, position: Position, rule: Reason, trigger: int, at: int, limits: Limits) -> None:
        self.position = position
        self.rule = rule
        self.trigger = trigger
        self.dust = False
        self.steps = 0
        self.sold_size = _NO_SHARES
        self._before_hole = 0
        self._hole_at = at
        self._level = 0
        self._limits = limits
        self._sold_before = _NO_SHARES
        self._started = at
        self._took = False
        self._tried_at = at
        self._vain = 0
        self._weighted = 0

    def relimit(self, limits: Limits) -> None:
        """Other limits, from the next order on."""
        self._limits = limits

    @property
    def size(self) -> Shares:
        """Shares still held."""
        return self.position.size

    @property
    def done(self) -> bool:
        """Whether it is flat, or what is left is dust."""
        return self.dust or floor_size(self.size) == 0

    def resized(self, position: Position) -> None:
        """The position changed; shares that an entry still bought late are left as well."""
        if position.size > self.size:
            self.dust = False
        self.position = position

    def sold(self, price: int, size: Shares) -> None:
        """Shares were sold, by whichever order."""
        self._weighted += weighted(price, size)
        self.sold_size = Shares(self.sold_size + size)

    # ------------------------------------------------------------------ the next order

    def idle(self, market: Market, at: int) -> bool:
        """Whether ``step`` would find nothing to do, where no book is known: a cheap answer before everything else is
        looked at, for the shares that no resting order can carry and the waits between two orders.
        """
        size = self.position.size
        if self._before_hole or self.dust or size < SIZE_STEP or not market.accepting:
            return False
        if size < market.min_size:
            return True
        return self.steps > 0 and at - self._tried_at < self._wait(self.sold_size > self._sold_before, bid=0)

    def step(self, quote: Quote, free: Shares, market: Market, at: int) -> Step | None:
        """The next order; None while there is nothing to do: all is in open orders, or the next try is not due."""
        if not market.accepting:
            self._started = at  # time in which nobody may trade is no step
            return None
        bid, last = self._believed(quote, at)
        if floor_size(free) == 0:
            return None
        missed = self._took and bid > 0 and self.sold_size == self._sold_before
        if not self._is_due(missed, bid, at):
            return None
        level = self._next_level(missed, at)
        made = self._take(bid, level, free, market.tick) if bid else self._rest(last, level, free, market)
        if made is None:
            return None
        self.trigger = self.trigger or bid or last
        self.steps = made.number
        self._level = level
        self._took = made.order_type is OrderType.FAK
        self._vain = 0 if self._took or self.sold_size > self._sold_before else self._vain + 1
        self._tried_at = at
        self._sold_before = self.sold_size
        return made

    def _believed(self, quote: Quote, at: int) -> tuple[int, int]:
        """The bid to sell to (0: none) and the price to wait below. Bids are pulled for moments, and who sells into
        such a hole gives it away: a bid that fell all at once by more than the dearest slip has to stand for a step.
        """
        before = max(quote.lately, self._before_hole)
        hole = quote.bid < lowered(before, self._limits.exit_slip[-1]) and (quote.bid > 0 or self._before_hole > 0)
        if hole and not self._before_hole:
            self._hole_at = at
        if hole and at - self._hole_at < self._limits.exit_step_ns:
            self._before_hole = before
            return 0, before
        self._before_hole = 0
        return quote.bid, quote.last or self.trigger

    def _is_due(self, missed: bool, bid: int, at: int) -> bool:
        """The first order at once; the next one soon after one that sold something, or that found its bid gone (the
        market is on the move); else when the step is over.
        """
        limits = self._limits
        if self.steps == 0:
            return True
        moves = self.sold_size > self._sold_before or (missed and self._level < len(limits.exit_slip) - 1)
        return at - self._tried_at >= self._wait(moves, bid)

    def _wait(self, moves: bool, bid: int) -> int:
        """Between the last order and the next one: short while the market is on the move."""
        return self._limits.retry_first_ns if moves else self._pace(0 if bid else self._vain)

    def _pace(self, vain: int) -> int:
        """How long a step lasts that is the ``vain``-th in a row for which nobody bid. After one for each slip, each
        lasts twice as long as the one before, up to ``PATIENCE_DOUBLINGS`` times: a market without buyers is not asked
        all the time.
        """
        limits = self._limits
        beyond = vain - len(limits.exit_slip)
        return limits.exit_step_ns if beyond <= 0 else doubled(limits.exit_step_ns, min(beyond, PATIENCE_DOUBLINGS))

    def _next_level(self, missed: bool, at: int) -> int:
        """Which slip may be taken: the one of this step's time, or the next dearer one after an order that met nobody.

        Only time leads past the last one, to any price.
        """
        passed = (at - self._started) // self._limits.exit_step_ns  # not money: whole steps that have passed
        return max(passed, min(self._level + missed, len(self._limits.exit_slip) - 1))

    def _take(self, bid: int, level: int, free: Shares, tick: Price) -> Step | None:
        """Sell to the displayed bids. A size too small for a fine tick is offered at the whole cent below."""
        slips = self._limits.exit_slip
        limit = floor_tick(lowered(bid, slips[level]), tick) if level < len(slips) else tick
        size = taking_size(free, limit)
        if size == 0:
            limit = floor_tick(limit, CENT)
            if limit > bid:
                self.dust = free == self.size
                return None
            size = floor_size(free)
        return Step(limit, size, OrderType.FAK, 0, self.steps + 1)

    def _rest(self, last: int, level: int, free: Shares, market: Market) -> Step | None:
        """Nobody is known to buy: wait for a buyer below the last price, one step long, then again.

        Never at any price: a resting order trades at its own limit, so that would be a gift to whoever comes first.
        Less than the venue's smallest resting order waits for a bid.
        """
        size = floor_size(free)
        if last == 0 or size < market.min_size:
            return None
        slips = self._limits.exit_slip
        slip = slips[min(level, len(slips) - 1)]
        limit = Price(min(floor_tick(lowered(last, slip), market.tick), ONE - market.tick))
        return Step(limit, size, OrderType.GTC, self._pace(self._vain + 1), self.steps + 1)

    # ------------------------------------------------------------------ the end

    def slip(self, resolved: bool = False) -> Slip:
        """The report: what was triggered and what was got."""
        average = average_price(self._weighted, self.sold_size) if self.sold_size else 0
        floor = mul_div_ceil(self.trigger, ONE - self._limits.exit_slip_told, ONE)
        slipped, unfinished = self.sold_size > 0 and average < floor, resolved and not self.done
        key, left = self.position.key, self.size
        return Slip(key, self.rule, self.trigger, average, self.sold_size, left, self.steps, slipped, unfinished)
