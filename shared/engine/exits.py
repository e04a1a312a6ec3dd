"""Exits by rule: stop, target, trailing stop, largest loss, time and emergency (specification, sections 5, 9, 10).

Whales' exits are mirrored elsewhere; these rules override them. They look at prices a person could have traded at, and
what they have decided stays decided: a stop that a recovering price could take back would be fired again and again by
a price that swings around it, each time a little later. Only the market's resolution ends an exit before it is done.
"""

from collections.abc import Mapping

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.instants import MICROSECOND
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.money import SIZE_STEP, Shares
from shared.engine.books import Book
from shared.engine.leaving import Leaving, Quote, Slip, Step, sellable_bid
from shared.engine.limits import Limits
from shared.engine.watches import Band, Numbers, Watch


class Trigger(Struct, frozen=True, gc=False):
    """A rule has decided to leave a position, at a price it could then be sold at (0: none was known).

    Whatever else still sells or buys it should be cancelled.
    """

    position: Position
    rule: Reason
    at: int
    price: int
    numbers: Numbers


NEVER = 1 << 62
"""Later than any instant."""
NOTHING: list[Trigger] = []
"""Shared by every price that triggers nothing; nobody may add to it."""


class Exits:
    """Watches the positions of one account by token, and leads out those that a rule has decided to leave.

    After a sale of ours: ``sold``, then ``reposition``, then ``ended``.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._window_ns = limits.retry_first_ns
        self._bands: dict[str, Band] = {}
        self._leaving: dict[str, Leaving] = {}
        self._tokens: dict[str, dict[str, None]] = {}
        self._resolved: dict[str, None] = {}
        self._due_at = NEVER
        """No time exit is due before this."""

    def relimit(self, limits: Limits, markets: Mapping[str, Market]) -> None:
        """Other limits. What is being left goes on being left, by the new steps; the highest price since entry is
        remembered.
        """
        self._limits = limits
        self._window_ns = limits.retry_first_ns
        self._due_at = NEVER
        for leaving in self._leaving.values():
            leaving.relimit(limits)
        for band in self._bands.values():
            for watch in band.watches.values():
                watch.set(watch.position, markets.get(watch.position.market), limits)
                self._note(watch)
            band.settle()

    # ------------------------------------------------------------------ what is held

    def reposition(self, position: Position, market: Market | None) -> None:
        """A position changed: opened, grown, sold in part, closed. Recovery tells every open one.

        Less than the venue's smallest step of a size is not watched: no order can sell it.
        """
        key = position.key
        band = self._bands.get(position.token)
        if band is None:
            if position.size < SIZE_STEP or position.market in self._resolved:
                return
            band = self._bands[position.token] = Band()
            self._tokens.setdefault(position.market, {})[position.token] = None
        if key in band.leaving:
            band.leaving[key].resized(position)
        elif position.size <= band.dust.get(key, SIZE_STEP - 1):
            band.watches.pop(key, None)
            if position.size == 0:
                band.dust.pop(key, None)
        else:
            band.dust.pop(key, None)
            watch = band.watches.get(key)
            if watch is None:
                watch = band.watches[key] = Watch()
            elif position.size > watch.position.size:
                watch.forget_peak()
            watch.set(position, market, self._limits)
            self._note(watch)
        self._settle(band, position)

    def _settle(self, band: Band, position: Position) -> None:
        band.settle()
        if band.empty:
            del self._bands[position.token]
            tokens = self._tokens[position.market]
            del tokens[position.token]
            if not tokens:
                del self._tokens[position.market]

    def market(self, market: Market) -> None:
        """A market's data changed: its end, its kind, its tick."""
        for token in self._tokens.get(market.market, ()):
            band = self._bands[token]
            for watch in band.watches.values():
                watch.set(watch.position, market, self._limits)
                self._note(watch)
            band.settle()

    def _note(self, watch: Watch) -> None:
        if watch.time_exit_at is not None and watch.time_exit_at < self._due_at:
            self._due_at = watch.time_exit_at

    def forget(self, market: str) -> list[Slip]:
        """A market has resolved: nothing in it is left by rule any more. Reports of exits that this cut short."""
        self._resolved[market] = None
        slips: list[Slip] = []
        for token in self._tokens.pop(market, {}):
            for key, leaving in self._bands.pop(token).leaving.items():
                del self._leaving[key]
                slips.append(leaving.slip(resolved=True))
        return slips

    # ------------------------------------------------------------------ the rules

    def marked(self, token: str, sellable: int, at: int) -> list[Trigger]:
        """Shares of the token could be sold at this price now: ``sellable_bid`` of its book, or the last print where
        no book is known. 0 says that no price is known, which triggers nothing.
        """
        band = self._bands.get(token)
        if band is None or sellable <= 0:
            return NOTHING
        if at >= band.until:
            band.begin_window(sellable, at, self._window_ns)
        elif sellable > band.best:
            band.best = sellable
        band.price = sellable
        if band.low < sellable < band.high:
            return NOTHING
        triggers: list[Trigger] = []
        for watch in list(band.watches.values()):
            rule = watch.rule_at(sellable, self._limits)
            if rule is not None:
                numbers = watch.numbers(rule, sellable, self._limits)
                triggers.append(self._leave(band, watch.position, rule, at, numbers))
        band.settle()
        return triggers

    def due(self, at: int) -> list[Trigger]:
        """Positions of event markets that are about to end."""
        if at < self._due_at:
            return NOTHING
        triggers: list[Trigger] = []
        before = self._limits.exit_before_end_ns
        self._due_at = NEVER
        for band in self._bands.values():
            for watch in list(band.watches.values()):
                leave_at = watch.time_exit_at
                if leave_at is not None and at >= leave_at:
                    left = (leave_at + before - at) // MICROSECOND  # not money: nanoseconds to millionths of a second
                    limit = before // MICROSECOND  # not money: nanoseconds to millionths of a second
                    numbers = (("seconds_to_end", left), ("exit_before_end", limit))
                    triggers.append(self._leave(band, watch.position, Reason.TIME_EXIT, at, numbers))
                else:
                    self._note(watch)
            band.settle()
        return triggers

    def flatten(self, at: int) -> list[Trigger]:
        """Leave everything that is not being left yet."""
        triggers: list[Trigger] = []
        for band in self._bands.values():
            for watch in list(band.watches.values()):
                numbers = (("sellable", band.price),)
                triggers.append(self._leave(band, watch.position, Reason.EMERGENCY_EXIT, at, numbers))
            band.settle()
        return triggers

    def resume(self, position: Position, rule: Reason, trigger: int, at: int) -> None:
        """Recovery, after ``reposition``: a rule had decided to leave this position before the restart."""
        band = self._bands.get(position.token)
        if band is not None and position.key in band.watches:
            self._lead_out(band, Leaving(band.watches[position.key].position, rule, trigger, at, self._limits))
            band.settle()

    def _leave(self, band: Band, position: Position, rule: Reason, at: int, numbers: Numbers) -> Trigger:
        self._lead_out(band, Leaving(position, rule, band.price, at, self._limits))
        return Trigger(position, rule, at, band.price, numbers)

    def _lead_out(self, band: Band, leaving: Leaving) -> None:
        key = leaving.position.key
        del band.watches[key]
        band.leaving[key] = self._leaving[key] = leaving

    # ------------------------------------------------------------------ on the way out

    def leaving(self, token: str) -> list[str]:
        """Keys of the token's positions that are being left, oldest first, until ``ended`` has told their end."""
        band = self._bands.get(token)
        return [] if band is None else list(band.leaving)

    def idle(self, key: str, market: Market, at: int) -> bool:
        """Whether ``step`` and ``ended`` have nothing to say of a position whose token has no book."""
        leaving = self._leaving.get(key)
        return leaving is not None and leaving.idle(market, at)

    def step(self, key: str, book: Book | None, last: int, free: Shares, market: Market, at: int) -> Step | None:
        """The next order that sells a position; None: nothing to do now. Ask again until it has ended.

        ``last``: the token's last print (0: none heard). ``free``: shares of the position in no open SELL order; while
        an order of an earlier step is open, they are in it, so there is never a second one for the same shares.
        """
        leaving = self._leaving.get(key)
        if leaving is None:
            return None
        band = self._bands[leaving.position.token]
        bid = sellable_bid(book, at, self._limits.book_max_age_ns)
        quote = Quote(bid, last or band.price, band.lately(at, self._window_ns))
        return leaving.step(quote, free, market, at)

    def sold(self, key: str, price: int, size: Shares) -> None:
        """Shares of a position were sold (no matter by which order); counts where the position is being left."""
        leaving = self._leaving.get(key)
        if leaving is not None:
            leaving.sold(price, size)

    def ended(self, key: str) -> Slip | None:
        """The report of an exit that is done: flat, or no order can carry what is left. Told once, then forgotten."""
        leaving = self._leaving.get(key)
        if leaving is None or not leaving.done:
            return None
        position = leaving.position
        band = self._bands[position.token]
        del self._leaving[key], band.leaving[key]
        if leaving.size:
            band.dust[key] = leaving.size
        self._settle(band, position)
        return leaving.slip()
