"""The order desk: every fact about our own orders and money goes through here, becomes a record, and changes belief.

Belief is updated when a record is made, so the next decision already sees the money as taken; the record is then
committed by the driver. Sequencing (plan, submit, resolve) is decided here and nowhere else.
"""

from collections.abc import Callable

from msgspec.structs import replace

from shared.domain.change import Change
from shared.domain.decision import Reason
from shared.domain.effects import Alert, Cancel, Effect, Plan, Query, Submit, WakeMeAt, Write
from shared.domain.errors import Corrupt
from shared.domain.ledger import Fill, Position, Record, RecordKind
from shared.domain.messages import OrderReport, PlanRefused, TimerFired, TimerKind
from shared.domain.money import ONE, Usd, mul_div_floor
from shared.domain.order import FINAL, Order, OrderCause, OrderState, Side
from shared.domain.rejections import Verdict, verdict_on
from shared.engine.execution import Execution
from shared.engine.ledger import Projection, deposit_record, fill_record, move_record, plan_record
from shared.engine.limits import Limits
from shared.engine.marks import Marks
from shared.engine.resizing import change_records, resize_records
from shared.engine.risk import Risk
from shared.engine.settlements import Settlements
from shared.engine.unbooked import Unbooked

_ENDED = {OrderState[name]: OrderCause[name] for name in ("CANCELED", "EXPIRED", "REJECTED")}


