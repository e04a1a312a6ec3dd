"""One price of one side of a displayed book, as far as we had a hand in it: what we took of it, and our orders that
wait in its queue. Recorded and live books alike know nothing of us, so this memory is what keeps paper honest.

**What we took** (``taken``) is not there for us again: ``available`` is what is displayed less what we took. The memory
outlives every later display of the level, until
- trades at the level eat into it: a print of x, once it shows as a shrink of the level, takes what we had left first,
  and only beyond that gives back what we took, x at most; or
- the level was replaced: nothing was displayed at it for five minutes on end.
A shrink that no print explains is a cancellation, and gives nothing back. So, since the level was last replaced, the
sum of our fills is never above what is displayed plus what was traded at it.

**Our place in the queue** (``ahead``) is what was displayed when we came. It advances by what is traded at the price;
a cancellation counts pro rata, as if those ahead of us cancelled no sooner than those behind. What is displayed bounds
it, since all of it but us is displayed. A print may come just before or just after the shrink it caused: a shrink
without a print is taken as a cancellation until a print within a second explains it.
"""

from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import PublicTrade, WhaleTrade
from shared.domain.money import Shares, mul_div_ceil, mul_div_floor
from shared.engine.matching import Resting

REPLACED_AFTER_NS = 5 * MINUTE
"""A level that comes back sooner is taken as the orders we have already met, coming back."""
SAME_MATCH_NS = SECOND
"""How far the print and the shrink of one match may lie apart."""


class Level:
    """See the module. Sizes in millionths of a share, times in nanoseconds of the venue."""

    __slots__ = ("displayed", "gone_at", "queue", "shrunk", "shrunk_at", "taken", "traded")

    def __init__(self, displayed: int, at: int) -> None:
        self.displayed = displayed
        self.taken = 0
        self.traded = 0
        """Printed, and not seen as a shrink yet."""
        self.shrunk = 0
        """Shrunk of late without a print."""
        self.shrunk_at = at
        self.gone_at = at
        self.queue: list[Resting] = []

    @property
    def available(self) -> int:
        """What of it is there for us."""
        return max(self.displayed - self.taken, 0)

    @property
    def idle(self) -> bool:
        """Whether it may be forgotten: nothing taken, nobody of ours in the queue."""
        return not self.taken and not self.queue

    def take(self, size: int) -> None:
        """We took this much, as takers or because the book came through the price of our order."""
        self.taken += size

    def join(self, resting: Resting, told: bool) -> None:
        """Our order goes to the end of the queue; ``told`` False: no book says how long it is."""
        resting.ahead = self.displayed if told else None
        self.queue.append(resting)

    # ------------------------------------------------------------------ what the book says

    def show(self, size: int, at: int) -> None:
        """The level has this size in total now."""
        before, self.displayed = self.displayed, size
        if size > before:
            if not before and at - self.gone_at >= REPLACED_AFTER_NS:
                self.taken = self.traded = 0
        elif size < before:
            self._shrank(before, size, at)
        if not size and before:
            self.gone_at = at
        for resting in self.queue:
            resting.ahead = size if resting.ahead is None else min(resting.ahead, size)

    def _shrank(self, before: int, size: int, at: int) -> None:
        explained = min(before - size, self.traded)
        left = before - explained
        self.traded -= explained
        self._release(explained, left)
        cancelled = left - size
        if not cancelled:
            return
        self._let_go(at)
        self.shrunk += cancelled
        self.shrunk_at = at
        for resting in self.queue:
            if resting.ahead:
                advanced = mul_div_floor(cancelled, min(resting.ahead, left), left)
                resting.ahead -= advanced
                resting.credit += advanced

    def _release(self, traded: int, left: int) -> None:
        """A trade left this much displayed: what we had not taken went first, then what we had."""
        self.taken = max(self.taken - traded, min(self.taken, left))

    def _let_go(self, at: int) -> None:
        """A shrink of long ago is a cancellation for good."""
        if at - self.shrunk_at > SAME_MATCH_NS:
            self.shrunk = 0
            for resting in self.queue:
                resting.credit = 0

    # ------------------------------------------------------------------ what is traded

    def trade(self, size: int, at: int) -> None:
        """This much was traded at the price; ``reach`` then says what of it came to us."""
        self._let_go(at)
        seen = min(size, self.shrunk)
        if seen:
            # The shrink came first and we took it for a cancellation: take back what that did to the queue.
            self._release(seen, self.displayed + self.shrunk - seen)
            for resting in self.queue:
                back = min(mul_div_ceil(resting.credit, seen, self.shrunk), resting.credit)
                resting.credit -= back
                resting.ahead = None if resting.ahead is None else resting.ahead + back
            self.shrunk -= seen
        self.traded += size - seen

    def reach(self, trade: WhaleTrade | PublicTrade, size: int, at: int) -> list[tuple[Resting, Shares]]:
        """Who of us is filled by ``size`` traded at the price: those it reaches in the queue, earlier orders first."""
        fills: list[tuple[Resting, Shares]] = []
        for resting in self.queue:
            if resting.ahead is None or not may_meet(resting, trade, at):
                continue
            passed = size - resting.ahead
            resting.ahead = max(min(resting.ahead - size, self.displayed), 0)
            if passed > 0 and resting.remaining:
                filled = Shares(min(passed, resting.remaining))
                resting.remaining = Shares(resting.remaining - filled)
                size -= filled
                fills.append((resting, filled))
        return fills


def may_meet(resting: Resting, trade: WhaleTrade | PublicTrade, at: int) -> bool:
    """Whether the order was there when this was traded, and the trade is not the one it copies."""
    return at > resting.active_at and not (trade.tx and trade.tx == resting.order.signal_tx)
