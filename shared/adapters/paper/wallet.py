"""What the paper venue believes the account to hold, once it was told. It never answers for our belief: the engine
reserves and refuses long before, and a venue that was told nothing lets every order pass.
"""

from collections.abc import Iterable

from shared.domain.ledger import PUSD, Fill
from shared.domain.money import Fraction, Price, Shares, cost, proceeds, taker_fee
from shared.domain.order import Order, Side


def spends(order: Order) -> str:
    """The asset an order pays with."""
    return PUSD if order.side is Side.BUY else order.token


def needs(order: Order, left: Shares, rate: Fraction) -> int:
    """What is left of an order may still take of that asset, the largest taker fee included."""
    if order.side is Side.SELL:
        return left
    fee = 0 if order.post_only else taker_fee(left, order.limit, rate)
    return cost(left, order.limit) + fee


class Wallet:
    """Balances by asset, in millionths; an asset it was not told of is not checked."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def tell(self, asset: str, amount: int) -> None:
        """The account holds this much of it now."""
        self._told[asset] = amount

    def shortfall(self, order: Order, rate: Fraction, open_orders: Iterable[tuple[Order, Shares]]) -> str:
        """Why the account cannot pay for the order besides its open ones (with what is left of each); else empty."""
        asset = spends(order)
        balance = self._told.get(asset)
        if balance is None:
            return ""
        active = sum(needs(other, left, rate) for other, left in open_orders if spends(other) == asset)
        amount = needs(order, order.size, rate)
        if active + amount <= balance:
            return ""
        return f"balance: {balance}, sum of active orders: {active}, order amount: {amount}"

    def book(self, order: Order, fill: Fill, sign: int = 1) -> None:
        """An execution happened, or (``sign`` -1) has failed."""
        price, way = Price(fill.price), sign if order.side is Side.BUY else -sign
        paid = cost(fill.size, price) if order.side is Side.BUY else proceeds(fill.size, price)
        if PUSD in self._told:
            self._told[PUSD] -= way * paid + sign * fill.fee
        if order.token in self._told:
            self._told[order.token] += way * fill.size
