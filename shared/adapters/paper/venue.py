"""PaperVenue: a venue of its own, not a mirror of our books. It takes orders, waits as a venue would, and fills them
from public prints; what it has taken and filled is written to its own log before it answers, and never read by the
engine. Its clock is the venue time of the prints it is shown, so late prints still meet the orders of their time.
"""

from heapq import heappop, heappush
from typing import Protocol

from msgspec import Struct

from shared.domain.ids import fact_id
from shared.domain.instants import MILLISECOND
from shared.domain.ledger import Fill
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import (
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    WhaleTrade,
)
from shared.domain.money import Price, Shares, taker_fee
from shared.domain.order import FINAL, Order, OrderState
from shared.engine.matching import PrintMatcher, Resting
from shared.ports import Answer


class PaperTimes(Struct, frozen=True):
    """Round trip of a request (uniform, drawn per order), taker delay of crypto markets, notice of a fill."""

    round_trip_min_ns: int = 100 * MILLISECOND
    round_trip_max_ns: int = 500 * MILLISECOND
    crypto_taker_delay_ns: int = 150 * MILLISECOND
    notice_ns: int = 100 * MILLISECOND


class PaperOrder(Struct, frozen=True):
    """An order as the paper venue knows it. ``fills`` in the order they happened."""

    order: Order
    state: OrderState
    active_at: int
    fills: tuple[Fill, ...] = ()

    @property
    def filled(self) -> Shares:
        """Shares filled so far."""
        return Shares(sum(fill.size for fill in self.fills))


class PaperLog(Protocol):
    """The venue's own memory."""

    def put(self, order: PaperOrder) -> None:
        """Keep an order's new state; returns once it is durable."""

    def load(self) -> list[PaperOrder]:
        """Every order kept, as last put."""


class PaperVenue:
    """See the module. ``seed`` decides the latencies; ``hosted`` False (no prints are shown) fills nothing."""

    def __init__(self, seed: int, log: PaperLog, times: PaperTimes | None = None) -> None:
        self.times = times or PaperTimes()
        self._seed = seed
        self._log = log
        self._orders: dict[str, PaperOrder] = {}
        self._resting: dict[str, Resting] = {}
        self._matcher = PrintMatcher()
        self.open_tokens = self._matcher.by_token
        self.cancels: list[tuple[int, str, int]] = []
        self._refused: dict[str, str] = {}
        # Every print up to a token's last fill has been shown already and is not used again.
        shown: dict[str, int] = {}
        for paper in log.load():
            for fill in paper.fills:
                shown[paper.order.token] = max(shown.get(paper.order.token, 0), fill.venue_at)
        for paper in log.load():
            self._orders[paper.order.order_key] = paper
            if paper.state not in FINAL:
                resting = Resting(paper.order, max(paper.active_at, shown.get(paper.order.token, 0)))
                resting.remaining = Shares(paper.order.size - paper.filled)
                self._rest(resting)

    def _rest(self, resting: Resting) -> None:
        self._resting[resting.order.order_key] = resting
        self._matcher.add(resting)

    def _keep(self, paper: PaperOrder) -> None:
        self._log.put(paper)
        self._orders[paper.order.order_key] = paper

    def _round_trip(self, key: str) -> int:
        span = self.times.round_trip_max_ns - self.times.round_trip_min_ns + 1
        return self.times.round_trip_min_ns + int(fact_id("latency", self._seed, key)[:8], 16) % span

    # ------------------------------------------------------------------ requests

    def submit(self, order: Order, at: int) -> list[Answer]:
        """Take an order once. A key seen before is not taken again, which proves only that it is known: in doubt."""
        trip = self._round_trip(order.order_key)
        arrives = at + trip // 2
        if order.order_key in self._orders:
            known = OrderInDoubt(order.order_key, "INVALID_ORDER_DUPLICATED")
            return [Answer(at + trip, arrives, known)]
        if order.order_key in self._refused:
            return [Answer(at + trip, arrives, OrderRejected(order.order_key, self._refused[order.order_key]))]
        delay = self.times.crypto_taker_delay_ns if order.fee_rate == CRYPTO_TAKER_FEE else 0
        self._keep(PaperOrder(order, OrderState.LIVE, arrives + delay))
        self._rest(Resting(order, arrives + delay))
        return [Answer(at + trip, arrives, OrderAccepted(order.order_key, f"paper-{order.order_key}"))]

    def cancel(self, order_key: str, at: int) -> list[Answer]:
        """Take a cancel; it acts when it arrives, and is answered by a report from ``advance``."""
        trip = self._round_trip(f"cancel/{order_key}")
        paper = self._orders.get(order_key)
        if paper is None or paper.state in FINAL:
            return self.query(order_key, at)
        heappush(self.cancels, (at + trip // 2, order_key, at + trip))
        return []

    def query(self, order_key: str, at: int) -> list[Answer]:
        """Every fill of the order again, then its state. An unknown order is refused for good from now on."""
        answer_at = at + self._round_trip(f"query/{order_key}")
        paper = self._orders.get(order_key)
        if paper is None:
            self._refused[order_key] = "order not found: it never arrived"
            return [Answer(answer_at, at, OrderRejected(order_key, self._refused[order_key]))]
        fills = [Answer(answer_at, fill.venue_at, OrderFilled(fill)) for fill in paper.fills]
        return [*fills, Answer(answer_at, at, OrderReport(order_key, paper.state, paper.filled))]

    # ------------------------------------------------------------------ the venue's own time

    @property
    def next_at(self) -> int | None:
        """When the next cancel arrives, or None."""
        return self.cancels[0][0] if self.cancels else None

    def advance(self, until: int) -> list[Answer]:
        """Let venue time pass: cancels that have arrived take effect."""
        answers: list[Answer] = []
        while self.cancels and self.cancels[0][0] <= until:
            arrived, key, answer_at = heappop(self.cancels)
            resting = self._resting.pop(key, None)
            paper = self._orders[key]
            if resting is not None:
                self._matcher.remove(resting)
                paper = PaperOrder(paper.order, OrderState.CANCELED, paper.active_at, paper.fills)
                self._keep(paper)
            answers.append(Answer(answer_at, arrived, OrderReport(key, paper.state, paper.filled)))
        return answers

    def on_print(self, trade: WhaleTrade, venue_at: int) -> list[Answer]:
        """Show the venue a public print; returns the fills it leads to."""
        answers = self.advance(venue_at)
        if trade.token not in self.open_tokens:
            return answers
        for resting, size in self._matcher.match(trade, venue_at):
            key = resting.order.order_key
            paper = self._orders[key]
            n = len(paper.fills) + 1
            fee = taker_fee(size, Price(trade.price), resting.order.fee_rate)
            fill = Fill(f"paper-{trade.tx}-{key[:8]}-{n}", key, trade.price, size, fee, venue_at)
            state = OrderState.PARTIAL
            if resting.remaining == 0:
                state = OrderState.FILLED
                del self._resting[key]
            self._keep(PaperOrder(paper.order, state, paper.active_at, (*paper.fills, fill)))
            answers.append(Answer(venue_at + self.times.notice_ns, venue_at, OrderFilled(fill)))
        return answers
