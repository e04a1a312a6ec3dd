"""Exits by rule: a position of $50 is left by its own prices, by the clock, or by a person."""

from shared.domain.command import CommandKind
from shared.domain.decision import Reason
from shared.domain.instants import HOUR
from shared.domain.ledger import Position
from shared.domain.market import MarketKind
from shared.domain.messages import MarketChanged
from shared.domain.money import ONE, Fraction, dollars
from tests.shared.engine.builders import House, market
from tests.shared.engine.reasons import Row, ratio

R = Reason
STOP, TARGET, ARM, TRAIL = Fraction(150_000), Fraction(300_000), Fraction(150_000), Fraction(100_000)
FAR_STOP = Fraction(900_000)


def held(house: House) -> Position:
    """The position, once the whale has been copied and the order is filled."""
    house.bought()
    return house.engine.desk.books.positions["m:yes#whale_copy/whale"]


def average(position: Position) -> int:
    """What a share cost, fee and all; rounded up."""
    return -(-position.cost * ONE // position.size)


def below(price: int, share: int) -> int:
    """So much less, rounded down."""
    return price * (ONE - share) // ONE


def above(price: int, share: int) -> int:
    """So much more, rounded up."""
    return -(-price * (ONE + share) // ONE)


def stopped(more: int, kind: MarketKind = MarketKind.EVENT, updown: bool = True) -> House:
    """The bid falls to the stop and so many micro-dollars."""
    house = ratio(stop_loss=STOP, exits_updown=updown)
    house.give(MarketChanged(market(kind=kind)))
    house.show(below(average(held(house)), STOP) + more)
    return house


def aimed(more: int) -> House:
    """The bid rises to the target and so many micro-dollars."""
    house = ratio(take_profit=TARGET)
    house.show(above(average(held(house)), TARGET) + more)
    return house


def trailed(peak: int, more: int) -> House:
    """The bid rises to where the stop begins to trail (and ``peak``), then falls to it (and ``more``)."""
    house = ratio(trailing_arm=ARM, trailing_stop=TRAIL)
    top = above(average(held(house)), ARM) + peak
    house.show(top)
    house.show(below(top, TRAIL) + more)
    return house


def lost(more: int) -> House:
    """The bid falls until $10 of the position are lost, and so many micro-dollars per share."""
    house = ratio(stop_loss=FAR_STOP, loss_per_trade_usd=dollars(10))
    position = held(house)
    house.show((position.cost - dollars(10)) * ONE // position.size + more)
    return house


def ending(left: int, kind: MarketKind = MarketKind.EVENT) -> House:
    """So long before the market's end nothing is heard but the clock."""
    house = ratio()
    end = house.now + 5 * HOUR
    house.give(MarketChanged(market(kind=kind, end_at=end)))
    held(house)
    house.show(510_000)
    house.pass_time(end - left - house.now)
    return house


def told_to(kind: CommandKind) -> House:
    house = ratio()
    held(house)
    house.show(480_000)
    house.command(kind)
    return house


PAID = average(held(ratio()))
"""The average cost of every position here."""
TABLE: list[Row] = [
    Row(
        R.STOP_LOSS,
        lambda: stopped(0),
        lambda: stopped(1),
        told={"average": PAID, "sellable": below(PAID, STOP), "stop_loss": STOP, "stop_at": below(PAID, STOP)},
    ),
    Row(R.STOP_LOSS, lambda: stopped(0, MarketKind.CRYPTO_UPDOWN), lambda: stopped(0, MarketKind.CRYPTO_UPDOWN, False)),
    Row(
        R.TAKE_PROFIT,
        lambda: aimed(0),
        lambda: aimed(-1),
        told={"average": PAID, "sellable": above(PAID, TARGET), "take_profit": TARGET, "target": above(PAID, TARGET)},
    ),
    Row(
        R.TRAILING_STOP,
        lambda: trailed(0, 0),
        lambda: trailed(0, 1),
        told={
            "average": PAID,
            "sellable": below(above(PAID, ARM), TRAIL),
            "highest": above(PAID, ARM),
            "trailing_stop": TRAIL,
            "stop_at": below(above(PAID, ARM), TRAIL),
        },
    ),
    Row(R.TRAILING_STOP, lambda: trailed(0, 0), lambda: trailed(-1, 0)),
    Row(R.MAX_LOSS, lambda: lost(0), lambda: lost(1), told={"average": PAID, "loss_per_trade_usd": dollars(10)}),
    Row(
        R.TIME_EXIT,
        lambda: ending(2 * HOUR),
        lambda: ending(2 * HOUR + 1),
        told={"seconds_to_end": 7_200 * ONE, "exit_before_end": 7_200 * ONE},
    ),
    Row(R.TIME_EXIT, lambda: ending(2 * HOUR), lambda: ending(2 * HOUR, MarketKind.CRYPTO_UPDOWN)),
    Row(
        R.EMERGENCY_EXIT,
        lambda: told_to(CommandKind.FLATTEN),
        lambda: told_to(CommandKind.KILL),
        told={"sellable": 480_000},
    ),
]
