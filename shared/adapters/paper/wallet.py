"""What the paper venue knows the account to hold: what came in by deposits and other movements, and what its executions
moved. It never answers for our belief: the engine reserves and refuses long before, and a venue that was told nothing
lets every order pass.
"""

from collections.abc import Iterable, Mapping

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
    """Balances by asset, in millionths. What an account may spend is checked of assets it was told of; once it has had
    a deposit, of all.
    """

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self._told: dict[str, None] = {}
        self._funded = False

    def fund(self) -> None:
        """From now on it is known whole."""
        self._funded = True

    def tell(self, asset: str) -> None:
        """From now on this asset is known."""
        self._told[asset] = None

    def knows(self, asset: str) -> bool:
        """Whether its balance of the asset is known and not only how much has moved."""
        return self._funded or asset in self._told

    def move(self, amounts: Mapping[str, int]) -> None:
        """Amounts by asset, added."""
        for asset, amount in amounts.items():
            self.held[asset] = self.held.get(asset, 0) + amount

    def shares(self) -> dict[str, int]:
        """Shares by token; a token that is not named is 0."""
        return {asset: amount for asset, amount in self.held.items() if asset != PUSD and amount}

    def shortfall(self, order: Order, rate: Fraction, open_orders: Iterable[tuple[Order, Shares]]) -> str:
        """Why the account cannot pay for the order besides its open ones (with what is left of each); else empty."""
        asset = spends(order)
        if not self.knows(asset):
            return ""
        balance = self.held.get(asset, 0)
        active = sum(needs(other, left, rate) for other, left in open_orders if spends(other) == asset)
        amount = needs(order, order.size, rate)
        if active + amount <= balance:
            return ""
        return f"balance: {balance}, sum of active orders: {active}, order amount: {amount}"

    def book(self, order: Order, fill: Fill, sign: int = 1) -> None:
        """An execution happened, or (``sign`` -1) has failed."""
        price, way = Price(fill.price), sign if order.side is Side.BUY else -sign
        paid = cost(fill.size, price) if order.side is Side.BUY else proceeds(fill.size, price)
        self.move({PUSD: -way * paid - sign * fill.fee, order.token: way * fill.size})
