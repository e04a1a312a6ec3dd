"""The venue as it truly is: the paper venue in true time, which goes on whatever becomes of the traders."""

from collections.abc import Callable

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import PaperTimes, SettlementSettings, VenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.ledger import Fill, FillKey
from shared.domain.market import Market
from shared.domain.messages import BookSnapshot, MarketResolved, PublicTrade
from shared.domain.money import Fraction, Shares
from shared.domain.order import Order, Side
from shared.domain.reports import Reports
from shared.ports import Answer
from tests.simulation.clockwork import Clockwork

TIMES = PaperTimes(50 * MILLISECOND, 400 * MILLISECOND, 150 * MILLISECOND, 100 * MILLISECOND)


class Exchange:
    """``arrived`` hears of each order that has reached the venue, taken or not; ``sent`` of each that a process begins
    to send, under which epoch; ``merged`` of each merge that is asked for, by name; ``listeners`` hear all notices.
    ``denied``: executions that it has once denied (a report of an ended order said less), and told of later.
    """

    def __init__(self, seed: int, books: bool, failing: int, clock: Clockwork) -> None:
        settlement = SettlementSettings(True, SECOND, 8 * SECOND, 4 * SECOND, Fraction(failing))
        self.settings = VenueSettings(books=books, settlement=settlement)
        self.log = MemoryPaperLog()
        self.listeners: list[Callable[[Answer], None]] = []
        self.arrived: Callable[[Order], None] = lambda order: None
        self.sent: Callable[[Order, int], None] = lambda order, epoch: None
        self.denied: set[FillKey] = set()
        self.merged: Callable[[str], None] = lambda ref: None
        self._venue = PaperVenue(seed, self.log, TIMES, self.settings)
        self._clock = clock
        self._advances_at = 0

    def denied_of(self, fills: list[Fill]) -> list[Fill]:
        """Those of purchases are not known yet."""
        bought = {paper.order.order_key for paper in self.log.load() if paper.order.side is Side.BUY}
        denied = [fill for fill in fills if fill.order_key in bought]
        self.denied.update((fill.trade_id, fill.order_key) for fill in denied)
        return denied

    def say(self, answers: list[Answer]) -> None:
        """Tell everybody who listens."""
        for answer in answers:
            for listener in self.listeners:
                listener(answer)

    def _wound(self, answers: list[Answer]) -> list[Answer]:
        """After every call: the venue's own time goes on when the next thing is due."""
        due = self._venue.next_at
        if due is not None and not self._clock.now <= self._advances_at <= due:
            self._advances_at = due
            self._clock.at(due, self._advance)
        return answers

    def _advance(self) -> None:
        self._advances_at = 0
        while answers := self._venue.advance(self._clock.now):
            self.say(answers)
        self._wound([])

    # ------------------------------------------------------------------ requests

    def submit(self, order: Order) -> list[Answer]:
        """An order reaches the venue, which takes it or does not."""
        answers = self._wound(self._venue.submit(order, self._clock.now))
        self.arrived(order)
        return answers

    def cancel(self, order_key: str) -> list[Answer]:
        """A cancel reaches it."""
        return self._wound(self._venue.cancel(order_key, self._clock.now))

    def cancel_all(self) -> list[Answer]:
        """A cancel of everything reaches it."""
        return self._wound(self._venue.cancel_all(self._clock.now))

    def query(self, order_key: str) -> list[Answer]:
        """A question reaches it."""
        return self._wound(self._venue.query(order_key, self._clock.now))

    def reports(self, since: int) -> Reports:
        """All it knows of the account."""
        return self._venue.reports(self._clock.now, since)

    def redeem(self, market: str) -> list[Answer]:
        """Shares of a resolved market are to be paid out."""
        return self._wound(self._venue.redeem(market, self._clock.now))

    def merge(self, market: str, size: Shares, ref: str) -> list[Answer]:
        """Shares of both outcomes are to become dollars."""
        self.merged(ref)
        return self._wound(self._venue.merge(market, size, ref, self._clock.now))

    def deposit(self, ref: str, amount: int) -> None:
        """Dollars come in, once per ``ref``."""
        self._venue.deposit(ref, amount, self._clock.now)

    # ------------------------------------------------------------------ what happens there

    def list(self, market: Market) -> None:
        """A market is open."""
        self._venue.market(market)

    def show(self, what: BookSnapshot | PublicTrade | MarketResolved) -> None:
        """Others trade, or a market ends."""
        now, venue = self._clock.now, self._venue
        match what:
            case BookSnapshot():
                self.say(self._wound(venue.on_book(what, now)))
            case PublicTrade():
                self.say(self._wound(venue.on_print(what, now)))
            case MarketResolved():
                self.say(self._wound(venue.on_resolved(what, now)))

    def heed(self) -> None:
        """It does what was asked for beside it, in its log."""
        self.say(self._wound(self._venue.heed(self._clock.now)))

    def restart(self) -> None:
        """The matching engine restarts."""
        self._venue.restart(self._clock.now)
