"""A house whose orders climb a ladder of phases, or are worked in slices; and how an order ends."""

from msgspec.structs import replace

from shared.domain.instants import MILLISECOND
from shared.domain.messages import FeedHealth, OrderRejected
from shared.domain.money import Fraction, dollars
from shared.domain.order import Order, OrderState, Side
from shared.engine.limits import Limits
from shared.strategies.whale_copy import Params
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.reasons import OPEN, listed

S = OrderState
DEFAULT = Limits()
LADDER = replace(
    OPEN,
    phase_life_ns=DEFAULT.phase_life_ns,
    phase_step=DEFAULT.phase_step,
    phase_cut=DEFAULT.phase_cut,
    slippage_market=Fraction(200_000),
)
"""Three phases, and as much slippage as they ask for."""
SLICED = replace(OPEN, twap_slices=4, twap_above_usd=dollars(40))
"""$50 are bought in four slices."""
AWAY = "425 service_not_ready: service not ready"
SALE = trade(side=Side.SELL, tx="sale")


def ladder(params: Params = RATIO, limits: Limits = LADDER, capital: int = 10_000) -> House:
    house = House(limits, params).ready("whale", "other", capital=capital)
    return listed(house, "n")


def ends(house: House, sent: Order, filled: int = 0) -> None:
    """The order's time is over: what it left is cancelled."""
    house.accept(sent)
    if filled:
        house.fill(sent, size=filled)
    expiry = house.wakes[-1] if not filled else next(w for w in reversed(house.wakes) if w.key == sent.order_key)
    house.wake(expiry)
    assert house.cancels[-1] == sent.order_key
    house.report(sent, S.CANCELED)


def refuse(house: House, sent: Order, text: str = AWAY) -> None:
    house.give(OrderRejected(sent.order_key, text), MILLISECOND)


def of(house: House) -> list[tuple[int, int, int]]:
    """(limit, size, phase) of every order sent."""
    return [(sent.limit, sent.size, sent.phase) for sent in house.sent]


def veto_feed(house: House) -> None:
    """Nobody tells whales' trades any more."""
    house.give(FeedHealth("whales", healthy=False, reason="silent"))
