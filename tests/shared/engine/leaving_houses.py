"""A house that holds something a rule may leave, and the venue's answers to the orders of the exit."""

from msgspec.structs import replace

from shared.domain.instants import SECOND
from shared.domain.money import Fraction
from shared.domain.order import Order, OrderState, Side
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.reasons import OPEN, listed

KEY = "m:yes#whale_copy/whale"
RULES = replace(OPEN, stop_loss=Fraction(150_000))
"""A stop at 15% below cost, which is at 0.44 here, and no other rule."""
SALE = trade(side=Side.SELL, tx="sale")


def holding(filled: bool = True) -> House:
    """95.69 shares bought at 0.51, in a book that is worth that; and a second market."""
    house = listed(House(RULES, RATIO).ready("whale", "other"), "n")
    if filled:
        house.bought()
        house.show(510_000)
    return house


def stopped(bid: int = 430_000) -> House:
    """The bid has fallen through the stop."""
    house = holding()
    house.show(bid, after=SECOND)
    return house


def done(house: House, size: int | None = None, price: int | None = None) -> None:
    """The venue takes the last order sent and fills (a part of) it; an order that only takes then ends."""
    sent = house.sent[-1]
    house.accept(sent)
    filled = house.fill(sent, size, price).size if size != 0 else 0
    if filled < sent.size:
        house.report(sent, OrderState.CANCELED)


def exits(house: House) -> list[Order]:
    """The orders of our rules."""
    return [sent for sent in house.sent if sent.rule]
