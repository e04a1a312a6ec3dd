"""Orders, fills and records as the engine makes them, for tests of stores."""

from shared.domain.ids import order_key
from shared.domain.ledger import Fill, Record
from shared.domain.money import Fraction, Price, Shares, Usd, cost, dollars, taker_fee
from shared.domain.order import Order, OrderState, Purpose, Side
from shared.engine.ledger import deposit_record, fill_record, move_record, plan_record, reserve_for
from shared.engine.limits import Limits

LIMITS = Limits()
FEE = Fraction(50_000)
NOON = 1_774_180_800_000_000_000  # 2026-03-22T12:00:00Z


def intent_of(account: str, intent: str) -> str:
    """Intents of two accounts never share an id."""
    return f"{account}/{intent}"


def order_key_of(account: str, intent: str) -> str:
    """The key of the first leg of an intent."""
    return order_key(intent_of(account, intent), 1)


def buy(
    account: str,
    intent: str,
    size: int = 100_000_000,
    limit: int = 400_000,
    at: int = NOON,
    market: str = "m1",
    token: str = "t1",
    source: str = "whale",
) -> Order:
    """A planned BUY: by default 100 shares at 0.40."""
    held = reserve_for(Shares(size), Price(limit), FEE)
    return Order(
        order_key_of(account, intent),
        intent_of(account, intent),
        1,
        account,
        "whale_copy",
        source,
        market,
        token,
        Side.BUY,
        Purpose.ENTRY,
        Price(limit),
        Shares(size),
        FEE,
        f"signal-{intent}",
        at,
        f"tx-{intent}",
        at,
        12345,
        reserved=held,
    )


def sell(account: str, intent: str, size: int, at: int = NOON, token: str = "t1") -> Order:
    """A planned SELL of part of a sleeve."""
    return Order(
        order_key_of(account, intent),
        intent_of(account, intent),
        1,
        account,
        "whale_copy",
        "whale",
        "m1",
        token,
        Side.SELL,
        Purpose.EXIT,
        Price(300_000),
        Shares(size),
        FEE,
        f"signal-{intent}",
        at,
        f"tx-{intent}",
        at,
        12345,
    )


def deposit(account: str, amount: int = 10_000, at: int = NOON, key: str = "first") -> Record:
    """Whole dollars paid in."""
    return deposit_record(account, dollars(amount), at, f"{account}/{key}")


def deposit_micro(account: str, amount: int, key: str) -> Record:
    """Micro-dollars paid in."""
    return deposit_record(account, Usd(amount), NOON, f"{account}/{key}")


def planned(order: Order, limits: Limits = LIMITS) -> Record:
    """Its plan."""
    return plan_record(order, limits)


def fill_of(order: Order, size: int, trade: str = "trade-1", price: int | None = None) -> Fill:
    """One execution at the order's limit unless told."""
    paid = Price(order.limit if price is None else price)
    return Fill(trade, order.order_key, paid, Shares(size), taker_fee(Shares(size), paid, FEE), order.planned_at)


__all__ = [
    "LIMITS",
    "NOON",
    "Limits",
    "OrderState",
    "buy",
    "cost",
    "deposit",
    "deposit_micro",
    "fill_of",
    "fill_record",
    "move_record",
    "order_key_of",
    "planned",
    "sell",
]
