"""The order desk: every fact about our own orders and money goes through here, becomes a record, and changes belief.

Belief is updated when a record is made, so the next decision already sees the money as taken; the record is then
committed by the driver. Sequencing (plan, submit, resolve) is decided here and nowhere else.
"""

from shared.domain.effects import Alert, Cancel, Effect, Plan, Query, Submit, WakeMeAt, Write
from shared.domain.errors import Corrupt
from shared.domain.ledger import Fill, Position, Record, RecordKind
from shared.domain.messages import OrderReport, PlanRefused, TimerFired, TimerKind
from shared.domain.money import ONE, Usd, mul_div_floor
from shared.domain.order import FINAL, Order, OrderCause, OrderState, Side
from shared.engine.execution import Execution
from shared.engine.ledger import Projection, deposit_record, fill_record, move_record, plan_record, settle_record
from shared.engine.limits import Limits
from shared.engine.marks import Marks
from shared.engine.risk import Risk

_ENDED = {
    OrderState.CANCELED: OrderCause.CANCELED,
    OrderState.EXPIRED: OrderCause.EXPIRED,
    OrderState.REJECTED: OrderCause.REJECTED,
}


class Desk:
    """Orders, positions, settlement and the books of one account."""

    def __init__(self, account: str, limits: Limits) -> None:
        self.account = account
        self.limits = limits
        self.books = Projection()
        self.marks = Marks()
        self.risk = Risk(limits, self.books, self.marks)
        self.execution = Execution(account)
        self.positions: dict[str, dict[str, Position]] = {}
        self.payouts: dict[str, dict[str, int]] = {}
        self._booked_fills: dict[tuple[str, str], None] = {}
        self._unsent: dict[str, None] = {}

    # ------------------------------------------------------------------ belief

    def apply(self, record: Record) -> None:
        """Take a record into belief: books, indexes, marks and risk; used for new records and on recovery alike."""
        order, position = record.order, record.position
        before_order = self.books.orders.get(order.order_key) if order is not None else None
        before = self.books.positions.get(position.key) if position is not None else None
        self.books.apply(record)
        if order is not None:
            self.execution.track(before_order, order)
            if record.kind is RecordKind.PLANNED and order.side is Side.BUY:
                self.risk.entered(record.at)
        if record.fill is not None:
            self._booked_fills[record.fill.trade_id, record.fill.order_key] = None
        if position is not None:
            self._reposition(before, position, record)
        if order is None and position is None:
            self.risk.deposited(Usd(sum(change.delta for change in record.headroom)))

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
        self.risk.booked(after, record.at, after.realized - realized_before)

    def _write(self, record: Record) -> Write:
        self.apply(record)
        return Write(record)

    def exposed_tokens(self, market: str) -> dict[str, int]:
        """Tokens of the market that we hold or are buying."""
        tokens = {position.token: 1 for position in self.positions.get(market, {}).values()}
        for order in self.execution.open_by_market.get(market, {}).values():
            if order.side is Side.BUY:
                tokens[order.token] = 1
        return tokens

    def open_positions(self) -> int:
        """Positions with shares in them, over all sleeves."""
        return sum(len(held) for held in self.positions.values())

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

    def _order(self, order_key: str) -> Order:
        order = self.books.orders.get(order_key)
        if order is None:
            raise Corrupt(f"order {order_key} is not one of ours")
        return order

    # ------------------------------------------------------------------ money in

    def deposit(self, amount: Usd, at: int, key: str) -> list[Effect]:
        """Book money from outside."""
        return [self._write(deposit_record(self.account, amount, at, key))]

    # ------------------------------------------------------------------ plan -> submit

    def plan(self, order: Order) -> list[Effect]:
        """Claim the order's money in belief and ask for its plan transaction."""
        record = plan_record(order, self.limits)
        self.apply(record)
        self._unsent[order.order_key] = None
        return [Plan(record)]

    def committed(self, order_key: str, existed: bool, at: int) -> list[Effect]:
        """The plan is written: send it once, unless it is an older life's order or must no longer be sent."""
        order = self._order(order_key)
        self._unsent.pop(order_key, None)
        if existed:
            return self._in_doubt(order, at, "planned by an earlier life")
        if self._unwanted(order):
            return self._move(order, OrderCause.NEVER_SENT, at, "never sent: trading stopped or market resolved")
        wake = WakeMeAt(at + self.limits.answer_timeout_ns, TimerKind.ANSWER_TIMEOUT, order_key)
        return [Submit(order), wake]

    def refused(self, payload: PlanRefused, at: int) -> list[Effect]:
        """The plan was not written: belief gives back what it had claimed; nothing is stored, nothing was sent."""
        order = self._order(payload.order_key)
        self._unsent.pop(payload.order_key, None)
        undo = move_record(order, OrderCause.NEVER_SENT, at, self.limits, f"refused: {payload.by.value}")
        assert undo is not None  # PLANNED always ends by NEVER_SENT
        self.apply(undo)
        text = f"plan {payload.order_key} refused by {payload.by.value} {payload.detail}".rstrip()
        return [Alert(3, "plan_refused", text), *self.settle_if_free(order.market, at)]

    # ------------------------------------------------------------------ the venue's answers

    def accepted(self, order_key: str, at: int) -> list[Effect]:
        """The order is live: its time starts to run, or ends at once where it is no longer wanted."""
        order = self._order(order_key)
        effects = self._move(order, OrderCause.ACCEPTED, at, "")
        if order.state not in FINAL:
            life = 0 if self._unwanted(order) else self.limits.order_life_ns
            effects.append(WakeMeAt(at + life, TimerKind.ORDER_EXPIRY, order_key))
        return effects

    def _unwanted(self, order: Order) -> bool:
        return not self.risk.trading or order.market in self.payouts

    def rejected(self, order_key: str, reason: str, at: int) -> list[Effect]:
        """The venue proved that it said no."""
        order = self._order(order_key)
        effects = self._move(order, OrderCause.REJECTED, at, reason)
        return [*effects, Alert(3, "order_rejected", f"order {order_key}: {reason}")]

    def doubtful(self, order_key: str, reason: str, at: int) -> list[Effect]:
        """Nobody knows what became of the order: keep its cash and ask for evidence."""
        return self._in_doubt(self._order(order_key), at, reason)

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
        order = self._order(report.order_key)
        if report.filled > order.filled:
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
        return [self._write(record), *self.settle_if_free(order.market, at)]

    def filled(self, fill: Fill, at: int) -> list[Effect]:
        """Book an execution once; the same (trade, order) again changes nothing."""
        if (fill.trade_id, fill.order_key) in self._booked_fills:
            return []
        order = self._order(fill.order_key)
        position = self.books.positions.get(f"{order.token}#{order.sleeve}")
        effects: list[Effect] = [self._write(fill_record(order, position, fill, at, self.limits))]
        if order.state in (OrderState.PLANNED, OrderState.IN_DOUBT) and fill.size < order.remaining:
            # A fill proves acceptance: what is left must run out like any accepted order.
            effects.append(WakeMeAt(at + self.limits.order_life_ns, TimerKind.ORDER_EXPIRY, order.order_key))
        return [*effects, *self.settle_if_free(order.market, at)]

    def woken(self, timer: TimerFired, at: int) -> list[Effect]:
        """A timer of ours: cancel what is left of an old order, or ask about one that was never answered.

        Both repeat until the order has ended, since requests and answers may be lost.
        """
        order = self._order(timer.key)
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
        return [Cancel(order.order_key) for order in orders if order.order_key not in self._unsent]

    # ------------------------------------------------------------------ settlement

    def resolve(self, market: str, payouts: dict[str, int], at: int) -> list[Effect]:
        """A market has resolved: cancel what is open in it, and settle once nothing can fill any more."""
        self.payouts[market] = payouts
        orders = self.execution.open_by_market.get(market, {})
        effects: list[Effect] = [Cancel(key) for key in orders if key not in self._unsent]
        return [*effects, *self.settle_if_free(market, at)]

    def settle_if_free(self, market: str, at: int) -> list[Effect]:
        """Settle a resolved market's positions, unless one of its orders may still fill."""
        payouts = self.payouts.get(market)
        if payouts is None or market in self.execution.open_by_market:
            return []
        effects: list[Effect] = []
        for position in list(self.positions.get(market, {}).values()):
            if position.token in payouts:
                effects.append(self._write(settle_record(position, payouts[position.token], at, self.limits)))
            else:
                text = f"market {market} resolved without a payout for token {position.token}"
                effects.append(Alert(2, "payout_unknown", text))
        self.execution.forget_market(market)
        return effects

    # ------------------------------------------------------------------ recovery

    def recover(self, records: list[Record], at: int) -> list[Effect]:
        """Rebuild belief from the journal, then ask the venue about every order that was open.

        Marks restart at cost; the day's start and the peak are walked through the records, so that a restart does not
        forget a loss.
        """
        for record in records:
            self.risk.begin_day(record.at)
            self.apply(record)
            self.risk.peak = max(self.risk.peak, self.risk.equity())
        for held in self.positions.values():
            for position in held.values():
                self.marks.price(position.token, mul_div_floor(position.cost, ONE, position.size))
        self.risk.begin_day(at)
        asked = [effect for order in self.execution.open_orders() for effect in self._reopen(order, at)]
        settled = [effect for market in list(self.payouts) for effect in self.settle_if_free(market, at)]
        return [*asked, *settled]

    def _reopen(self, order: Order, at: int) -> list[Effect]:
        """An order that an earlier life left open: ask about it, and let its time run on."""
        if order.state is OrderState.PLANNED:
            return self._in_doubt(order, at, "planned by an earlier life")
        if order.state is OrderState.IN_DOUBT:
            return self._ask(order.order_key, at)
        ends = max(at, order.planned_at + self.limits.order_life_ns)
        return [Query(order.order_key), WakeMeAt(ends, TimerKind.ORDER_EXPIRY, order.order_key)]
