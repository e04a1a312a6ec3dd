"""An independent judge of paper fills. It shares no code with the venue: it rebuilds the displayed books from what was
shown, level by level, and asks of every fill whether the book (or a trade) of its moment allowed it.

Where an instant has several messages, every state of the book between them counts as the book of that instant.

Judged: a fill is not before its order arrived, within its limit and its size, and pays the documented fee. A taker's
fill is at a displayed level; since the level was last replaced (absent for five minutes), the fills taken from it never
exceed what is displayed plus what was traded there. A maker's fill is at its own price and is covered by a trade that
the queue let through, or by a book that has come to its price and of which it takes the best. Where trades are shown
too, nobody can tell from outside what such a fill came from; then the venue must say so (``takes``, or the trade's
transaction in the fill's id), and what it says is judged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from shared.domain.ledger import Fill
from shared.domain.messages import BookChange, BookSnapshot, PublicTrade
from shared.domain.order import Order, Side

REPLACED_AFTER_NS = 300_000_000_000
FEE_STEP = 10
BUY, SELL = Side.BUY, Side.SELL
Shown = tuple[int, BookSnapshot | BookChange | PublicTrade]


@dataclass
class Sent:
    """An order, when it arrived at the venue, and when it met the book (after the taker delay, if any)."""

    order: Order
    arrived_at: int
    met_at: int


@dataclass
class Take:
    """What the venue says it took from displayed levels at once, as (price, size), for an order of this side."""

    at: int
    side: Side
    parts: list[tuple[int, int]]


@dataclass
class Session:
    """What the venue was shown, what was sent, and what it filled, each in order; ``takes`` None: it was not asked."""

    shown: list[Shown] = field(default_factory=list)
    sent: dict[str, Sent] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    takes: list[Take] | None = None


@dataclass
class _Level:
    """A level as displayed: its size, when it went to nothing, what left it, what was traded, what we took."""

    size: int = 0
    gone_at: int = 0
    left: int = 0
    traded: int = 0
    taken: int = 0


@dataclass
class _Queued:
    """What was displayed at an order's price when it met the book (the least of that instant), and what left since."""

    displayed: int
    left: int
    traded: int


class _Books:
    """Displayed levels of every token, by (token, side of the book, price)."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, Side], dict[int, _Level]] = {}

    def side(self, token: str, side: Side) -> dict[int, _Level]:
        return self.levels.setdefault((token, side), {})

    def level(self, token: str, side: Side, price: int) -> _Level:
        return self.side(token, side).setdefault(price, _Level())

    def show(self, at: int, payload: BookSnapshot | BookChange | PublicTrade) -> None:
        if isinstance(payload, PublicTrade):
            self.level(payload.token, SELL if payload.side is BUY else BUY, payload.price).traded += payload.size
        elif isinstance(payload, BookChange):
            self._set(at, payload.token, payload.side, payload.price, payload.size)
        else:
            for side, shown in ((BUY, dict(payload.bids)), (SELL, dict(payload.asks))):
                for price in [*self.side(payload.token, side), *shown]:
                    self._set(at, payload.token, side, price, shown.get(price, 0))

    def _set(self, at: int, token: str, side: Side, price: int, size: int) -> None:
        level = self.level(token, side, price)
        if size and not level.size and at - level.gone_at >= REPLACED_AFTER_NS:
            level.taken = level.traded = 0
        if level.size and not size:
            level.gone_at = at
        level.left += max(level.size - size, 0)
        level.size = size


def offers(books: _Books, token: str, side: Side, limit: int) -> dict[int, int]:
    """Displayed sizes a taker of this side would find up to its limit, by price."""
    levels = books.side(token, SELL if side is BUY else BUY)
    return {p: one.size for p, one in levels.items() if one.size and (p <= limit if side is BUY else p >= limit)}


class _Case:
    """One fill while the states of its instant pass by."""

    def __init__(self, number: int, fill: Fill, order: Order) -> None:
        self.number = number
        self.fill = fill
        self.order = order
        self.chances: list[dict[int, int] | tuple[int, PublicTrade]] = []
        """In the order of the instant: what a state of the book offers by price, or a trade (with the number of its
        message) that reaches the order's price."""

    def see(self, books: _Books) -> None:
        """One more state of the instant."""
        self.chances.append(offers(books, self.order.token, self.order.side, self.order.limit))

    def states(self) -> list[dict[int, int]]:
        """The states of the instant."""
        return [chance for chance in self.chances if isinstance(chance, dict)]

    def most(self) -> dict[int, int]:
        """The most that any state of the instant offers, by price."""
        most: dict[int, int] = {}
        for state in self.states():
            for price, size in state.items():
                most[price] = max(most.get(price, 0), size)
        return most

    def prints(self) -> list[tuple[int, PublicTrade]]:
        """The trades of the instant."""
        return [chance for chance in self.chances if not isinstance(chance, dict)]


