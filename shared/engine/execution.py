"""Execution: intents become orders, leg after leg; which orders are open where, and what an intent has taken so far."""

from msgspec import Struct

from shared.domain.ids import fact_id, intent_id, order_key, salt_of
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import Position
from shared.domain.market import OTHER_TAKER_FEE, Market
from shared.domain.money import Fraction, Price, Shares, Usd, cost
from shared.domain.order import FINAL, Order, OrderState, OrderType, Purpose, Side
from shared.domain.whale import Signal
from shared.engine.ledger import reserve_for
from shared.engine.phases import Leg

EXPIRES_EARLY_NS = MINUTE
"""The venue ends a GTD order this long before the expiration it was sent with (polymarket.md 1.7)."""
SOONEST_EXPIRY_NS = 190 * SECOND  # not money: seconds to nanoseconds
"""It takes none that expires sooner than three minutes from when it arrives; some of that is spent on the way."""


def expiry(at: int, life_ns: int) -> int:
    """The expiration a GTD order planned at ``at`` is sent with, so that it lives for ``life_ns``; where that is
    shorter than the venue takes, our own timer cancels it before.
    """
    return at + max(life_ns + EXPIRES_EARLY_NS, SOONEST_EXPIRY_NS)


class Intent:
    """The legs of one wish. BUY counts micro-dollars planned (misses are not chased), SELL the shares sold."""

    __slots__ = ("legs", "open_key", "taken")

    def __init__(self) -> None:
        self.legs = 0
        self.open_key = ""
        self.taken = 0


class Wanted(Struct, frozen=True, gc=False):
    """Who wants an order, of what, and why: what all legs of an intent have in common."""

    strategy: str
    source: str
    market: str
    token: str
    side: Side
    signal_id: str
    signal_at: int
    signal_tx: str = ""
    fee_rate: Fraction = Fraction(0)
    target: int = 0
    reference: int = 0
    p_win: int = 0
    rule: str = ""
    order_type: OrderType = OrderType.GTC
    post_only: bool = False


def wanted_of(signal: Signal, strategy: str, market: Market) -> Wanted:
    """What a signal wants of a strategy that copies it."""
    return Wanted(
        strategy,
        signal.wallet,
        signal.market,
        signal.token,
        signal.side,
        signal.signal_id,
        signal.opened_at,
        signal.first_tx,
        market.fee_rate,
    )


def wanted_again(order: Order) -> Wanted:
    """What the next leg of an order's intent wants."""
    return Wanted(
        order.strategy,
        order.source,
        order.market,
        order.token,
        order.side,
        order.signal_id,
        order.signal_at,
        order.signal_tx,
        order.fee_rate,
        order.target,
        order.reference,
        order.p_win,
        order.rule,
        order.order_type,
        order.post_only,
    )


def wanted_out(position: Position, rule: str, since: int, trigger: int, market: Market | None) -> Wanted:
    """What a rule of ours wants of a position: to leave it. One intent per rule and opening of the position."""
    return Wanted(
        position.strategy,
        position.source,
        position.market,
        position.token,
        Side.SELL,
        fact_id("exit", position.account, position.key, position.opened_at, rule),
        since,
        fee_rate=OTHER_TAKER_FEE if market is None else market.fee_rate,
        target=trigger,
        reference=trigger,
        rule=rule,
    )


class Execution:
    """Open orders by market, intents by signal, all derived from the orders themselves."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.intents: dict[str, Intent] = {}
        self.open_by_market: dict[str, dict[str, Order]] = {}
        self._market_signals: dict[str, dict[str, None]] = {}

    def intent_of(self, signal_id: str) -> Intent | None:
        """The wish a signal gave rise to, when a leg of it exists already.

        A signal id covers wallet, token and side, and an engine runs one strategy: no two intents share it.
        """
        return self.intents.get(signal_id)

    def new_order(self, wanted: Wanted, leg: Leg, at: int, order_type: OrderType | None = None) -> Order:
        """The next leg of an intent, every field fixed before anything is written or sent."""
        intent, kind = self.intent_of(wanted.signal_id), order_type or wanted.order_type
        number = 1 if intent is None else intent.legs + 1
        buying = wanted.side is Side.BUY
        purpose = Purpose.ENTRY if buying else Purpose.EXIT
        key = intent_id(self.account, wanted.strategy, wanted.signal_id, wanted.token, wanted.side.value, purpose.value)
        return Order(
            order_key=order_key(key, number),
            intent_id=key,
            leg=number,
            account=self.account,
            strategy=wanted.strategy,
            source=wanted.source,
            market=wanted.market,
            token=wanted.token,
            side=wanted.side,
            purpose=purpose,
            limit=leg.limit,
            size=leg.size,
            fee_rate=wanted.fee_rate,
            signal_id=wanted.signal_id,
            signal_at=wanted.signal_at,
            signal_tx=wanted.signal_tx,
            planned_at=at,
            salt=salt_of(order_key(key, number)),
            reserved=reserve_for(leg.size, leg.limit, wanted.fee_rate) if buying else Usd(0),
            changed_at=at,
            order_type=kind,
            post_only=wanted.post_only,
            expires_at=expiry(at, leg.life_ns) if kind is OrderType.GTD else 0,
            phase=leg.phase,
            attempt=leg.attempt,
            slice_no=leg.slice_no,
            slices=leg.slices,
            later=leg.later,
            target=wanted.target or leg.limit,
            reference=wanted.reference,
            p_win=wanted.p_win,
            life_ns=leg.life_ns,
            rule=wanted.rule,
        )

    def track(self, before: Order | None, order: Order) -> None:
        """Take an order's new state into the indexes."""
        intent = self.intents.get(order.signal_id)
        if intent is None:
            intent = self.intents[order.signal_id] = Intent()
            self._market_signals.setdefault(order.market, {})[order.signal_id] = None
        if before is None:
            intent.legs = max(intent.legs, order.leg)
            if order.side is Side.BUY and begins(order):
                intent.taken += cost(Shares(order.size + order.later), Price(order.target or order.limit))
        if order.side is Side.SELL:
            intent.taken += order.filled - (0 if before is None else before.filled)
        if order.state in FINAL:
            if intent.open_key == order.order_key:
                intent.open_key = ""
            orders = self.open_by_market.get(order.market)
            if orders is not None and orders.pop(order.order_key, None) is not None and not orders:
                del self.open_by_market[order.market]
        else:
            intent.open_key = order.order_key
            self.open_by_market.setdefault(order.market, {})[order.order_key] = order

    def goes_on(self, order: Order) -> bool:
        """Whether an ended order's intent may have another leg: it is the last one, and its market is not settled."""
        intent = self.intents.get(order.signal_id)
        return intent is not None and not intent.open_key and intent.legs == order.leg

    def forget_market(self, market: str) -> None:
        """A settled market gives rise to no further leg."""
        for signal_id in self._market_signals.pop(market, {}):
            del self.intents[signal_id]

    def open_orders(self) -> list[Order]:
        """Every order without a final state, oldest market first."""
        return [order for orders in self.open_by_market.values() for order in orders.values()]

    def in_doubt(self, market: str, token: str) -> bool:
        """Whether an order on the token is in doubt: then it takes no new intent."""
        orders = self.open_by_market.get(market)
        return orders is not None and any(o.state is OrderState.IN_DOUBT and o.token == token for o in orders.values())


def begins(order: Order) -> bool:
    """Whether an order begins to buy something new, and is not a later phase, slice or try of what was begun."""
    return order.phase == 1 and order.attempt == 1 and order.slice_no == 1
