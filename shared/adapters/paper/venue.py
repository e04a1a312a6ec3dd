"""PaperVenue: a venue of its own, not a mirror of our books. It takes orders, waits as a venue would, and fills them
from displayed books and public prints; what it has taken and filled is written to its own log before it answers, and
never read by the engine. Its clock is the venue time of what it is shown, so late prints still meet the orders of their
time; shown nothing, it fills nothing.

With ``settings.books`` an order meets the book displayed when it arrives (``book_floor``, ``token_book``, ``levels``).
Without, it fills from public prints alone (``print_floor``).
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from shared.adapters.paper.account import Account
from shared.adapters.paper.agenda import Action, Agenda, Due
from shared.adapters.paper.book_floor import BookFloor
from shared.adapters.paper.executions import Executions
from shared.adapters.paper.orders import PaperLog, PaperOrder, PaperTimes, Terms, VenueSettings, checked
from shared.adapters.paper.outages import Mode, Outages
from shared.adapters.paper.print_floor import PrintFloor
from shared.adapters.paper.refusals import EXPIRES_EARLY_NS, MOST_ORDERS, too_many, unmatched
from shared.adapters.paper.register import Register
from shared.adapters.paper.statements import Statements, venue_id
from shared.domain.ids import fact_id
from shared.domain.instants import SECOND
from shared.domain.market import CRYPTO_TAKER_FEE, Market
from shared.domain.messages import (
    BookChange,
    BookSnapshot,
    MarketResolved,
    Merged,
    MergeReverted,
    OrderAccepted,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    PublicTrade,
    RebatePaid,
    Redeemed,
    TickSizeChanged,
    WhaleTrade,
)
from shared.domain.money import Shares
from shared.domain.order import FINAL, Order, OrderState, OrderType
from shared.domain.reports import Reports
from shared.engine.matching import Resting
from shared.ports import Answer, Batch

__all__ = ["PaperLog", "PaperOrder", "PaperTimes", "PaperVenue", "VenueSettings"]
_DEFAULT = VenueSettings()


class PaperVenue:
    """See the module. ``seed`` decides latencies, settlements and restarts; ``open_tokens`` has what rests where, and
    ``cancels`` everything under way in venue time (a driver only asks whether there is any).
    """

    def __init__(
        self, seed: int, log: PaperLog, times: PaperTimes | None = None, settings: VenueSettings = _DEFAULT
    ) -> None:
        self.times = times or PaperTimes()
        self.settings = checked(settings)
        self._seed = seed
        self._log = log
        self._void_before = log.cancelled_at()
        self._register = Register(log)
        self._agenda = Agenda()
        self._outages = Outages(seed, settings.restarts)
        self._account = Account(log, self._register)
        self.statements = Statements(seed, self._register, self._account, settings.unread)
        wallet = self._account.wallet
        self._executions = Executions(seed, self._register, self._agenda, self.times, settings, wallet)
        self._books = BookFloor(self._register, self._executions, self._agenda, self._outages, self.times)
        self._prints = PrintFloor(self._register, self._executions)
        self._floor: BookFloor | PrintFloor = self._books if settings.books else self._prints
        self.open_tokens: dict[str, list[Resting]] = self._floor.by_token
        self.cancels = self._agenda.entries
        if settings.books:
            self._books.remember()
        shown = self._register.last_fill_at()
        for paper in self._register.orders.values():
            self._reopen(paper, shown.get(paper.order.token, 0))
        for day in self._account.rebate_days():
            self._executions.pays_rebate(day)

    @property
    def books(self) -> bool:
        """Whether orders meet displayed books, or public prints alone."""
        return self.settings.books

    @property
    def busy(self) -> bool:
        """Whether anything is under way in venue time."""
        return bool(self.cancels)

    def reopened(self, settings: VenueSettings) -> "PaperVenue":
        """The same venue under other settings; this one is not to be used any more."""
        return PaperVenue(self._seed, self._log, self.times, settings)

    def _reopen(self, paper: PaperOrder, shown: int) -> None:
        """An order of an earlier life goes on from where its log left it; what was shown before is not used again."""
        order, key = paper.order, paper.order.order_key
        self._executions.reopen(paper)
        if paper.state in FINAL:
            return
        if order.planned_at < self._void_before:
            ended_at = max(self._void_before, *(fill.venue_at for fill in paper.fills), 0)
            self._register.end(paper, OrderState.CANCELED, ended_at)
            return
        if order.order_type is OrderType.GTD and paper.state is not OrderState.PLANNED:
            self._agenda.add(order.expires_at - EXPIRES_EARLY_NS, Action(Due.EXPIRE, key))
        if not self.settings.books:
            self._prints.rest(paper, max(paper.active_at, shown))
        elif paper.state is OrderState.PLANNED:
            answer_at = paper.active_at + self._round_trip(key) // 2
            self._agenda.add(paper.active_at, Action(Due.ARRIVE, key, answer_at))
        elif not paper.rests:
            self._agenda.add(paper.active_at, Action(Due.MATCH, key))
        else:
            self._books.rest(paper, max(paper.active_at, shown), shown)

    def _round_trip(self, key: str) -> int:
        span = self.times.round_trip_max_ns - self.times.round_trip_min_ns + 1
        return self.times.round_trip_min_ns + int(fact_id("latency", self._seed, key)[:8], 16) % span

    # ------------------------------------------------------------------ what the venue knows besides orders

    def market(self, market: Market) -> None:
        """A market's tick, smallest order and fee, and whether it takes orders, from now on."""
        self._account.tokens[market.market] = market.tokens
        for token in market.tokens:
            self._executions.terms[token] = Terms(market.tick, market.min_size, market.fee_rate, market.accepting)

    def balance(self, asset: str, amount: int) -> None:
        """The account holds this much of an asset (millionths); from now on the venue checks it."""
        self._account.tell(asset, amount)

    def deposit(self, ref: str, amount: int, at: int) -> None:
        """Micro-dollars come into the wallet, once per ``ref``; from now on the venue checks everything it spends."""
        self._account.deposit(ref, amount, at)

    def restart(self, at: int) -> None:
        """The matching engine restarts at this instant."""
        self._outages.restart(at)

    # ------------------------------------------------------------------ requests

    def submit(self, order: Order, at: int) -> list[Answer]:
        """Take an order once. A key seen before is not taken again, which proves only that it is known: in doubt."""
        return self._submitted(order, at, self._round_trip(order.order_key))

    def submit_batch(self, orders: Sequence[Order], at: int) -> list[Answer]:
        """Take up to 15 orders with one request; each is judged and answered for itself."""
        trip = self._round_trip("/".join(order.order_key for order in orders))
        if len(orders) > MOST_ORDERS:
            reason = too_many(len(orders)).reason
            return [Answer(at + trip, at + trip // 2, OrderRejected(order.order_key, reason)) for order in orders]
        return [answer for order in orders for answer in self._submitted(order, at, trip)]

    def _submitted(self, order: Order, at: int, trip: int) -> list[Answer]:
        key, arrives = order.order_key, at + trip // 2
        known, refused = self._register.orders.get(key), self._register.refused.get(key)
        if known is not None and known.state is not OrderState.REJECTED:
            return [Answer(at + trip, arrives, OrderInDoubt(key, "INVALID_ORDER_DUPLICATED"))]
        if known is not None or refused is not None:
            return [Answer(at + trip, arrives, OrderRejected(key, refused or (known.note if known else "")))]
        if order.planned_at < self._void_before:
            self._register.keep(PaperOrder(order, OrderState.CANCELED, arrives, ended_at=arrives))
            return [Answer(at + trip, arrives, OrderReport(key, OrderState.CANCELED, Shares(0)))]
        if self.settings.books:
            self._register.keep(PaperOrder(order, OrderState.PLANNED, arrives))
            self._agenda.add(arrives, Action(Due.ARRIVE, key, at + trip))
            return []
        refusal = unmatched(order, 0)
        if refusal is not None:
            self._register.keep(PaperOrder(order, OrderState.REJECTED, arrives, note=refusal.reason, ended_at=arrives))
            return [Answer(at + trip, arrives, OrderRejected(key, refusal.reason))]
        delay = self.times.crypto_taker_delay_ns if order.fee_rate == CRYPTO_TAKER_FEE else 0
        paper = self._register.keep(PaperOrder(order, OrderState.LIVE, arrives + delay))
        self._prints.rest(paper, paper.active_at)
        if order.order_type is OrderType.GTD:
            self._agenda.add(order.expires_at - EXPIRES_EARLY_NS, Action(Due.EXPIRE, key))
        return [Answer(at + trip, arrives, OrderAccepted(key, venue_id(key)))]

    def cancel(self, order_key: str, at: int) -> list[Answer]:
        """Take a cancel; it acts when it arrives, and is answered by a report from ``advance``."""
        trip = self._round_trip(f"cancel/{order_key}")
        paper = self._register.orders.get(order_key)
        if paper is None or paper.state in FINAL:
            self.statements.cancel_answered(order_key)
            return self.query(order_key, at)
        self._agenda.add(at + trip // 2, Action(Due.CANCEL, order_key, at + trip))
        return []

    def cancel_market(self, market: str, at: int) -> list[Answer]:
        """Cancel every order that is open in a market when this arrives; each is answered by a report."""
        trip = self._round_trip(f"cancel market/{market}/{at}")
        self._agenda.add(at + trip // 2, Action(Due.CANCEL_MARKET, market, at + trip))
        return []

    def cancel_all(self, at: int) -> list[Answer]:
        """Cancel every order that is open when this arrives; each is answered by a report."""
        return self.cancel_market("", at)

    def cancel_before(self, at: int, now: int) -> list[Answer]:
        """End every order planned before ``at``, wherever it is; one that comes later has ended when it arrives."""
        self._void_before = max(self._void_before, at)
        found = [paper for paper in self._register.open() if paper.order.planned_at < self._void_before]
        return [self._ended(paper, OrderState.CANCELED, now, now + self.times.notice_ns) for paper in found]

    def heed(self, now: int) -> list[Answer]:
        """Do what others have asked for beside us, in our log (``PaperLog.cancelled_at``)."""
        return self.cancel_before(self._log.cancelled_at(), now)

    def query(self, order_key: str, at: int) -> list[Answer]:
        """Every fill of the order again, then its state. An unknown order is refused for good from now on.

        A question about an order that is still on its way is answered once that has arrived.
        """
        answer_at = at + self._round_trip(f"query/{order_key}")
        paper = self._register.orders.get(order_key)
        if paper is not None and paper.state is OrderState.PLANNED:
            self._agenda.add(max(at, paper.active_at), Action(Due.QUERY, order_key, max(answer_at, paper.active_at)))
            return []
        return self._told(order_key, at, answer_at)

    def _told(self, order_key: str, at: int, answer_at: int) -> list[Answer]:
        paper = self._register.orders.get(order_key)
        if paper is None:
            reason = self._register.refused.setdefault(order_key, "order not found: it never arrived")
            return [Answer(answer_at, at, OrderRejected(order_key, reason))]
        if paper.state is OrderState.REJECTED:
            return [Answer(answer_at, at, OrderRejected(order_key, paper.note))]
        report = Answer(answer_at, at, OrderReport(order_key, paper.state, paper.filled))
        return [*self._executions.repeat(paper, at, answer_at), report]

    def reports(self, at: int, since: int) -> Reports:
        """Everything the venue knows of the account as of its own time: open orders and the wallet, executions and ends
        since ``since``. A question that nobody answers is None; the balance also where it was never told of one.
        """
        return self.statements.reports(at, since)

    # ------------------------------------------------------------------ requests to the chain

    def redeem(self, market: str, at: int) -> list[Answer]:
        """Pay out the shares of a resolved market, once its executions are on the chain; answered by ``Redeemed``."""
        return self._to_chain(Action(Due.REDEEM, market), at)

    def merge(self, market: str, size: Shares, ref: str, at: int) -> list[Answer]:
        """Turn shares of both outcomes into dollars, once per ``ref``; answered by ``Merged``, or by ``MergeReverted``
        where the wallet does not hold them.
        """
        return self._to_chain(Action(Due.MERGE, market, size=size, ref=ref), at)

    def _to_chain(self, action: Action, at: int) -> list[Answer]:
        settlement = self.settings.settlement
        mined = settlement.mined_max_ns if settlement.enabled else 0
        self._agenda.add(at + self._round_trip(f"{action.due.value}/{action.key}/{action.ref}/{at}") + mined, action)
        return []

    def _on_chain(self, at: int, action: Action) -> list[Answer]:
        """A redemption, a merge or a rebate is mined. Shares of executions that may still fail cannot be used yet."""
        said: Redeemed | Merged | MergeReverted | RebatePaid | None
        if action.due is Due.REBATE:
            said = self._account.rebate(action.key, at)
        elif self._register.unsettled_in(action.key):
            self._agenda.add(at + SECOND, action)
            return []
        elif action.due is Due.REDEEM:
            said = self._account.redeem(action.key, at)
        else:
            said = self._account.merge(action.key, action.size, action.ref, at)
        return [] if said is None else [Answer(at + self.times.notice_ns, at, said)]

    # ------------------------------------------------------------------ the venue's own time

    @property
    def next_at(self) -> int | None:
        """When the next thing under way happens, or None."""
        return self._agenda.next_at

    def advance(self, until: int) -> list[Answer]:
        """Let venue time pass: what was under way arrives.

        It stops at the first answer that is heard before the next thing happens, since the answer may change that: as
        long as there are answers, ask again.
        """
        answers: list[Answer] = []
        while True:
            action = self._agenda.take(min(until, answers[0].observed_at) if answers else until)
            if action is None:
                return answers
            answers += self._perform(*action)
            answers.sort(key=lambda answer: answer.observed_at)

    def _caught_up(self, until: int) -> list[Answer]:
        """Everything that happens before something is shown."""
        answers: list[Answer] = []
        while (action := self._agenda.take(until)) is not None:
            answers += self._perform(*action)
        return answers

    def _perform(self, at: int, action: Action) -> list[Answer]:
        paper = self._register.orders.get(action.key)
        match action.due:
            case Due.CANCEL_MARKET:
                inside = [one for one in self._register.open() if action.key in ("", one.order.market)]
                arrived = [one for one in inside if one.state is not OrderState.PLANNED]
                return [self._cancelled(one, at, action) for one in arrived]
            case Due.MINE | Due.CONFIRM:
                order, price = self._executions.price_of(action)
                return self._executions.settle(action, at, self._books.gained(order, price))
            case Due.REDEEM | Due.MERGE | Due.REBATE:
                return self._on_chain(at, action)
            case Due.QUERY:
                return self._told(action.key, at, action.answer_at)
        if paper is None or (paper.state in FINAL and action.due is not Due.CANCEL):
            return []
        match action.due:
            case Due.ARRIVE:
                return self._books.arrive(paper, at, action.answer_at)
            case Due.MATCH:
                return self._books.match(paper, at)
            case Due.EXPIRE:
                return [self._ended(paper, OrderState.EXPIRED, at, at + self.times.notice_ns)]
        if paper.state is OrderState.PLANNED:  # a cancel that overtook its order waits for it
            self._agenda.add(paper.active_at, replace(action, answer_at=max(action.answer_at, paper.active_at)))
            return []
        return [self._cancelled(paper, at, action)]

    def _cancelled(self, paper: PaperOrder, at: int, action: Action) -> Answer:
        """A cancel has arrived. It does nothing to an ended or delayed order, nor while the engine restarts."""
        self.statements.cancel_answered(paper.order.order_key)
        delayed = not paper.rests and paper.active_at > at
        if paper.state in FINAL or delayed or self._outages.mode(at)[0] is Mode.RESTARTING:
            return Answer(action.answer_at, at, OrderReport(paper.order.order_key, paper.state, paper.filled))
        return self._ended(paper, OrderState.CANCELED, at, action.answer_at)

    def _ended(self, paper: PaperOrder, state: OrderState, at: int, answer_at: int) -> Answer:
        self._floor.remove(paper.order.order_key)
        self._register.end(paper, state, at)
        return Answer(answer_at, at, OrderReport(paper.order.order_key, state, paper.filled))

    # ------------------------------------------------------------------ what it is shown

    def show(self, batch: Batch, until: int) -> list[Answer]:
        """Show the venue many things, each at its instant, and let its time pass; what that leads to."""
        answers: list[Answer] = []
        for at, payload in batch:
            match payload:
                case BookChange() | TickSizeChanged():
                    answers += self.on_book(payload, at)
                case BookSnapshot():
                    if payload.bids or payload.asks:
                        answers += self.on_book(payload, at)
                    else:  # a book that its source lost is shown empty, on which nothing trades
                        self.lose_books([payload.token])
                case PublicTrade() | WhaleTrade():
                    answers += self.on_print(payload, at)
                case MarketResolved():
                    answers += self.on_resolved(payload, at)
        while more := self.advance(until):
            answers += more
        return answers

    def heard(self) -> list[Answer]:
        """Nothing: here every answer is returned by the call that leads to it."""
        return []

    def on_book(self, payload: BookSnapshot | BookChange | TickSizeChanged, venue_at: int) -> list[Answer]:
        """Show the venue what is displayed from now on; returns what that, and the time until then, leads to."""
        entries = self.cancels
        answers = self._caught_up(venue_at) if entries and entries[0][0] <= venue_at else []
        token = self._books.tokens.get(payload.token)
        if token is None or token.watched or type(payload) is not BookChange:
            return answers + self._books.show(payload, venue_at)
        if token.book is not None:  # the hot path: a change of a book in which nothing of ours is
            token.book.change(payload.side, payload.price, payload.size, venue_at)
        return answers

    def lose_books(self, tokens: Iterable[str]) -> None:
        """Books are unknown until their next snapshot (a feed was lost)."""
        self._books.lose(tokens)

    def on_print(self, trade: WhaleTrade | PublicTrade, venue_at: int) -> list[Answer]:
        """Show the venue a public print; returns the fills it leads to."""
        return [*self._caught_up(venue_at), *self._floor.trade(trade, venue_at)]

    def on_resolved(self, resolved: MarketResolved, venue_at: int) -> list[Answer]:
        """The market is over: its open orders are cancelled, its books forgotten, and what its shares pay is known."""
        answers = self._caught_up(venue_at)
        self._account.resolved(resolved.market, resolved.payouts, venue_at)
        for paper in self._register.open():
            if paper.order.market == resolved.market:
                heard = venue_at + self.times.notice_ns
                answers.append(self._ended(paper, OrderState.CANCELED, venue_at, heard))
        for token in resolved.payouts:
            self._books.forget(token)
        return answers
