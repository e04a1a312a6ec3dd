"""What the tables of reasons are made of: a house on either side of a limit, and the numbers that must be kept."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec.structs import replace

from shared.domain.decision import Decision, Reason
from shared.domain.instants import SECOND
from shared.domain.messages import BookSnapshot, MarketChanged, MarketListed, WhaleTrade
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.order import Side
from shared.engine.limits import Limits
from tests.shared.engine.builders import PLAIN, RATIO, House, book, market, ranked, trade

Case = Callable[[], House]
MARGIN = 2_000
"""What sizing keeps free in every room for the roundings of fills."""
SALE = trade(side=Side.SELL, tx="sale")
OPEN = replace(
    PLAIN,
    position_of_equity=Fraction(ONE),
    market_of_equity=Fraction(ONE),
    source_of_equity=Fraction(ONE),
    trade_max_usd=dollars(100_000),
    market_usd=dollars(100_000),
    source_usd=dollars(100_000),
    portfolio_usd=dollars(100_000),
    strategy_usd=dollars(100_000),
    source_daily_loss_usd=dollars(100_000),
    daily_loss_usd=dollars(100_000),
    daily_loss_of_equity=Fraction(ONE),
    drawdown_halt=Fraction(ONE),
    drawdown_reduce=Fraction(ONE),
)
"""No cap and no breaker binds."""


class Row(NamedTuple):
    """A reason: houses whose last decision is beyond the limit and just inside it, and what is decided there instead.

    ``told``: numbers that the decision beyond the limit must keep, what was measured and the limit, in millionths.
    """

    reason: Reason
    outside: Case
    inside: Case
    otherwise: Reason | None = Reason.COPIED
    told: Mapping[str, int] = MappingProxyType({})


def last(house: House) -> Decision | None:
    """What was decided last."""
    return house.decisions[-1] if house.decisions else None


def limits(**changes: Any) -> Limits:
    """``OPEN`` with some limits set."""
    return replace(OPEN, **changes)


def ratio(**changes: Any) -> House:
    """Copies 10% of what the whale spends, under these limits: $50 for the usual trade."""
    return House(limits(**changes), RATIO).ready()


def followers(**changes: Any) -> House:
    """The same with a second followed whale, ``other``."""
    return House(limits(**changes), RATIO).ready("whale", "other")


def chorus(whale: int = 150_000, second: int = 150_000, third: int = 150_000) -> House:
    """A house that follows three, each with its edge."""
    house = House(OPEN, RATIO).ready(ranked("whale", 1, whale), ranked("second", 2, second), ranked("third", 3, third))
    return listed(house, "n")


def murmur(wallet: str, token: str = "m:yes", tx: str = "tx0") -> WhaleTrade:
    """A purchase that speaks, but is too small to be copied."""
    return trade(wallet, token, size=100 * ONE, tx=tx)


def strict(shown: BookSnapshot | None = None, **changes: Any) -> House:
    """A house whose feed must bring all market data; ``shown`` is the book, the usual one if None."""
    house = House(strict=True).ready()
    house.give(MarketChanged(market(**changes)))
    house.give(shown or book())
    return house


def after(house: House, row: WhaleTrade | None = None, wait: int = SECOND, lag: int = SECOND) -> House:
    """The house once the whale has traded."""
    house.whale(row, wait, lag)
    return house


def bare(house: House, **changes: Any) -> House:
    """The verdict on a market without a book."""
    house.give(MarketChanged(market(**changes)))
    return after(house)


def listed(house: House, *names: str) -> House:
    """The house with further markets."""
    for name in names:
        house.give(MarketListed(market(name)))
    return house
