"""A position that rules watch, the book it could be sold in, and a venue small enough to see through."""

from msgspec.structs import replace

from shared.adapters.paper.orders import Terms
from shared.adapters.paper.refusals import malformed
from shared.domain.decision import Reason
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, floor_size, mul_div_floor
from shared.domain.order import OrderType, Purpose, Side
from shared.engine.books import Book
from shared.engine.exits import Exits, Trigger
from shared.engine.leaving import Slip, Step, sellable_bid
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON, market, order

TOKEN = "m:yes"
KEY = f"{TOKEN}#whale_copy/whale"
LEVELS = Limits(trailing_stop=Fraction(0))
"""Stop at 15% and target at 30%, nothing else."""
ALL = Shares(100 * ONE)
FINE = market(tick=Price(1_000))


def position(size: int = 100 * ONE, price: int = 500_000, token: str = TOKEN, source: str = "whale") -> Position:
    """Shares bought at this price, all-in."""
    cost = Usd(size * price // ONE)
    name = token.partition(":")[0]
    return Position("test", token, f"whale_copy/{source}", name, "whale_copy", source, Shares(size), cost)


def bids(*levels: tuple[int, int], at: int = NOON, asks: tuple[tuple[int, int], ...] = ((990_000, ONE),)) -> Book:
    """A book with these bids (price, size)."""
    return Book(levels, asks, at)


def watching(limits: Limits = LEVELS, held: Position | None = None, of: Market | None = None) -> Exits:
    """A room that watches one position: 100 shares bought at 0.50, unless told otherwise."""
    exits = Exits(limits)
    exits.reposition(held or position(), of or market())
    return exits


def fired(exits: Exits, price: int, at: int = NOON, token: str = TOKEN) -> Reason | None:
    """Which rule this price triggers, if any."""
    triggers = exits.marked(token, price, at)
    return triggers[0].rule if triggers else None


def acceptable(step: Step, of: Market) -> None:
    """What the venue's own checks say of the step as an order: nothing."""
    sale = order(
        side=Side.SELL,
        purpose=Purpose.EXIT,
        limit=step.limit,
        size=step.size,
        order_type=step.order_type,
        reserved=Usd(0),
    )
    assert malformed(sale, Terms(of.tick, of.min_size, of.fee_rate, of.accepting), NOON) is None


def stopped(price: int = 420_000, of: Market | None = None, limits: Limits = LEVELS) -> Exits:
    """A stop that has just fired at this price, which stood for a while."""
    exits = watching(limits, of=of)
    exits.marked(TOKEN, max(price, 430_000), NOON - 60 * SECOND)
    assert exits.marked(TOKEN, price, NOON)
    return exits


def step(
    exits: Exits,
    book: Book | None,
    at: int = NOON,
    free: int = ALL,
    last: int = 0,
    of: Market | None = None,
) -> Step | None:
    """The next step, which the venue would take as an order."""
    made = exits.step(KEY, book, last, Shares(free), of or market(), at)
    if made is not None:
        acceptable(made, of or market())
    return made


def bid_at(price: int, at: int = NOON, size: int = 1_000 * ONE) -> Book:
    """A book with one bid."""
    return bids((price, size), at=at)


def sell(exits: Exits, price: int, size: int, left: int) -> Slip | None:
    """What the desk tells after a fill."""
    exits.sold(KEY, price, Shares(size))
    exits.reposition(replace(position(), size=Shares(left), cost=Usd(left // 2)), market())
    return exits.ended(KEY)


class Floor:
    """A venue with one book and one seller: what is sent meets the book ``latency_ns`` later.

    An order that only takes takes the displayed bids down to its limit; any other waits until it is met or its time is
    over. The desk's side is here too: shares in open orders are not free.
    """

    def __init__(self, limits: Limits, held: Position, of: Market, latency_ns: int = 300 * MILLISECOND) -> None:
        self.exits = Exits(limits)
        self.limits = limits
        self.held = held
        self.market = of
        self.latency_ns = latency_ns
        self.book: Book | None = None
        self.last = 0
        self.open: list[tuple[int, Step]] = []
        self.triggers: list[Trigger] = []
        self.sent: list[tuple[int, Step]] = []
        self.fills: list[tuple[int, int, int]] = []
        self.slips: list[Slip] = []
        self.exits.reposition(held, of)

    @property
    def free(self) -> Shares:
        """Shares in no open order."""
        return Shares(self.held.size - sum(step.size for _, step in self.open))

    def show(self, book: Book | None, at: int) -> None:
        """The book as it is now: orders under way meet it, then the rules see it, then the next step goes out."""
        self.book = book
        self._meet(at)
        sellable = sellable_bid(book, at, self.limits.book_max_age_ns)
        self.triggers += self.exits.marked(TOKEN, sellable, at)
        self.ask(at)

    def ask(self, at: int) -> None:
        """What the desk does: the next step of everything that is being left, and the report of what has ended."""
        for key in self.exits.leaving(TOKEN):
            free = self.free
            step = self.exits.step(key, self.book, self.last, free, self.market, at)
            if step is not None:
                acceptable(step, self.market)
                assert step.size <= free
                assert self.market.tick <= step.limit <= ONE - self.market.tick
                self.open.append((at, step))
                self.sent.append((at, step))
            slip = self.exits.ended(key)
            if slip is not None:
                self.slips.append(slip)

    def _meet(self, at: int) -> None:
        for sent in list(self.open):
            sent_at, step = sent
            if at < sent_at + self.latency_ns:
                continue
            left = step.size - self._take(step, at)
            self.open.remove(sent)
            if left and step.order_type is OrderType.GTC and at < sent_at + step.life_ns:
                self.open.append((sent_at, replace(step, size=Shares(left))))

    def _take(self, step: Step, at: int) -> int:
        sold = 0
        if self.book is None or self.book.crossed:
            return 0
        for price, size in self.book.bids_down():
            part = floor_size(Shares(min(size, step.size - sold)))
            if price < step.limit or part == 0:
                break
            self.book.change(Side.BUY, price, size - part, self.book.at)
            self._filled(price, part, at)
            sold += part
        return sold

    def _filled(self, price: int, size: Shares, at: int) -> None:
        self.fills.append((at, price, size))
        cost = Usd(self.held.cost - mul_div_floor(self.held.cost, size, self.held.size))
        self.held = replace(self.held, size=Shares(self.held.size - size), cost=cost)
        self.exits.sold(KEY, price, size)
        self.exits.reposition(self.held, self.market)


def at_second(number: float) -> int:
    """So many seconds after noon."""
    return NOON + round(number * SECOND)


def cents(number: int) -> Price:
    """A price in cents."""
    return Price(number * 10_000)
