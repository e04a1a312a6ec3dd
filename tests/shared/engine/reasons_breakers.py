"""Breakers: what was lost, what is down, what went wrong, and what could be lost."""

from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.messages import (
    FeedHealth,
    FiguresPublished,
    MarketListed,
    OrderRejected,
    PriceKind,
    PricePoint,
    SpotTrade,
)
from shared.domain.money import ONE, Fraction, Usd, dollars
from shared.domain.order import Side
from shared.domain.tables import Figures
from shared.engine.profiles import PROFILES
from tests.shared.engine.builders import House, market, trade
from tests.shared.engine.reasons import SALE, Row, after, ratio

R = Reason
MODEL = PROFILES["model"]
BTC = 50_000 * ONE
LOSS = ratio().lose()
"""What a copied trade in a market that then pays nothing costs."""
PEAK = dollars(10_000)


def switch(on: bool, selling: bool = False) -> House:
    house = House().ready()
    if selling:
        house.bought()
    house.kill()
    if not on:
        house.resume()
    return after(house, SALE if selling else None)


def after_loss(**factor: int) -> House:
    """A limit set to the loss of the day plus so many micro-dollars."""
    ((name, more),) = factor.items()
    house = ratio(**{name: LOSS + more})
    house.lose()
    return after(house)


