"""The paper venue in a process of its own, as a lane calls it: the calls of ``ShownVenue``, one request each.

What a request without an answer means depends on what it asked for. Nothing here raises for want of an answer, no call
takes longer than ``timeout_s``, and for moments after a failure none is tried (see ``line``).

- ``submit`` is sent once and never again. Where the connection failed before the first byte of the order was handed to
  the socket, nothing was sent, which proves that nothing was taken: rejected, in words that mean "later" (425).
  Whatever fails afterwards: in doubt. Should the venue answer after all, that is heard with the next reply.
- ``cancel``, ``cancel_all``, ``query`` are not repeated and answer nothing: the engine asks again by itself.
- ``reports``: every part None, unread.
- ``market``, ``deposit``, ``redeem``, ``merge``, ``show`` can be repeated without harm, by their ref or because the
  venue makes a numbered request once. They are kept, in order, until the venue has confirmed them; every later call
  tries them first, and the venue counts as busy until then, so that the driver goes on calling. Waiting in the lane
  instead would hold up the cancels behind them. A redemption or merge that a venue had taken and not made when it died
  is asked for again of its next life; so is told and shown what no log keeps (see ``backlog``).
"""

import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from shared.adapters.paper.refusals import Refusal
from shared.adapters.paper.served.backlog import Backlog
from shared.adapters.paper.served.line import Line
from shared.adapters.paper.served.wire import (
    AskReports,
    Call,
    Cancel,
    CancelMarket,
    Deposit,
    Know,
    Merge,
    Query,
    Redeem,
    Reply,
    Request,
    Show,
    Submit,
)
from shared.domain.errors import BadInput, OutcomeUnknown, Temporary
from shared.domain.market import Market
from shared.domain.messages import Merged, MergeReverted, OrderInDoubt, OrderRejected, Redeemed
from shared.domain.money import Shares
from shared.domain.order import Order
from shared.domain.reports import Reports
from shared.ports import Answer, Batch

TIMEOUT_S = 5.0
MARKETS_TOLD = 500
"""Markets told with one request to a venue that has forgotten them."""
_UNANSWERED = (Temporary, OutcomeUnknown)


class Counts(Struct):
    """What went wrong so far: calls without an answer, lives of the venue seen, answers that it dropped untold."""

    unanswered: int = 0
    lives: int = 0
    answers_lost: int = 0