class Checker:
    """Judges a session; ``findings`` says what no honest venue would have done."""

    def __init__(self, session: Session) -> None:
        self.findings: list[str] = []
        self._session = session
        self._books = _Books()
        self._queued: dict[str, _Queued] = {}
        self._filled: dict[str, int] = {}
        self._left: dict[int, int] = {}
        """What of a trade (by the number of its message) no fill has been covered by yet."""
        self._mine: dict[tuple[int, str], int] = {}
        """How much of a trade has gone to an order."""
        self._takes: dict[int, list[Take]] = {}
        for take in session.takes or ():
            self._takes.setdefault(take.at, []).append(take)

    def run(self) -> list[str]:
        """Walk through what was shown, instant by instant; every sentence is one finding."""
        cases = sorted(self._cases(), key=lambda one: (one.fill.venue_at, one.number))
        meetings = sorted(self._session.sent.values(), key=lambda sent: sent.met_at)
        instants = {case.fill.venue_at for case in cases} | {sent.met_at for sent in meetings}
        stops = iter([*sorted(instants), None])
        stop = next(stops)
        shown = iter(enumerate(self._session.shown))
        upcoming = next(shown, None)
        while stop is not None:
            while upcoming is not None and upcoming[1][0] < stop:
                self._books.show(*upcoming[1])
                upcoming = next(shown, None)
            now = list(_until(cases, stop))
            met = list(_met(meetings, stop))
            self._state(now, met)
            while upcoming is not None and upcoming[1][0] == stop:
                self._prints(upcoming, now)
                self._books.show(*upcoming[1])
                self._state(now, met)
                upcoming = next(shown, None)
            self._instant(now)
            stop = next(stops)
        return self.findings

    def _cases(self) -> Iterator[_Case]:
        for number, fill in enumerate(self._session.fills):
            sent = self._session.sent.get(fill.order_key)
            if sent is None:
                self._find(fill, "is of an order nobody sent")
            else:
                yield _Case(number, fill, sent.order)

    def _find(self, fill: Fill, what: str) -> None:
        self.findings.append(f"fill {fill.trade_id} of {fill.size} at {fill.price} ({fill.liquidity}) {what}")

    def _state(self, now: Iterable[_Case], met: Iterable[Sent]) -> None:
        for case in now:
            case.see(self._books)
        for sent in met:
            order = sent.order
            level = self._books.level(order.token, order.side, order.limit)
            known = self._queued.get(order.order_key)
            if known is None or level.size < known.displayed:
                self._queued[order.order_key] = _Queued(level.size, level.left, level.traded)

    def _prints(self, upcoming: tuple[int, Shown], now: list[_Case]) -> None:
        number, (_, payload) = upcoming
        if not isinstance(payload, PublicTrade):
            return
        self._left.setdefault(number, payload.size)
        for case in now:
            order = case.order
            if payload.token == order.token and payload.side is not order.side and _reaches(order, payload):
                case.chances.append((number, payload))

    # ------------------------------------------------------------------ one fill

    def _instant(self, now: list[_Case]) -> None:
        """All fills of an instant: each for itself, and then whether what was there sufficed for it."""
        for case in now:
            self._form(case)
            if case.fill.liquidity == "taker":
                here = [{case.fill.price: state.get(case.fill.price, 0)} for state in case.states()]
                allowed = any(self._take(case, state, case.fill.size) for state in here)
            elif self._session.takes is None:
                allowed = self._traded(case) or any(self._take(case, one, case.fill.size) for one in case.states())
            else:
                named = any(trade.tx in case.fill.trade_id.split("-") for _, trade in case.prints())
                allowed = (not named and self._said(case)) or self._traded(case)
            if not allowed:
                self._find(case.fill, "is more than was displayed or traded for it, and not taken yet")

    def _form(self, case: _Case) -> None:
        """What a fill must be like whatever the book."""
        fill, order = case.fill, case.order
        total = self._filled[fill.order_key] = self._filled.get(fill.order_key, 0) + fill.size
        if fill.venue_at < self._session.sent[fill.order_key].arrived_at:
            self._find(fill, "came before its order arrived")
        if fill.price > order.limit if order.side is BUY else fill.price < order.limit:
            self._find(fill, f"is beyond the limit {order.limit}")
        if total > order.size:
            self._find(fill, f"takes the order to {total}, more than its size")
        if fill.fee != _fee(fill, order):
            self._find(fill, f"pays {fill.fee}, not {_fee(fill, order)}")
        if fill.liquidity == "maker" and fill.price != order.limit:
            self._find(fill, f"is a maker's but not at its price {order.limit}")

    def _take(self, case: _Case, there: dict[int, int], size: int) -> bool:
        """Take this much of these displayed sizes; False, and nothing is taken, if they do not hold it."""
        order = case.order
        levels = {price: self._books.level(order.token, SELL if order.side is BUY else BUY, price) for price in there}
        free = {price: max(there[price] + level.traded - level.taken, 0) for price, level in levels.items()}
        if sum(free.values()) < size:
            return False
        for price in sorted(free, reverse=order.side is SELL):
            part = min(size, free[price])
            levels[price].taken += part
            size -= part
        return True

    def _said(self, case: _Case) -> bool:
        """Whether the venue says which levels a maker's fill came from, and they held it."""
        fill, order, most = case.fill, case.order, case.most()
        for take in self._takes.get(fill.venue_at, ()):
            if take.side is order.side and sum(size for _, size in take.parts) == fill.size:
                self._takes[fill.venue_at].remove(take)
                return all(self._take(case, {price: most.get(price, 0)}, size) for price, size in take.parts)
        return False

    def _traded(self, case: _Case) -> bool:
        """Whether a trade of the instant covers a maker's fill, behind all that was ahead of it for certain."""
        fill, order = case.fill, case.order
        queued = self._queued.get(order.order_key, _Queued(0, 0, 0))
        level = self._books.level(order.token, order.side, order.limit)
        for number, trade in case.prints():
            gone = level.left - queued.left + level.traded - queued.traded - trade.size
            ahead = max(queued.displayed - gone, 0) if trade.price == order.limit else 0
            mine = self._mine.get((number, fill.order_key), 0)
            if fill.size <= min(self._left[number], trade.size - ahead - mine):
                self._left[number] -= fill.size
                self._mine[number, fill.order_key] = mine + fill.size
                return True
        return False


def _until(cases: list[_Case], stop: int) -> Iterator[_Case]:
    while cases and cases[0].fill.venue_at == stop:
        yield cases.pop(0)


def _met(sent: list[Sent], stop: int) -> Iterator[Sent]:
    while sent and sent[0].met_at == stop:
        yield sent.pop(0)


def _reaches(order: Order, trade: PublicTrade) -> bool:
    return trade.price <= order.limit if order.side is BUY else trade.price >= order.limit


def _fee(fill: Fill, order: Order) -> int:
    """The taker's fee in micro-dollars, rounded up to five decimals of a dollar; makers pay none."""
    if fill.liquidity == "maker":
        return 0
    price, rate = Fraction(fill.price, 10**6), Fraction(order.fee_rate, 10**6)
    return ceil(fill.size * rate * price * (1 - price) / FEE_STEP) * FEE_STEP
