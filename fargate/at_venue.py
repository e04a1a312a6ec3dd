"""The paper venue as the asynchronous driver deals with it: every call is made in the venue's lane, what the venue sees
is handed over in batches, and rounds of reconciliation compare our books with its own.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from fargate.lanes import Lane
from fargate.showing import Showing
from shared.domain.effects import Alert, Merge
from shared.domain.instants import SECOND
from shared.domain.ledger import Record
from shared.domain.market import Market
from shared.domain.messages import (
    MarketChanged,
    MarketListed,
    MarketResolved,
    OrderUnsent,
    Payload,
    PublicTrade,
    WhaleTrade,
)
from shared.domain.money import Shares
from shared.domain.order import Order
from shared.domain.reports import Reports
from shared.ports import Answer, Leased, Shown, ShownVenue
from shared.research.rounds import CHANGES, SOURCE, Believing, Rounds, Transit, deposit_of

REPORTS_WAIT_NS = 2 * SECOND
"""How long reports wait until nothing the venue said is on its way any more."""


class Driving(Protocol):
    """The driver, as far as its side of the venue needs it."""

    def schedule(self, answers: list[Answer]) -> None:
        """Deliver answers at their time."""

    def tell(self, source: str, venue_at: int, payload: Payload) -> None:
        """Hand the engine a fact now."""

    def wake(self) -> None:
        """There is something to do."""


class AtVenue:
    """See the module. ``books``: whether the venue fills from displayed books, or from public prints alone. While the
    ``lease`` cannot be vouched for, no order is sent: the venue does not know whose it is, and another may have begun.
    """

    def __init__(self, venue: ShownVenue, lane: Lane, driver: Driving, engine: Believing, lease: Leased) -> None:
        self.books = venue.books
        self.rounds = Rounds()
        self.submitted = 0
        """Orders that went out."""
        self._venue = venue
        self._lane = lane
        self._driver = driver
        self._engine = engine
        self._lease = lease
        self._showing = Showing()
        self._handing_over = False
        self._transit = Transit()
        self._asked = False
        self._reports: Reports | None = None
        self._outdated = False

    # ------------------------------------------------------------------ requests

    def _ask(self, call: Callable[[], list[Answer]]) -> None:
        self._lane.post(call, self._driver.schedule)

    def submit(self, order: Order, at: int) -> None:
        """Send an order once, if it is ours to send at the moment it would go out."""

        def send() -> list[Answer]:
            if self._lease.vouched:
                self.submitted += 1
                return self._venue.submit(order, at)
            return [Answer(at, at, OrderUnsent(order.order_key, "the lease was not renewed in time"))]

        self._ask(send)

    def cancel(self, order_key: str, at: int) -> None:
        """Ask for a cancel."""
        self._ask(lambda: self._venue.cancel(order_key, at))

    def query(self, order_key: str, at: int) -> None:
        """Ask what became of an order."""
        self._ask(lambda: self._venue.query(order_key, at))

    def redeem(self, market: str, at: int) -> None:
        """Have the shares of a resolved market paid out."""
        self._ask(lambda: self._venue.redeem(market, at))

    def merge(self, effect: Merge, at: int) -> None:
        """Have shares of both outcomes turned into dollars."""
        self._ask(lambda: self._venue.merge(effect.market, Shares(effect.size), effect.ref, at))

    def fund(self, record: Record) -> None:
        """What a record says was paid in reaches the venue's wallet, once."""
        paid_in = deposit_of(record)
        if paid_in is not None:
            self._lane.post(lambda: self._venue.deposit(*paid_in, record.at))

    @property
    def quiet(self) -> bool:
        """Nothing it said is on its way to the engine."""
        return self._transit.quiet

    # ------------------------------------------------------------------ what it sees

    def begin(self, markets: Iterable[Market], now: int) -> None:
        """Nothing is traded before our books were compared; the venue knows what is public of every market."""
        self._driver.tell(SOURCE, now, self.rounds.opening())
        for market in list(markets):
            self._know(market)

    def _know(self, market: Market) -> None:
        self._lane.post(lambda: self._venue.market(market))

    def show(self, payload: Shown, venue_at: int) -> None:
        """A book or a resolution, for the venue's eyes."""
        self._showing.add(payload, venue_at)

    def show_print(self, trade: WhaleTrade | PublicTrade, venue_at: int) -> None:
        """A public print; to a venue without books only where an order waits for its token."""
        if self.books or trade.token in self._venue.open_tokens:
            self._showing.add(trade, venue_at)

    def hears(self, payload: Payload, venue_at: int) -> None:
        """The engine is about to have this fact, public or not."""
        match payload:
            case MarketListed() | MarketChanged():
                self._know(payload.market)
            case MarketResolved():
                self._showing.add(payload, venue_at)
            case _:
                pass
        if self._asked and type(payload) in CHANGES:
            self._outdated = True

    def sent(self, payload: Payload) -> None:
        """An answer is on its way to the engine."""
        self._transit.sent(payload)

    def arrived(self, payload: Payload) -> None:
        """The engine has it."""
        self._transit.heard(payload)

    # ------------------------------------------------------------------ time

    def look(self, now: int, lag_ns: int) -> None:
        """Time has passed: the venue's own stays behind by ``lag_ns``."""
        self._hand_over(now, now - lag_ns)
        if now >= self.rounds.due_at and not self._asked:
            self._ask_reports(now)

    def _hand_over(self, now: int, until: int) -> None:
        """Show the venue what has come up to its time, and let its time move on, unless it is still busy with that."""
        if self._handing_over:
            return
        # Without books nothing must be put in order: a print meets the orders of its time whenever it is shown.
        batch = self._showing.take(until if self.books else now) if self._showing else []
        if not (batch or self._venue.open_tokens or self._venue.busy):
            return
        self._handing_over = True

        def answered(answers: list[Answer]) -> None:
            self._handing_over = False
            self._driver.schedule(answers)

        self._lane.post(lambda: self._venue.show(batch, until), answered)

    # ------------------------------------------------------------------ reconciliation

    def _ask_reports(self, now: int) -> None:
        self._asked, self._outdated = True, False
        since = self.rounds.since

        def asked() -> tuple[Reports, list[Answer]]:
            reports = self._venue.reports(now, since)
            return reports, self._venue.heard()

        def answered(found: tuple[Reports, list[Answer]]) -> None:
            self._reports, said = found
            self._driver.schedule(said)  # said before the reports: a round waits until it is heard
            self._driver.wake()

        self._lane.post(asked, answered)

    def compare(self, now: int) -> list[Alert] | None:
        """A round, if reports are here and everything the venue said before them is heard (or long enough waited for);
        what people should read of it. None while there is nothing to compare.
        """
        reports = self._reports
        if reports is None or not self._may_compare(reports, now):
            return None
        self._reports, self._asked = None, False
        if self._outdated:  # money moved since they were asked for: they are asked for again
            return []
        for payload in self.rounds.round(self._engine, reports):
            self._driver.tell(SOURCE, reports.as_of, payload)
        for key in self.rounds.doubts:
            self.cancel(key, now)
            self.query(key, now)
        return self.rounds.alerts()

    def _may_compare(self, reports: Reports, now: int) -> bool:
        if self._transit.quiet or self._outdated:
            return True
        return not self._transit.moving and now - reports.as_of >= REPORTS_WAIT_NS