class Desk:
    """Orders, positions, settlement and the books of one account.

    Of the event in hand, ``ended``: orders that it has ended at the venue, for whoever goes on with their intents;
    ``sold``: sales that it has booked. ``on_position`` hears every change of a position, ``on_change`` of people's.
    """

    def __init__(self, account: str, limits: Limits) -> None:
        self.account = account
        self.limits = limits
        self.books = Projection()
        self.marks = Marks()
        self.risk = Risk(limits, self.books, self.marks)
        self.execution = Execution(account)
        self.positions: dict[str, dict[str, Position]] = {}
        self.settlements = Settlements(account, limits, self.books, self.positions, self.execution, self._write)
        self.payouts = self.settlements.payouts
        self.ended: list[Order] = []
        self.sold: list[tuple[Order, Fill]] = []
        self.unbooked = Unbooked()
        self.on_position: Callable[[Position], None] | None = None
        self.on_change: Callable[[Record], None] | None = None
        self.closing = False
        self._unwritten: dict[str, None] = {}  # plans under way or refused: nothing says that they are ours

    def relimit(self, limits: Limits, at: int) -> None:
        """Other limits, from now on; the rooms follow by records (``change``)."""
        self.limits = limits
        self.risk.relimit(limits, at)
        self.settlements.relimit(limits)

    # ------------------------------------------------------------------ belief

    def apply(self, record: Record) -> None:
        """Take a record into belief: books, indexes, marks and risk; used for new records and on recovery alike."""
        order, position = record.order, record.position
        before_order = self.books.orders.get(order.order_key) if order is not None else None
        before = self.books.positions.get(position.key) if position is not None else None
        self.books.apply(record)
        if order is not None:
            self.execution.track(before_order, order)
            if record.kind is RecordKind.PLANNED:
                (self.risk.entered if order.side is Side.BUY else self.risk.exited)(record.at)
        if position is not None:
            self._reposition(before, position, record)
        match record.kind:
            case RecordKind.DEPOSITED | RecordKind.EXTERNAL:
                self.risk.deposited(Usd(sum(change.delta for change in record.headroom)))
            case RecordKind.REVERSED:
                self.risk.failed_settlement(record.at)
            case RecordKind.HALTED:
                self.risk.relatch(Reason(record.ref), record.at)
            case RecordKind.RESUMED:
                self.risk.resume(record.at)
            case RecordKind.CHANGED if self.on_change is not None:
                self.on_change(record)
            case _:
                pass

    def _reposition(self, before: Position | None, after: Position, record: Record) -> None:
        size_before, realized_before = (before.size, before.realized) if before else (0, 0)
        last = record.fill.price if record.fill is not None else 0
        self.marks.resize(after.token, after.size - size_before, last)
        in_market = self.positions.setdefault(after.market, {})
        if after.size > 0:
            in_market[after.key] = after
        else:
            in_market.pop(after.key, None)
            if not in_market:
                del self.positions[after.market]
        if record.kind is not RecordKind.REVERSED:  # what never happened is neither a win nor a loss
            self.risk.booked(after, record.at, after.realized - realized_before)
        if self.on_position is not None:
            self.on_position(after)

    def _write(self, record: Record) -> Write:
        self.apply(record)
        return Write(record)

    def exposed_tokens(self, market: str) -> dict[str, int]:
        """Tokens of the market that we hold or are buying."""
        held, orders = self.positions.get(market), self.execution.open_by_market.get(market)
        tokens = {} if held is None else {position.token: 1 for position in held.values()}
        for order in () if orders is None else orders.values():
            if order.side is Side.BUY:
                tokens[order.token] = 1
        return tokens

    def open_positions(self) -> int:
        """Positions with shares in them, over all sleeves."""
        return sum(len(held) for held in self.positions.values())

    def claims(self, market: str, key: str) -> bool:
        """Whether we hold or are buying the position of this key."""
        if key in self.positions.get(market, ()):
            return True
        orders = self.execution.open_by_market.get(market)
        return orders is not None and any(
            order.side is Side.BUY and f"{order.token}#{order.sleeve}" == key for order in orders.values()
        )

    def full(self, most: int) -> bool:
        """Whether we hold or are buying so many positions."""
        at_most = self.open_positions() + sum(map(len, self.execution.open_by_market.values()))
        return at_most >= most and len(self.claimed_positions()) >= most

    def claimed_positions(self) -> dict[str, None]:
        """Keys of the positions we hold or are buying."""
        claimed = {key: None for held in self.positions.values() for key in held}
        for order in self.execution.open_orders():
            if order.side is Side.BUY:
                claimed[f"{order.token}#{order.sleeve}"] = None
        return claimed

    def in_token(self, market: str, token: str) -> Usd:
        """What we have in a token over all sleeves: cost of positions, and cash reserved by open orders."""
        held = sum(p.cost for p in self.positions.get(market, {}).values() if p.token == token)
        orders = self.execution.open_by_market.get(market, {}).values()
        return Usd(held + sum(order.reserved for order in orders if order.token == token))

    def knows(self, order_key: str) -> bool:
        """Whether the order is written, by this life or an earlier one. What the venue says of any other is about the
        order of another process, even where we are about to plan the same.
        """
        return order_key in self.books.orders and order_key not in self._unwritten

    def order(self, order_key: str) -> Order:
        """One of our orders; ``Corrupt`` for any other."""
        order = self.books.orders.get(order_key)
        if order is None:
            raise Corrupt(f"order {order_key} is not one of ours")
        return order

    # ------------------------------------------------------------------ money in

    def deposit(self, amount: Usd, at: int, key: str) -> list[Effect]:
        """Book money from outside."""
        return [self._write(deposit_record(self.account, amount, at, key))]

    # ------------------------------------------------------------------ halts that outlive us

    def halts(self, at: int) -> list[Effect]:
        """Losses that stop entries for a day, a week or until a person has looked are written down once: prices seen
        by a later life do not undo them.
        """
        return [
            self._write(Record(RecordKind.HALTED, self.account, at, ref=reason.value))
            for reason in self.risk.fresh_latches()
        ]

    def resumed(self, at: int, command_id: str) -> Write:
        """A person has looked."""
        return self._write(Record(RecordKind.RESUMED, self.account, at, ref=command_id))

    # ------------------------------------------------------------------ what people change

    def change(self, change: Change, limits: Limits, at: int, command_id: str) -> list[Effect]:
        """Write down a person's change; the rooms get the sizes of the limits it leads to."""
        return [self._write(one) for one in change_records(self.account, self.books, limits, at, change, command_id)]

    def resize(self, at: int) -> list[Effect]:
        """Recovery: rooms of an earlier life get the sizes of the limits in force."""
        return [self._write(one) for one in resize_records(self.account, self.books, self.limits, at)]

    # ------------------------------------------------------------------ plan -> submit

    def plan(self, order: Order) -> list[Effect]:
        """Claim the order's money in belief and ask for its plan transaction."""
        record = plan_record(order, self.limits)
        self.apply(record)
        self._unwritten[order.order_key] = None
        return [Plan(record)]

    def committed(self, order_key: str, existed: bool, at: int) -> list[Effect]:
        """The plan is written: send it once, unless it is an older life's order or must no longer be sent."""
        order = self.order(order_key)
        self._unwritten.pop(order_key, None)
        if existed:
            return self._in_doubt(order, at, "planned by an earlier life")
        if self._unwanted(order):
            return self._move(
                order, OrderCause.NEVER_SENT, at, "never sent: trading stopped, this life ended or its market resolved"
            )
        if at - order.planned_at > self.limits.pending_ns:
            waited = at - order.planned_at
            return self._move(order, OrderCause.NEVER_SENT, at, f"never sent: its plan took {waited} ns to commit")
        wake = WakeMeAt(at + self.limits.answer_timeout_ns, TimerKind.ANSWER_TIMEOUT, order_key)
        return [Submit(order), wake]

    def refused(self, payload: PlanRefused, at: int) -> list[Effect]:
        """The plan was not written: belief gives back what it had claimed; nothing is stored, nothing was sent."""
        order = self.order(payload.order_key)
        undo = move_record(order, OrderCause.NEVER_SENT, at, self.limits, f"refused: {payload.by.value}")
        assert undo is not None  # PLANNED always ends by NEVER_SENT
        self.apply(undo)
        text = f"plan {payload.order_key} refused by {payload.by.value} {payload.detail}".rstrip()
        return [Alert(3, "plan_refused", text), *self.settlements.settle_if_free(order.market, at)]

    def unsent(self, order_key: str, reason: str, at: int) -> list[Effect]:
        """It was not sent, and will not be: its money is free again. One that is in doubt by now waits for evidence."""
        order = self.order(order_key)
        if order.state is not OrderState.PLANNED:
            return []
        return self._move(order, OrderCause.NEVER_SENT, at, f"never sent: {reason}")

    # ------------------------------------------------------------------ the venue's answers

    def accepted(self, order_key: str, at: int) -> list[Effect]:
        """The order is live: its time starts to run, or ends at once where it is no longer wanted."""
        order = self.order(order_key)
        effects = self._move(order, OrderCause.ACCEPTED, at, "")
        if order.state not in FINAL:
            life = 0 if self._unwanted(order) else self._life(order)
            effects.append(WakeMeAt(at + life, TimerKind.ORDER_EXPIRY, order_key))
        return effects

    def _life(self, order: Order) -> int:
        return order.life_ns or self.limits.order_life_ns

    def _unwanted(self, order: Order) -> bool:
        """Whether trading stopped, this life began to end, or the order's market ended since it was planned. What a
        person told us to sell goes on when trading stops.
        """
        stopped = not self.risk.trading and order.rule != Reason.EMERGENCY_EXIT
        return stopped or self.closing or order.market in self.payouts

    def close(self) -> list[Effect]:
        """This life ends in order: nothing more is sent, and what is open is cancelled."""
        self.closing = True
        return self.cancel_all()

    def rejected(self, order_key: str, reason: str, at: int) -> list[Effect]:
        """The venue proved that it said no: for good, for now, or because nobody was there to trade with."""
        order = self.order(order_key)
        verdict = verdict_on(reason)
        last = verdict is Verdict.RETRY and order.attempt > self.limits.retries
        marked = replace(order, dead=True) if verdict is Verdict.DEAD or last else order
        effects = self._move(marked, OrderCause.REJECTED, at, reason)
        if not effects:
            return []
        if marked.dead:
            return [*effects, Alert(2, "dead_letter", f"order {order_key} failed for good: {reason}")]
        return [*effects, Alert(3, "order_rejected", f"order {order_key}: {reason}")]

    def doubtful(self, order_key: str, reason: str, at: int) -> list[Effect]:
        """Nobody knows what became of the order: keep its cash and ask for evidence."""
        return self._in_doubt(self.order(order_key), at, reason)

    def _in_doubt(self, order: Order, at: int, reason: str) -> list[Effect]:
        effects = self._move(order, OrderCause.DOUBT, at, reason)
        if not effects:
            return []  # it has ended, or its questions are under way: a failing query must not ask again at once
        alert = Alert(2, "order_in_doubt", f"order {order.order_key}: {reason}")
        return [*effects, *self._ask(order.order_key, at), alert]

    def _ask(self, order_key: str, at: int) -> list[Effect]:
        """Query, and look again later: the answer may be lost."""
        return [Query(order_key), WakeMeAt(at + self.limits.answer_timeout_ns, TimerKind.ANSWER_TIMEOUT, order_key)]

    def reported(self, report: OrderReport, at: int) -> list[Effect]:
        """The venue's statement on an order. Its fills must be booked before its end is believed."""
        order = self.order(report.order_key)
        if report.filled > order.filled + self.unbooked.size_of(order.order_key):
            return [Query(order.order_key)]
        if report.state in _ENDED:
            return self._move(order, _ENDED[report.state], at, "")
        if order.state in (OrderState.PLANNED, OrderState.IN_DOUBT):
            return self.accepted(order.order_key, at)
        return []

    def _move(self, order: Order, cause: OrderCause, at: int, note: str) -> list[Effect]:
        record = move_record(order, cause, at, self.limits, note)
        if record is None:
            return []
        assert record.order is not None
        written = self._write(record)
        if record.order.state in FINAL and cause is not OrderCause.NEVER_SENT:
            self.ended.append(record.order)
        both = self.settlements.merge_if_both(order.market, at) if record.order.state in FINAL else []
        return [written, *both, *self.settlements.settle_if_free(order.market, at)]

    def filled(self, fill: Fill, at: int) -> list[Effect]:
        """Book an execution once; the same (trade, order) again changes nothing."""
        if (fill.trade_id, fill.order_key) in self.books.booked:
            return []
        order = self.order(fill.order_key)
        position = self.books.positions.get(f"{order.token}#{order.sleeve}")
        if order.side is Side.SELL:
            if position is None or position.size < fill.size:
                return self.unbooked.hold(order, fill, at)
            self.sold.append((order, fill))
        effects: list[Effect] = [self._write(fill_record(order, position, fill, at, self.limits))]
        if order.state in (OrderState.PLANNED, OrderState.IN_DOUBT) and fill.size < order.remaining:
            # A fill proves acceptance: what is left must run out like any accepted order.
            effects.append(WakeMeAt(at + self._life(order), TimerKind.ORDER_EXPIRY, order.order_key))
        if fill.size == order.remaining:
            self.ended.append(self.books.orders[order.order_key])
        effects += [effect for held in self.unbooked.of(order) for effect in self.filled(held, at)]
        effects += self.settlements.merge_if_both(order.market, at)
        return [*effects, *self.settlements.settle_if_free(order.market, at)]

    def woken(self, timer: TimerFired, at: int) -> list[Effect]:
        """A timer of ours: cancel what is left of an old order, or ask about one that was never answered.

        Both repeat until the order has ended, since requests and answers may be lost.
        """
        order = self.order(timer.key)
        if timer.timer is TimerKind.ORDER_EXPIRY:
            if order.state not in (OrderState.LIVE, OrderState.PARTIAL):
                return []
            return [Cancel(timer.key), WakeMeAt(at + self.limits.answer_timeout_ns, timer.timer, timer.key)]
        if order.state is OrderState.PLANNED:
            return self._in_doubt(order, at, "no answer from the venue")
        return self._ask(timer.key, at) if order.state is OrderState.IN_DOUBT else []

    def cancel_all(self) -> list[Effect]:
        """Ask the venue to cancel every open order that it may have."""
        orders = self.execution.open_orders()
        return [Cancel(order.order_key) for order in orders if order.order_key not in self._unwritten]

    def cancel_sleeve(self, position: Position, but: str) -> list[Effect]:
        """Ask the venue to cancel a sleeve's open orders, except those of one intent (by its signal)."""
        return [
            Cancel(order.order_key)
            for order in self.execution.open_by_market.get(position.market, {}).values()
            if order.order_key not in self._unwritten
            and order.signal_id != but
            and f"{order.token}#{order.sleeve}" == position.key
        ]

    # ------------------------------------------------------------------ the end of a market

    def resolve(self, market: str, payouts: dict[str, int], at: int) -> list[Effect]:
        """A market has resolved: cancel what is open in it, and settle once nothing can fill any more."""
        self.payouts[market] = payouts
        orders = self.execution.open_by_market.get(market, {})
        effects: list[Effect] = [Cancel(key) for key in orders if key not in self._unwritten]
        return [*effects, *self.settlements.settle_if_free(market, at)]

    # ------------------------------------------------------------------ recovery

    def rebuild(self, records: list[Record], at: int) -> None:
        """Belief from the journal. Marks restart at cost; the day's start and the peak are walked through the records,
        so that a restart does not forget a loss.
        """
        for record in records:
            self.risk.begin_day(record.at)
            self.apply(record)
            self.risk.walked(record.at)
        for held in self.positions.values():
            for position in held.values():
                self.marks.price(position.token, mul_div_floor(position.cost, ONE, position.size))
        self.ended.clear()
        self.risk.begin_day(at)

    def reopen(self, at: int) -> list[Effect]:
        """The venue is asked about every order that was open; what resolved meanwhile is settled."""
        asked = [effect for order in self.execution.open_orders() for effect in self._reopen(order, at)]
        return [*asked, *self.settlements.recover(at)]

    def _reopen(self, order: Order, at: int) -> list[Effect]:
        """An order that an earlier life left open: ask about it, and let its time run on."""
        if order.state is OrderState.PLANNED:
            return self._in_doubt(order, at, "planned by an earlier life")
        if order.state is OrderState.IN_DOUBT:
            return self._ask(order.order_key, at)
        ends = max(at, order.planned_at + self._life(order))
        return [Query(order.order_key), WakeMeAt(ends, TimerKind.ORDER_EXPIRY, order.order_key)]