class ServedVenue:
    """See the module. Used by one lane; the look-ups (``books``, ``open_tokens``, ``busy``) by anyone, at no cost.

    ``Temporary`` where the venue does not answer at the start. ``jitter`` answers uniformly in [0, 1).
    """

    def __init__(
        self, port: int, timeout_s: float = TIMEOUT_S, jitter: Callable[[], float] = random.random, session: str = ""
    ) -> None:
        self.open_tokens: frozenset[str] = frozenset()
        self.counts = Counts()
        self._timeout_s = timeout_s
        self._line = Line(port, session or secrets.token_hex(16), jitter)
        self._backlog = Backlog()
        self._owed: deque[Call] = deque()
        self._moves: dict[tuple[type[Call], str], Redeem | Merge] = {}
        self._said: list[Answer] = []
        self._number = 0
        self._is_sent = False
        self._heard = 0
        self._is_busy = True  # until it says otherwise
        if self._line.ready(self._deadline()):
            self.counts.lives += 1

    @property
    def books(self) -> bool:
        """Whether orders meet displayed books, or public prints alone."""
        return self._line.settings.books

    @property
    def busy(self) -> bool:
        """Whether anything is under way there, waits to be told it, or has been told by it and not been handed on."""
        return self._is_busy or bool(self._owed or self._backlog or self._said) or not self._line.connected

    @property
    def prints_dropped(self) -> int:
        """Trades that a venue that was away for long was never shown."""
        return self._backlog.dropped

    def close(self) -> None:
        """Give the connection up; what the venue says from now on is lost to this life."""
        self._line.close()

    def heard(self) -> list[Answer]:
        """What the venue has said and nobody was given yet."""
        said, self._said = self._said, []
        return said

    # ------------------------------------------------------------------ asked once

    def submit(self, order: Order, at: int) -> list[Answer]:
        """Send an order once; rejected or in doubt where no answer comes (see the module)."""
        return self.submit_batch((order,), at)

    def submit_batch(self, orders: Sequence[Order], at: int) -> list[Answer]:
        """Send orders with one request, once."""
        deadline = self._deadline()
        try:
            self._catch_up(deadline)
        except _UNANSWERED as error:
            return self._unsent(orders, at, str(error))
        try:
            self._ask(Submit(tuple(orders), at), deadline)
        except OutcomeUnknown as error:
            self.counts.unanswered += 1
            doubts = [Answer(at, at, OrderInDoubt(order.order_key, str(error))) for order in orders]
            return [*self.heard(), *doubts]
        except BadInput as error:
            reason = Refusal(400, "INVALID_ORDER_ERROR", str(error)).reason
            return [*self.heard(), *(Answer(at, at, OrderRejected(order.order_key, reason)) for order in orders)]
        return self.heard()

    def _unsent(self, orders: Sequence[Order], at: int, why: str) -> list[Answer]:
        self.counts.unanswered += 1
        reason = Refusal(425, "service_not_ready", f"service not ready, nothing was sent: {why}").reason
        return [*self.heard(), *(Answer(at, at, OrderRejected(order.order_key, reason)) for order in orders)]

    def cancel(self, order_key: str, at: int) -> list[Answer]:
        """Ask for a cancel."""
        return self._once(Cancel(order_key, at))

    def cancel_market(self, market: str, at: int) -> list[Answer]:
        """Ask to cancel all that is open in a market."""
        return self._once(CancelMarket(market, at))

    def cancel_all(self, at: int) -> list[Answer]:
        """Ask to cancel all that is open."""
        return self._once(CancelMarket("", at))

    def query(self, order_key: str, at: int) -> list[Answer]:
        """Ask what became of an order."""
        return self._once(Query(order_key, at))

    def _once(self, call: Call) -> list[Answer]:
        deadline = self._deadline()
        try:
            self._catch_up(deadline)
            self._ask(call, deadline)
        except _UNANSWERED:
            self.counts.unanswered += 1
        return self.heard()

    def reports(self, at: int, since: int) -> Reports:
        """Ask for everything; what was said before that is in ``heard``."""
        deadline = self._deadline()
        try:
            self._catch_up(deadline)
            found = self._ask(AskReports(at, since), deadline).reports
        except (*_UNANSWERED, BadInput):
            self.counts.unanswered += 1
            found = None
        return found or Reports(at, open_orders=None, trades=None, positions=None, balance=None, trades_since=since)

    # ------------------------------------------------------------------ kept until confirmed

    def market(self, market: Market) -> None:
        """What is public of a market, from now on."""
        self._backlog.know(market)
        self._keep(Know((market,)))

    def deposit(self, ref: str, amount: int, at: int) -> None:
        """Micro-dollars come into the wallet, once per ``ref``."""
        self._keep(Deposit(ref, amount, at))

    def redeem(self, market: str, at: int) -> list[Answer]:
        """Pay out the shares of a resolved market; answered by ``Redeemed``."""
        return self._move(market, Redeem(market, at))

    def merge(self, market: str, size: Shares, ref: str, at: int) -> list[Answer]:
        """Turn shares of each outcome into dollars, once per ``ref``; answered by ``Merged`` or ``MergeReverted``."""
        return self._move(ref, Merge(market, size, ref, at))

    def _move(self, name: str, call: Redeem | Merge) -> list[Answer]:
        self._moves[type(call), name] = call
        self._keep(call)
        return self.heard()

    def _keep(self, call: Call) -> None:
        self._owed.append(call)
        self._try()

    def show(self, batch: Batch, until: int) -> list[Answer]:
        """Show the venue what happened and let its time pass; what that, or time shown by others, has led to."""
        self._backlog.add(batch, until)
        self._try()
        return self.heard()

    def _try(self) -> None:
        try:
            self._catch_up(self._deadline())
        except _UNANSWERED:
            self.counts.unanswered += 1

    # ------------------------------------------------------------------ requests

    def _deadline(self) -> float:
        return time.monotonic() + self._timeout_s

    def _catch_up(self, deadline: float) -> None:
        """Whatever is owed is told, in order; the first of it may have been told already, and keeps its number."""
        if self._line.ready(deadline):
            self._begin_again()
        while self._owed or self._backlog:
            if not self._owed:
                self._owed.append(self._backlog.take())
            self._ask(self._owed[0], deadline, is_owed=True)
            self._owed.popleft()

    def _begin_again(self) -> None:
        """Another life of the venue: it knows its log, and has forgotten everything else."""
        self.counts.lives += 1
        self._heard, self._is_sent, self._is_busy = 0, False, True
        shows = [call for call in self._owed if isinstance(call, Show)]
        deposits = [call for call in self._owed if isinstance(call, Deposit)]
        self._backlog.again(shows)
        markets = list(self._backlog.markets.values())
        told = [Know(tuple(markets[n : n + MARKETS_TOLD])) for n in range(0, len(markets), MARKETS_TOLD)]
        self._owed = deque([*told, *deposits, *self._moves.values()])

    def _ask(self, call: Call, deadline: float, *, is_owed: bool = False) -> Reply:
        if not self._is_sent:
            self._number += 1
        self._is_sent = is_owed
        reply = self._line.ask(Request(self._number, self._heard, call), deadline)
        self._is_sent = False
        self._take(reply)
        return reply

    def _take(self, reply: Reply) -> None:
        """What is told from ``first`` on was not heard before: the request said how far we had heard."""
        if reply.first > self._heard + 1:
            self.counts.answers_lost += reply.first - self._heard - 1
        self._heard = reply.first + len(reply.answers) - 1
        self._said += reply.answers
        for answer in reply.answers:
            match answer.payload:
                case Redeemed(market):
                    self._moves.pop((Redeem, market), None)
                case Merged(ref=ref) | MergeReverted(ref=ref):
                    self._moves.pop((Merge, ref), None)
                case _:
                    pass
        self.open_tokens = frozenset(reply.open_tokens)
        self._is_busy = reply.busy
