"""A paper venue with several clients: whose request is made, made again or refused, and who hears which answers.

**Time** is what clients show: the latest instant that any of them has shown. A book or a resolution shown for an
earlier one is as new as its coming; a trade keeps its time, and meets only orders that were there.

**Once.** The requests of a session are numbered. The last one, sent again because its reply was lost, is not made
again; an older one, late on some earlier connection, is refused. So an order whose submission timed out cannot turn up
behind the answer to a question about it.

**Answers.** What a request leads to at once goes to who asked; what time leads to (arrivals, fills, settlements) goes
to every session, as on a venue whose user channel tells each socket of the account. Each answer is told with every
reply until the client says that it has it: a lost reply loses none. A trader that died and came back is another
session and gets nothing of this: what was said to the dead is lost, as on a real venue, and the next life must ask
(``query`` for every order it believes open, ``reports`` for everything). What a *server* had not told when it died is
lost too; whoever is still alive then sees another ``life`` and must ask likewise.
"""

from collections import OrderedDict, deque

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
    Welcome,
)
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import BadInput
from shared.domain.messages import PublicTrade, WhaleTrade
from shared.domain.reports import Reports
from shared.ports import Answer, Batch

SESSIONS = 16
"""Sessions remembered; of more, the one that was heard of longest ago is forgotten."""
MOST_WAITING = 20_000
"""Answers kept for a session that does not ask; of more, the oldest are lost (their numbers show it)."""


class Session:
    """One client's life. ``last``: number of its last request made; ``first``: number of the first answer waiting."""

    def __init__(self, last: int = 0, first: int = 1) -> None:
        self.last = last
        self.first = first
        self.waiting: deque[Answer] = deque()

    def say(self, answers: list[Answer]) -> None:
        """To be told with the next reply."""
        self.waiting += answers
        while len(self.waiting) > MOST_WAITING:
            self._drop()

    def heard(self, number: int) -> None:
        """Answers up to this number have arrived."""
        while self.waiting and self.first <= number:
            self._drop()

    def _drop(self) -> None:
        self.waiting.popleft()
        self.first += 1


class Hosted:
    """See the module. ``life`` is told to every client."""

    def __init__(self, venue: PaperVenue, life: str) -> None:
        self._venue = venue
        self._life = life
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._until = 0
        self._shown = 0

    def welcome(self, session: str) -> Welcome:
        """A client is here, for the first time or again."""
        self._session(session, Session())
        return Welcome(self._life, self._venue.settings)

    def _session(self, name: str, fresh: Session) -> Session:
        found = self._sessions.setdefault(name, fresh)
        self._sessions.move_to_end(name)
        if len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)
        return found

    def reply(self, name: str, request: Request) -> Reply:
        """Make the request unless it was made; ``BadInput`` in one sentence where it cannot be."""
        session = self._session(name, Session(request.number - 1, request.heard + 1))
        if request.number < session.last:
            raise BadInput(f"request {request.number} comes after request {session.last} of the same session")
        session.heard(request.heard)
        reports = None
        if request.number > session.last:
            _check(request.call)
            session.last = request.number
            reports = self._made(session, request.call)
        venue = self._venue
        open_tokens = tuple(venue.open_tokens)
        return Reply(request.number, session.first, list(session.waiting), open_tokens, venue.busy, reports)

    def _made(self, session: Session, call: Call) -> Reports | None:
        venue = self._venue
        match call:
            case Show():
                self._show(call)
            case Submit():
                at = self._when(call.at)
                one = len(call.orders) == 1
                session.say(venue.submit(call.orders[0], at) if one else venue.submit_batch(call.orders, at))
            case Cancel():
                session.say(venue.cancel(call.order_key, self._when(call.at)))
            case CancelMarket():
                session.say(venue.cancel_market(call.market, self._when(call.at)))
            case Query():
                session.say(venue.query(call.order_key, self._when(call.at)))
            case AskReports():
                return venue.reports(call.at, call.since)
            case Redeem():
                session.say(venue.redeem(call.market, self._when(call.at)))
            case Merge():
                session.say(venue.merge(call.market, call.size, call.ref, self._when(call.at)))
            case Deposit():
                venue.deposit(call.ref, call.amount, call.at)
            case Know():
                for market in call.markets:
                    venue.market(market)
        return None

    def _when(self, at: int) -> int:
        """A request comes no earlier than what the venue has seen."""
        return max(at, self._until)

    def _show(self, call: Show) -> None:
        batch: Batch = []
        for at, payload in call.batch:
            if isinstance(payload, PublicTrade | WhaleTrade):
                batch.append((at, payload))
            else:
                self._shown = max(self._shown, at)
                batch.append((self._shown, payload))
        self._until = max(self._until, call.until)
        answers = self._venue.show(batch, self._until)
        for session in self._sessions.values():
            session.say(answers)


def _check(call: Call) -> None:
    """What no sound client asks, in one sentence."""
    at = call.until if isinstance(call, Show) else 0 if isinstance(call, Know) else call.at
    if at < 0:
        raise BadInput(f"the time of a {type(call).__name__} must not be negative, but is {at}")
    if isinstance(call, Submit):
        if not call.orders:
            raise BadInput("orders of a Submit must not be empty")
        for order in call.orders:
            if order.size <= 0 or order.limit <= 0:
                named = f"order {order.order_key!r}"
                raise BadInput(f"size and limit of {named} must be positive, but are {order.size} and {order.limit}")
