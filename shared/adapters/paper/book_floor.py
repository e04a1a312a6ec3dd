"""The paper venue on displayed books: how an order is judged when it arrives, meets the book, and comes to rest."""

from collections.abc import Iterable

from msgspec.structs import replace

from shared.adapters.paper.agenda import Action, Agenda, Due
from shared.adapters.paper.executions import MAKER, TAKER, Executions
from shared.adapters.paper.levels import REPLACED_AFTER_NS
from shared.adapters.paper.orders import PaperOrder, PaperTimes, Terms
from shared.adapters.paper.outages import Mode, Outages
from shared.adapters.paper.refusals import (
    EXPIRES_EARLY_NS,
    POST_ONLY_CROSSES,
    Refusal,
    closed,
    malformed,
    too_small_to_take,
    unmatched,
    unpaid,
)
from shared.adapters.paper.register import Register
from shared.adapters.paper.statements import venue_id
from shared.adapters.paper.token_book import Filled, TokenBook
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    OrderAccepted,
    OrderRejected,
    OrderReport,
    PublicTrade,
    TickSizeChanged,
    WhaleTrade,
)
from shared.domain.money import Price, Shares
from shared.domain.order import Order, OrderState, OrderType, Side
from shared.engine.matching import Resting
from shared.ports import Answer

_TAKES_ONLY = (OrderType.FOK, OrderType.FAK)
_NO_TERMS = Terms()


