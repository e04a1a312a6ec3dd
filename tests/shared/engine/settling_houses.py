"""Houses whose executions settle, or fail to; and a wallet that knows what the venue knows."""

from msgspec.structs import replace

from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.messages import (
    Merged,
    MergeReverted,
)
from shared.domain.money import ONE, Shares
from shared.domain.order import Order, OrderState, Side
from shared.domain.reports import Reports, TradeReport
from shared.engine.reconciliation import Reconciliation, reconcile
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.reasons import OPEN, listed

S = OrderState
STATUS = SettlementStatus
YES, NO = "m:yes", "m:no"
KEY = "m:yes#whale_copy/whale"
LIMITS = replace(OPEN, voice_ns=SECOND)
"""Nobody's word of a minute ago counts, so that both sides of a market can be copied."""
SALE = trade(side=Side.SELL, tx="sale")


def house_of_two() -> House:
    return listed(House(LIMITS, RATIO).ready("whale", "other"), "n")


def provisional() -> tuple[House, Order, Fill]:
    """A copied purchase that is matched, and not on the chain yet."""
    house = house_of_two()
    sent = house.copied()
    house.accept(sent)
    return house, sent, house.fill(sent, settles=True)


def sold(settles: bool = True) -> tuple[House, Order, Fill]:
    """A purchase of old, and a sale of all of it."""
    house = house_of_two()
    house.bought()
    sale = house.copied(SALE)
    house.accept(sale)
    return house, sale, house.fill(sale, settles=settles)


def free(house: House, source: str = "whale", token: str = YES) -> int:
    return house.engine.judge.view.sleeve_free(token, "whale_copy", source)


def both_sides(settles: bool = False) -> tuple[House, Fill]:
    """A cancelled purchase of one side that fills all the same, after the other side was bought."""
    house = house_of_two()
    late = house.copied()
    house.accept(late)
    house.report(late, S.CANCELED)
    house.bought(trade("other", NO, size=600 * ONE, tx="tx2"), after=MINUTE)
    return house, house.fill(late, size=40 * ONE, settles=settles)


def merged(house: House) -> None:
    """The venue does what it was asked to do last."""
    asked = house.merges[-1]
    house.give(Merged(asked.market, Shares(asked.size), asked.ref), SECOND)


def reverted(house: House) -> None:
    """The venue cannot do what it was asked to do last."""
    asked = house.merges[-1]
    house.give(MergeReverted(asked.market, asked.ref), SECOND)


class Wallet:
    """What the venue knows, kept apart from our books: every execution, and what was merged and redeemed."""

    def __init__(self, house: House, cash: int) -> None:
        self.house = house
        self.cash = cash
        self.shares: dict[str, int] = {}

    def moves(self, fill: Fill, sign: int = 1) -> None:
        """An execution reaches the wallet (or, -1, is undone)."""
        order = self.house.engine.desk.books.orders[fill.order_key]
        way = sign if order.side is Side.BUY else -sign
        self.shares[order.token] = self.shares.get(order.token, 0) + way * fill.size
        paid = fill.size * fill.price
        worth = -(-paid // ONE) if order.side is Side.BUY else paid // ONE
        self.cash -= way * worth + sign * fill.fee

    def round(self, *, trades: bool = True) -> Reconciliation:
        """A round against what the engine believes; every execution is long confirmed, or failed."""
        books = self.house.engine.desk.books
        told = [
            TradeReport(booked.fill, books.orders[key].token, books.orders[key].side, booked.status)
            for (_, key), booked in books.booked.items()
        ]
        reports = Reports(self.house.now + 60 * MINUTE, (), tuple(told) if trades else None, self.shares, self.cash)
        return reconcile(self.house.engine.belief(), reports)


def proven_equal(wallet: Wallet) -> None:
    result = wallet.round()
    assert result.payloads == ()
    assert result.findings == ()
