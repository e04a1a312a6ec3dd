"""Sessions of a paper venue on books, for the checker: books and prints in, random orders, what came of them out."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import PaperOrder, VenueSettings
from shared.adapters.paper.token_book import TokenBook
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReport,
    Payload,
    PublicTrade,
)
from shared.domain.money import ONE, Fraction, Price, Shares
from shared.domain.order import FINAL, Order, OrderState, OrderType, Side
from shared.engine.books import Book
from shared.ports import Answer
from tests.shared.adapters.paper.checker import Sent, Session, Shown, Take
from tests.shared.engine.builders import order

CENT = 10_000
BOOKS = VenueSettings(books=True)


@contextmanager
def told_takes(session: Session) -> Iterator[None]:
    """While this lasts, the session hears from the venue what it takes from which levels."""
    honest = TokenBook.take
    takes = session.takes = []

    def telling(book: TokenBook, side: Side, limit: int, size: int, at: int) -> list[tuple[int, Shares]]:
        parts = honest(book, side, limit, size, at)
        if parts:
            takes.append(Take(at, side, [(price, int(part)) for price, part in parts]))
        return parts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TokenBook, "take", telling)
        yield


class Trader:
    """Sends random orders to a venue while it is shown a market, and cancels some of them."""

    def __init__(self, seed: int, settings: VenueSettings = BOOKS, rate: Fraction = CRYPTO_TAKER_FEE) -> None:
        self.log = MemoryPaperLog()
        self.venue = PaperVenue(seed, self.log, settings=settings)
        self.session = Session()
        self.states: dict[str, OrderState] = {}
        self.rejected: dict[str, str] = {}
        self.now = 0
        self._rate = rate
        self._random = Random(seed)
        self._books: dict[str, Book] = {}
        self._seed = seed
        self._settings = settings

    def show(self, shown: Iterable[Shown], orders: int, expected: int) -> None:
        """Everything shown, with about ``orders`` orders sent in the course of ``expected`` messages."""
        for at, payload in shown:
            self.now = at
            self.session.shown.append((at, payload))
            if isinstance(payload, PublicTrade):
                self._hear(self.venue.on_print(payload, at))
            else:
                self._hear(self.venue.on_book(payload, at))
                self._follow(payload, at)
                if self._random.random() * expected < orders:
                    self._send(payload.market, payload.token, at)
            if self._random.random() * expected < orders / 4 and self.venue.open_tokens:
                self._cancel_one(at)

    def reopen(self) -> None:
        """Another process takes over from the log."""
        self.venue = PaperVenue(self._seed, self.log, settings=self._settings)

    def finish(self) -> None:
        """Cancel what is open, and let everything that is under way arrive."""
        self._hear(self.venue.cancel_all(self.now))
        self._hear(self.venue.cancel_all(self.now + SECOND))
        while self.venue.next_at is not None:
            self._hear(self.venue.advance(self.now + MINUTE))
            self.now += MINUTE

    def papers(self) -> dict[str, PaperOrder]:
        """The venue's own record of every order."""
        return {paper.order.order_key: paper for paper in self.log.load()}

    def open(self) -> list[str]:
        """Orders without a final state, as far as their sender has heard."""
        return [key for key in self.session.sent if self.states.get(key) not in FINAL]

    def _follow(self, payload: BookSnapshot | BookChange, at: int) -> None:
        if isinstance(payload, BookSnapshot):
            self._books[payload.token] = Book(payload.bids, payload.asks, at)
        elif payload.token in self._books:
            self._books[payload.token].change(payload.side, payload.price, payload.size, at)

    def _send(self, market: str, token: str, at: int) -> None:
        book, draw = self._books[token], self._random
        side = draw.choice(list(Side))
        best = book.best_ask if side is Side.BUY else book.best_bid
        way = 1 if side is Side.BUY else -1
        limit = min(max(best + way * draw.choice((3, 2, 1, 0, 0, -1, -1, -2, -4)) * CENT, CENT), ONE - CENT)
        size = draw.choice((5, 10, 40, 200, 1_000, 5_000)) * ONE
        kind = draw.choice((OrderType.GTC, OrderType.GTC, OrderType.GTD, OrderType.FAK, OrderType.FOK))
        made = order(
            order_key=f"o{len(self.session.sent)}",
            market=market,
            token=token,
            side=side,
            limit=Price(limit),
            size=Shares(size),
            fee_rate=self._rate,
            order_type=kind,
            expires_at=at + 4 * MINUTE if kind is OrderType.GTD else 0,
            post_only=kind in (OrderType.GTC, OrderType.GTD) and draw.random() < 0.2,
            signal_tx="",
        )
        self._sent(made, at)

    def _sent(self, made: Order, at: int) -> None:
        times = self.venue.times
        arrives = at + times.round_trip_min_ns // 2
        self.session.sent[made.order_key] = Sent(made, arrives, arrives)
        self._hear(self.venue.submit(made, at))

    def _cancel_one(self, at: int) -> None:
        token = self._random.choice(list(self.venue.open_tokens))
        self._hear(self.venue.cancel(self._random.choice(self.venue.open_tokens[token]).order.order_key, at))

    def _hear(self, answers: list[Answer]) -> None:
        for answer in answers:
            self._heard(answer.payload, answer.venue_at)

    def _heard(self, payload: Payload, at: int) -> None:
        match payload:
            case OrderAccepted():
                self.session.sent[payload.order_key].arrived_at = at
                self.session.sent[payload.order_key].met_at = at
                self.states.setdefault(payload.order_key, OrderState.LIVE)
            case OrderRejected():
                self.states[payload.order_key] = OrderState.REJECTED
                self.rejected[payload.order_key] = payload.reason
            case OrderFilled():
                self.session.fills.append(payload.fill)
                key = payload.fill.order_key
                filled = sum(one.size for one in self.session.fills if one.order_key == key)
                if filled == self.session.sent[key].order.size:
                    self.states[key] = OrderState.FILLED
            case OrderReport() if self.states.get(payload.order_key) not in FINAL:
                self.states[payload.order_key] = payload.state


