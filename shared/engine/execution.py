"""Execution: intents become orders, leg after leg; which orders are open where, and what an intent has taken so far."""

from shared.domain.ids import intent_id, order_key, salt_of
from shared.domain.market import Market
from shared.domain.money import Price, Shares, Usd, cost
from shared.domain.order import FINAL, Order, OrderState, Purpose, Side
from shared.domain.whale import Signal
from shared.engine.ledger import reserve_for


class Intent:
    """The legs of one wish. BUY counts micro-dollars planned (misses are not chased), SELL the shares sold."""

    __slots__ = ("legs", "open_key", "taken")

    def __init__(self) -> None:
        self.legs = 0
        self.open_key = ""
        self.taken = 0


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

    def new_order(self, strategy: str, signal: Signal, limit: Price, size: Shares, market: Market, at: int) -> Order:
        """The next leg of the signal's intent, every field fixed before anything is written or sent."""
        intent = self.intent_of(signal.signal_id)
        leg = 1 if intent is None else intent.legs + 1
        buying = signal.side is Side.BUY
        purpose = Purpose.ENTRY if buying else Purpose.EXIT
        key = intent_id(self.account, strategy, signal.signal_id, signal.token, signal.side.value, purpose.value)
        return Order(
            order_key=order_key(key, leg),
            intent_id=key,
            leg=leg,
            account=self.account,
            strategy=strategy,
            source=signal.wallet,
            market=signal.market,
            token=signal.token,
            side=signal.side,
            purpose=purpose,
            limit=limit,
            size=size,
            fee_rate=market.fee_rate,
            signal_id=signal.signal_id,
            signal_at=signal.opened_at,
            signal_tx=signal.first_tx,
            planned_at=at,
            salt=salt_of(order_key(key, leg)),
            reserved=reserve_for(size, limit, market.fee_rate) if buying else Usd(0),
            changed_at=at,
        )

    def track(self, before: Order | None, order: Order) -> None:
        """Take an order's new state into the indexes."""
        intent = self.intents.get(order.signal_id)
        if intent is None:
            intent = self.intents[order.signal_id] = Intent()
            self._market_signals.setdefault(order.market, {})[order.signal_id] = None
        if before is None:
            intent.legs = max(intent.legs, order.leg)
            if order.side is Side.BUY:
                intent.taken += cost(order.size, order.limit)
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