def drawdown(more: int) -> House:
    house = ratio(drawdown_halt=Fraction(LOSS // 10_000 + more))  # millionths of a peak of $10,000
    house.lose()
    return after(house)


def feed(name: str, *health: bool) -> House:
    house = House().ready()
    for healthy in health:
        house.give(FeedHealth(name, healthy, "test"))
    return after(house)


def losses(count: int, later: int = SECOND, model: bool = False, looked: bool = False) -> House:
    """So many losses in a row, and a person who looked at them or not; under the rule of copying or of a model."""
    house = ratio(losses_to_pause=MODEL.losses_to_pause, losses_need_person=MODEL.losses_need_person and model)
    for n in range(count):
        house.lose(f"l{n}")
    if looked:
        house.resume()
    return after(house, wait=later)


def errors(count: int, later: int = SECOND) -> House:
    """So many orders that the venue's interface failed on, one a second; ``later`` counts from the first error."""
    house = ratio()
    first = 0
    for n in range(count):
        house.give(MarketListed(market(f"l{n}")))
        sent = house.copied(trade(token=f"l{n}:yes", tx=f"tx-l{n}"))
        house.give(OrderRejected(sent.order_key, "500 internal server error"))
        first = first or house.now
    return after(house, wait=max(first + later - house.now, 1))


def failures(count: int, status: SettlementStatus = SettlementStatus.FAILED, later: int = SECOND) -> House:
    """So many executions that came to this end; ``later`` counts from the first of them."""
    house = ratio()
    first = 0
    for n in range(count):
        house.give(MarketListed(market(f"l{n}")))
        sent = house.copied(trade(token=f"l{n}:yes", tx=f"tx-l{n}"), after=6 * SECOND)
        house.accept(sent)
        house.status(house.fill(sent, settles=True), status)
        first = first or house.now
    return after(house, wait=max(first + later - house.now, 1))


def spot(now: int, later: int = MINUTE, symbol: str = "BTC", point: bool = False) -> House:
    """The coin was at $50,000 and a minute later at ``now``; the verdict so long after the first price."""
    house = ratio()
    for price, wait in ((BTC, 0), (now, MINUTE)):
        told = PricePoint(symbol, PriceKind.SPOT, price) if point else SpotTrade(symbol, Side.BUY, price, ONE, 1)
        house.give(told, wait)
    return after(house, wait=later - MINUTE)


def figures(told: Figures, *later: Figures) -> House:
    house = ratio()
    for one in (told, *later):
        house.give(FiguresPublished(one))
    return after(house)


def var(micro: int, tail: bool = False) -> Figures:
    """A value at risk of $1,000, or beyond it a mean of the worst days of $2,000, and so many micro-dollars more."""
    return Figures(0, cvar_95=Usd(dollars(2_000) + micro)) if tail else Figures(0, var_95=Usd(dollars(1_000) + micro))


def stress(micro: int) -> Figures:
    """The worst of two scenarios costs half of the equity and so much more."""
    return Figures(0, stress={"calm": -ONE, "crash": -dollars(5_000) - micro})


FIVE, SIX = 5 * ONE, 6 * ONE
TABLE: list[Row] = [
    Row(R.TRADING_DISABLED, lambda: switch(on=True), lambda: switch(on=False)),
    Row(R.TRADING_DISABLED, lambda: switch(True, selling=True), lambda: switch(False, selling=True)),
    Row(
        R.HALTED_DAILY_LOSS,
        lambda: after_loss(daily_loss_usd=0),
        lambda: after_loss(daily_loss_usd=1),
        told={"day_lost": LOSS, "day_loss_limit": LOSS},
    ),
    Row(
        R.HALTED_WEEKLY_LOSS,
        lambda: after_loss(weekly_loss_usd=0),
        lambda: after_loss(weekly_loss_usd=1),
        told={"week_lost": LOSS, "week_loss_limit": LOSS},
    ),
    Row(
        R.HALTED_DRAWDOWN,
        lambda: drawdown(0),
        lambda: drawdown(1),
        told={"drawdown": LOSS // 10_000, "drawdown_halt": LOSS // 10_000},
    ),
    Row(
        R.HALTED_FEED,
        lambda: feed("whales", False),
        lambda: feed("whales", False, True),
        told={"feeds_down": ONE},
    ),
    Row(R.HALTED_FEED, lambda: feed("switch", False), lambda: feed("spot", False), told={"feeds_down": ONE}),
    Row(R.PAUSED_STORE, lambda: feed("store", False), lambda: feed("store", False, True)),
    Row(
        R.PAUSED_LOSSES,
        lambda: losses(5),
        lambda: losses(4),
        told={"losses_in_a_row": FIVE, "losses_to_pause": FIVE},
    ),
    Row(R.PAUSED_LOSSES, lambda: losses(5, HOUR - SECOND), lambda: losses(5, HOUR)),
    Row(
        R.HALTED_LOSSES,
        lambda: losses(5, model=True),
        lambda: losses(4, model=True),
        told={"losses_in_a_row": FIVE, "losses_to_pause": FIVE},
    ),
    Row(R.HALTED_LOSSES, lambda: losses(5, HOUR, model=True), lambda: losses(5, model=True, looked=True)),
    Row(
        R.WHALE_DAILY_LOSS,
        lambda: after_loss(source_daily_loss_usd=0),
        lambda: after_loss(source_daily_loss_usd=1),
        told={"whale_lost_today": LOSS, "source_daily_loss_usd": LOSS},
    ),
    Row(
        R.HALTED_API_ERRORS,
        lambda: errors(6),
        lambda: errors(5),
        told={"api_errors": SIX, "api_errors_per_hour": FIVE},
    ),
    Row(R.HALTED_API_ERRORS, lambda: errors(6, HOUR - 1), lambda: errors(6, HOUR)),
    Row(
        R.HALTED_SETTLEMENTS,
        lambda: failures(6),
        lambda: failures(5),
        told={"failed_settlements": SIX, "failed_settlements_per_hour": FIVE},
    ),
    Row(R.HALTED_SETTLEMENTS, lambda: failures(6, later=HOUR - 1), lambda: failures(6, later=HOUR)),
    Row(R.HALTED_SETTLEMENTS, lambda: failures(6), lambda: failures(6, SettlementStatus.CONFIRMED)),
    Row(
        R.HALTED_SPOT_MOVE,
        lambda: spot(BTC * 11 // 10),
        lambda: spot(BTC * 11 // 10 - 1),
        told={"spot_moved": 100_000, "spot_move": 100_000},
    ),
    Row(R.HALTED_SPOT_MOVE, lambda: spot(BTC * 9 // 10, point=True), lambda: spot(BTC * 9 // 10 + 1, point=True)),
    Row(R.HALTED_SPOT_MOVE, lambda: spot(2 * BTC, 15 * MINUTE), lambda: spot(2 * BTC, 15 * MINUTE + 1)),
    Row(R.HALTED_SPOT_MOVE, lambda: spot(2 * BTC), lambda: spot(2 * BTC, symbol="ETH")),
    Row(
        R.HALTED_VAR,
        lambda: figures(var(1)),
        lambda: figures(var(0)),
        told={"var": dollars(1_000) + 1, "var_95_usd": dollars(1_000)},
    ),
    Row(
        R.HALTED_VAR,
        lambda: figures(var(1, tail=True)),
        lambda: figures(var(0, tail=True)),
        told={"cvar": dollars(2_000) + 1, "cvar_95_usd": dollars(2_000)},
    ),
    Row(R.HALTED_VAR, lambda: figures(Figures(0), var(1)), lambda: figures(var(1), Figures(0))),
    Row(
        R.HALTED_STRESS,
        lambda: figures(stress(1)),
        lambda: figures(stress(0)),
        told={"stress": dollars(5_000) + 1, "stress_limit": dollars(5_000)},
    ),
]