def market_of_random_books(seed: int, messages: int, prints: bool = True, token: str = "m:yes") -> list[Shown]:
    """A token's book and (``prints``) its trades, drawn at random around a wandering middle, never crossed for long."""
    draw = Random(seed)
    shown: list[Shown] = []
    middle, at = 50, SECOND
    bids = {(middle - 1 - n) * CENT: draw.randint(5, 300) * ONE for n in range(6)}
    asks = {(middle + 1 + n) * CENT: draw.randint(5, 300) * ONE for n in range(6)}
    shown.append((at, BookSnapshot("m", token, tuple(sorted(bids.items(), reverse=True)), tuple(sorted(asks.items())))))
    while len(shown) < messages:
        at += draw.choice((0, 1, 20, 200, 2_000)) * MILLISECOND
        if draw.random() < 0.15:
            middle = min(max(middle + draw.choice((-1, 1)), 10), 90)
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            for price in [p for p in levels if (p >= middle * CENT if side is Side.BUY else p <= middle * CENT)]:
                size = levels.pop(price)
                if draw.random() < 0.6:
                    taker = Side.SELL if side is Side.BUY else Side.BUY
                    shown.append((at, PublicTrade("m", token, taker, price, size, f"tx{len(shown)}", 0)))
                shown.append((at, BookChange("m", token, side, price, 0)))
        side, levels = draw.choice(((Side.BUY, bids), (Side.SELL, asks)))
        price = (middle + draw.randint(1, 6) * (-1 if side is Side.BUY else 1)) * CENT
        shown += _moved(draw, at, token, side, levels, price, len(shown))
    return [one for one in shown if prints or not isinstance(one[1], PublicTrade)]


def _moved(
    draw: Random, at: int, token: str, side: Side, levels: dict[int, int], price: int, number: int
) -> list[Shown]:
    """One level changes: by a trade with its print before or after it, or by orders that come and go."""
    taker = Side.SELL if side is Side.BUY else Side.BUY
    size = levels.get(price, 0)
    if size and draw.random() < 0.5:
        traded = draw.randint(1, size // ONE) * ONE
        levels[price] = size - traded
        change: Shown = (at, BookChange("m", token, side, price, size - traded))
        printed: Shown = (at, PublicTrade("m", token, taker, price, traded, f"tx{number}", 0))
        moved = [printed, change] if draw.random() < 0.5 else [change, printed]
    else:
        levels[price] = draw.choice((0, 5, 30, 300)) * ONE
        moved = [(at, BookChange("m", token, side, price, levels[price]))]
    if not levels[price]:
        del levels[price]
    return moved
