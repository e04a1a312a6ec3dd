"""What a venue looks like to this suite. A venue passes the suite with one small class like this of its own, which
arranges the market around it and lets time pass; whatever the venue says is heard in ``heard``.
"""

from typing import Protocol

from shared.domain.instants import SECOND
from shared.domain.ledger import Fill
from shared.domain.market import CRYPTO_TAKER_FEE
from shared.domain.messages import OrderFilled, Payload
from shared.domain.money import ONE, Fraction, Price, Shares
from shared.domain.order import Order, OrderType, Side
from shared.domain.reports import Reports
from tests.shared.engine.builders import order

MARKET, TOKEN, OTHER_TOKEN = "m", "m:yes", "m:no"
OTHER_FEE, CRYPTO_FEE = Fraction(50_000), CRYPTO_TAKER_FEE
Levels = dict[int, int]
"""Cents to whole shares."""


class VenueUnderTest(Protocol):
    """A venue with one market in it, and a client that has nothing open there yet."""

    heard: list[Payload]

    @property
    def now(self) -> int:
        """The venue's time in nanoseconds."""

    def market(self, tick: int = 10_000, fee_rate: Fraction = OTHER_FEE, accepting: bool = True) -> None:
        """The market's prices move in these steps (micro-dollars), takers pay this; whether it takes orders."""

    def balance(self, asset: str, amount: int) -> None:
        """The client holds this much (millionths)."""

    def display(self, bids: Levels, asks: Levels) -> None:
        """Other people's orders, from now on."""

    def trade(self, side: Side, cents: int, size: int) -> None:
        """Other people trade; ``side`` is the taker's. What is displayed afterwards is displayed anew."""

    def submit(self, *orders: Order) -> None:
        """Send orders: one as such, several as a batch. Answers are heard while time passes."""

    def cancel(self, order_key: str) -> None:
        """Ask for a cancel."""

    def cancel_market(self, market: str) -> None:
        """Ask to cancel all that is open in a market."""

    def cancel_all(self) -> None:
        """Ask to cancel all that is open."""

    def ask(self, order_key: str) -> None:
        """Ask what became of an order."""

    def reports(self, since: int = 0) -> Reports:
        """Ask for everything."""

    def resolve(self, payouts: dict[str, int]) -> None:
        """The market resolves: micro-dollars per share of each token."""

    def redeem(self, market: str) -> None:
        """Ask for what the shares of a resolved market pay."""

    def merge(self, market: str, size: int, ref: str) -> None:
        """Ask to turn shares of each outcome into dollars."""

    def restart(self) -> None:
        """The matching engine restarts now."""

    def reconnect(self) -> None:
        """Another process of the client takes over; whatever the venue knows, it still knows."""

    def wait(self, duration_ns: int = SECOND) -> None:
        """Let time pass."""

    def close(self) -> None:
        """The suite is done with it."""


def sent(key: str = "a", cents: float = 50, size: float = 100, **changes: object) -> Order:
    """A BUY by cents and shares."""
    limit, shares = Price(round(cents * 10_000)), Shares(round(size * ONE))
    return order(order_key=key, token=TOKEN, limit=limit, size=shares, **changes)


def sold(key: str = "a", cents: float = 50, size: float = 100, **changes: object) -> Order:
    """The same as a SELL."""
    return sent(key, cents, size, side=Side.SELL, **changes)


def fak(key: str = "a", cents: float = 50, size: float = 100, **changes: object) -> Order:
    """A BUY that takes what there is."""
    return sent(key, cents, size, order_type=OrderType.FAK, **changes)


def fok(key: str = "a", cents: float = 50, size: float = 100, **changes: object) -> Order:
    """A BUY that takes all or nothing."""
    return sent(key, cents, size, order_type=OrderType.FOK, **changes)


def fills(venue: VenueUnderTest, key: str = "a") -> list[Fill]:
    """What was heard of an order's executions, each once."""
    found = {p.fill.trade_id: p.fill for p in venue.heard if isinstance(p, OrderFilled) and p.fill.order_key == key}
    return list(found.values())


def walked(venue: VenueUnderTest, key: str = "a") -> list[tuple[int, int, str]]:
    """The same in cents and whole shares, with the liquidity."""
    return [(fill.price // 10_000, fill.size // ONE, fill.liquidity) for fill in fills(venue, key)]