class BookFloor:
    """Orders meet books. ``tokens`` holds every book shown; ``by_token`` is what rests where."""

    def __init__(
        self, register: Register, executions: Executions, agenda: Agenda, outages: Outages, times: PaperTimes
    ) -> None:
        self.tokens: dict[str, TokenBook] = {}
        self.by_token: dict[str, list[Resting]] = {}
        self._register = register
        self._executions = executions
        self._agenda = agenda
        self._outages = outages
        self._times = times
        self._held: dict[str, Resting] = {}

    def _token(self, token: str) -> TokenBook:
        found = self.tokens.get(token)
        if found is None:
            found = self.tokens[token] = TokenBook()
        return found

    def remember(self) -> None:
        """What takers took just before the log ends is not there for us again: a level remembers that long, whatever is
        displayed. (At which levels a resting order met a book that came through its price, no log says.)
        """
        last = max(self._register.last_fill_at().values(), default=0)
        for key, fill in self._register.executed.since(last - REPLACED_AFTER_NS):
            if fill.liquidity == TAKER:
                order = self._register.orders[key].order
                self._token(order.token).took(order.side, fill.price, fill.size, fill.venue_at)

    # ------------------------------------------------------------------ an order arrives

    def arrive(self, paper: PaperOrder, at: int, answer_at: int) -> list[Answer]:
        """Judge an order, answer it, and let it meet the book (a crypto market makes a taker wait first)."""
        order = paper.order
        refusal = self._judged(order, at)
        if refusal is not None:
            self._register.end(paper, OrderState.REJECTED, at, refusal.reason)
            return [Answer(answer_at, at, OrderRejected(order.order_key, refusal.reason))]
        if order.order_type is OrderType.GTD:
            self._agenda.add(order.expires_at - EXPIRES_EARLY_NS, Action(Due.EXPIRE, order.order_key))
        accepted = Answer(answer_at, at, OrderAccepted(order.order_key, venue_id(order.order_key)))
        takes = bool(self._token(order.token).offers(order.side, order.limit))
        delay = self._times.crypto_taker_delay_ns
        if takes and delay and self._executions.rate(order) == CRYPTO_TAKER_FEE:
            self._register.keep(replace(paper, state=OrderState.LIVE, active_at=at + delay, rests=False))
            self._agenda.add(at + delay, Action(Due.MATCH, order.order_key))
            return [accepted]
        return [accepted, *self._met(paper, at)]

    def _judged(self, order: Order, at: int) -> Refusal | None:
        """What the venue has against an order, in the order in which it looks."""
        mode, until = self._outages.mode(at)
        terms = self._executions.terms.get(order.token, _NO_TERMS)
        refusal = closed(mode, until, order, at) or malformed(order, terms, at)
        if refusal is not None:
            return refusal
        shortfall = self._executions.wallet.shortfall(order, self._executions.rate(order), self._register.arrived())
        if shortfall:
            return unpaid(shortfall)
        offers = self._token(order.token).offers(order.side, order.limit)
        if offers and order.post_only:
            return POST_ONLY_CROSSES
        if offers or order.order_type in _TAKES_ONLY:
            return too_small_to_take(order) or unmatched(order, sum(size for _, size in offers))
        return None

    # ------------------------------------------------------------------ it meets the book

    def match(self, paper: PaperOrder, at: int) -> list[Answer]:
        """A delayed order's wait is over; while the engine is away, it goes on waiting."""
        mode, until = self._outages.mode(at)
        if mode is not Mode.OPEN:
            self._register.keep(replace(paper, active_at=until))
            self._agenda.add(until, Action(Due.MATCH, paper.order.order_key))
            return []
        return self._met(paper, at)

    def _met(self, paper: PaperOrder, at: int) -> list[Answer]:
        """Take what the order takes; what is left rests, or ends where it may not rest."""
        order, token = paper.order, self._token(paper.order.token)
        if token.book is None and order.order_type not in _TAKES_ONLY:
            self._register.keep(replace(paper, state=OrderState.LIVE, active_at=at, rests=False))
            self._held[order.order_key] = waiting = Resting(order, at)
            token.wait(waiting)
            return []
        found = sum(size for _, size in token.offers(order.side, order.limit))
        # A post-only order that waited for a book to be shown may find that it would take.
        killed = found > 0 if order.post_only else unmatched(order, found) is not None
        may_rest = not killed and order.order_type not in _TAKES_ONLY
        parts = [] if killed else token.take(order.side, order.limit, order.size, at)
        left = order.size - sum(size for _, size in parts)
        open_as = OrderState.PARTIAL if parts else OrderState.LIVE
        left_as = open_as if may_rest else OrderState.CANCELED
        answers = self._executions.execute(replace(paper, active_at=at), parts, at, TAKER, left_as)
        if left and may_rest:
            self.rest(self._register.orders[order.order_key], at, at)
        elif left:
            report = OrderReport(order.order_key, OrderState.CANCELED, Shares(order.size - left))
            answers.append(Answer(at + self._times.notice_ns, at, report))
        return answers

    def rest(self, paper: PaperOrder, active_at: int, at: int) -> None:
        """What is left of the order waits in the queue of its price and may fill after ``active_at``."""
        order = paper.order
        resting = Resting(order, active_at)
        resting.remaining = Shares(order.size - paper.filled)
        token = self._token(order.token)
        token.rest(resting, at)
        self._held[order.order_key] = resting
        self.by_token[order.token] = token.resting

    def remove(self, order_key: str) -> None:
        """The order is on the floor no longer."""
        resting = self._held.pop(order_key, None)
        if resting is None:
            return
        token = self._token(resting.order.token)
        token.leave(resting)
        if not token.resting:
            self.by_token.pop(resting.order.token, None)

    # ------------------------------------------------------------------ what is shown

    def show(self, payload: BookSnapshot | BookChange | TickSizeChanged, at: int) -> list[Answer]:
        """The book as it is displayed now, and the fills that leads to."""
        token = self._token(payload.token)
        match payload:
            case BookSnapshot():
                token.replace(payload, at)
            case BookChange():
                token.change(payload, at)
            case TickSizeChanged():
                terms = self._executions.terms.get(payload.token, _NO_TERMS)
                self._executions.terms[payload.token] = replace(terms, tick=Price(payload.tick))
                token.lose()
        if token.book is None or not (token.resting or token.waiting) or self._closed(at):
            return []
        answers: list[Answer] = []
        for waiting in list(token.waiting):
            self.remove(waiting.order.order_key)
            answers += self._met(self._register.orders[waiting.order.order_key], at)
        return [*answers, *self._made(token.crossed(at), at)]

    def trade(self, trade: WhaleTrade | PublicTrade, at: int) -> list[Answer]:
        """A public print, and the fills it leads to."""
        token = self.tokens.get(trade.token)
        if token is None or not token.watched or isinstance(trade, WhaleTrade) or self._closed(at):
            return []
        return self._made(token.printed(trade, at), at, trade.tx)

    def _closed(self, at: int) -> bool:
        """While the engine restarts, and while nobody may take, nothing trades."""
        return self._outages.mode(at)[0] is not Mode.OPEN

    def _made(self, fills: Filled, at: int, tx: str = "") -> list[Answer]:
        """Resting orders were met at their own prices."""
        answers: list[Answer] = []
        for resting, size in fills:
            key = resting.order.order_key
            if resting.remaining == 0:
                self.remove(key)
            paper = self._register.orders[key]
            answers += self._executions.execute(paper, [(resting.order.limit, size)], at, MAKER, tx=tx)
        return answers

    def lose(self, tokens: Iterable[str]) -> None:
        """These books are unknown until their next snapshot."""
        for token in tokens:
            if token in self.tokens:
                self.tokens[token].lose()

    def forget(self, token: str) -> None:
        """The token's market is over."""
        self.tokens.pop(token, None)

    def gained(self, order: Order, price: int) -> bool:
        """Whether an execution of the order at this price could be closed at a profit now, before fees."""
        found = self.tokens.get(order.token)
        if found is None or found.book is None:
            return False
        return found.book.best_bid > price if order.side is Side.BUY else found.book.best_ask < price
