"""Every reason a whale trade may be given, from real events; for each limit also the case that stays just inside."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.market import MarketKind
from shared.domain.messages import BookSnapshot, FeedHealth, MarketChanged, MarketListed, OrderInDoubt
from shared.domain.money import ONE, Fraction, Price, dollars
from shared.domain.order import Side
from shared.domain.whale import RankedWallet
from shared.engine.limits import Limits
from tests.shared.engine.builders import RATIO, House, book, market, ranked, ranking, trade

R = Reason
Case = Callable[[], Reason | None]
MARGIN = 2_000
"""What sizing keeps free in every room for the roundings of fills."""
SALE = trade(side=Side.SELL, tx="sale")
OPEN = Limits(
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


def limits(**changes: Any) -> Limits:
    """``OPEN`` with some limits set."""
    return msgspec.structs.replace(OPEN, **changes)


def ratio(**changes: Any) -> House:
    """Copies 10% of what the whale spends, under these limits: $50 for the usual trade."""
    return House(limits(**changes), RATIO).ready()


def strict(shown: BookSnapshot | None = None, **changes: Any) -> House:
    """A house whose feed must bring all market data; ``shown`` is the book, the usual one if None."""
    house = House(strict=True).ready()
    house.give(MarketChanged(market(**changes)))
    house.give(shown or book())
    return house


def bare(house: House, **changes: Any) -> Reason | None:
    """The verdict on a market without a book."""
    house.give(MarketChanged(market(**changes)))
    return house.whale()


def topped_up() -> Reason | None:
    house = House(params=RATIO).ready()
    house.bought()
    return house.whale(trade(tx="tx2"))


def joined() -> Reason | None:
    house = House().ready()
    house.bought()
    return house.whale(trade(tx="tx2"))


def leg_open(final: bool) -> Reason | None:
    house = House(params=RATIO).ready()
    (house.bought if final else house.copied)()
    return house.whale(trade(tx="tx2"))


def aged(age: int) -> Reason | None:
    return House().ready().whale(lag=age, after=2 * MINUTE)


def switch(on: bool, selling: bool = False) -> Reason | None:
    house = House().ready()
    if selling:
        house.bought()
    house.kill()
    if not on:
        house.resume()
    return house.whale(SALE if selling else None)


def after_loss(**factor: int) -> Reason | None:
    """A limit set to the loss of the day plus so many micro-dollars."""
    ((name, more),) = factor.items()
    house = ratio(**{name: ratio().lose() + more})
    house.lose()
    return house.whale()


def drawdown(more: int) -> Reason | None:
    halt = ratio().lose() // 10_000 + more  # millionths of a peak of $10,000
    house = ratio(drawdown_halt=Fraction(halt))
    house.lose()
    return house.whale()


def feed(*health: bool) -> Reason | None:
    house = House().ready()
    for healthy in health:
        house.give(FeedHealth("whales", healthy, "test"))
    return house.whale()


def losses(count: int, later: int = SECOND) -> Reason | None:
    house = ratio()
    for n in range(count):
        house.lose(f"l{n}")
    return house.whale(after=later)


def unranked(*followed: str) -> Reason | None:
    house = House().ready()
    house.bought()
    house.give(ranking(*followed))
    return house.whale(trade(tx="tx2"))


def second_whale(token: str) -> Reason | None:
    house = House(OPEN).ready("whale", "other")
    house.bought()
    return house.whale(trade("other", token, tx="tx2"))


def doubtful(token: str) -> Reason | None:
    house = House(OPEN).ready("whale", "other")
    house.give(MarketListed(market("n")))
    sent = house.copied()
    house.give(OrderInDoubt(sent.order_key, "time-out"))
    return house.whale(trade("other", token, tx="tx2"))


def unlisted(listed: bool) -> Reason | None:
    house = House().ready()
    if listed:
        house.give(MarketListed(market("n")))
    return house.whale(trade(token="n:yes"))


def resolved(name: str) -> Reason | None:
    house = House().ready()
    house.resolve(name)
    return house.whale()


def ends_in(left: int, kind: MarketKind) -> Reason | None:
    house = House().ready()
    house.give(MarketChanged(market(kind=kind, end_at=house.now + SECOND + left)))
    return house.whale()


def book_age(age: int) -> Reason | None:
    return strict(best_bid=Price(490_000), best_ask=Price(500_000)).whale(after=age)


def followed(wallet: RankedWallet) -> Reason | None:
    return House().ready(wallet).whale()


def cash(more: int) -> Reason | None:
    """The smallest trade is set to the cash that is left, less the margin, plus ``more``."""

    def spent(**changes: Any) -> House:
        house = House(limits(**changes), RATIO).ready("whale", "other", capital=95)
        house.give(MarketListed(market("l")))
        house.bought(trade("other", "l:yes", tx="txl"))
        return house

    return spent(trade_min_usd=spent().cash - MARGIN + more).whale()


def positions(most: int, filled: bool) -> Reason | None:
    house = ratio(positions_max=most)
    house.give(MarketListed(market("l")))
    (house.bought if filled else house.copied)(trade(token="l:yes", tx="txl"))
    return house.whale()


def rate(later: int) -> Reason | None:
    house = ratio(entries_per_minute=1)
    house.give(MarketListed(market("l")))
    house.copied(trade(token="l:yes", tx="txl"))
    return house.whale(after=later)


def sale(sold: bool) -> Reason | None:
    house = House().ready()
    house.bought()
    if sold:
        house.copied(SALE)
    return house.whale(trade(side=Side.SELL, tx="sale2"))


OUTSIDE_AND_INSIDE: list[tuple[Reason, Case, Case, Reason | None]] = [
    (R.COPIED, lambda: House().ready().whale(), lambda: House().ready().whale(trade("stranger")), None),
    (R.TOPPED_UP, topped_up, joined, R.JOINED_BURST),
    (R.JOINED_BURST, joined, topped_up, R.TOPPED_UP),
    (R.LEG_OPEN, lambda: leg_open(final=False), lambda: leg_open(final=True), R.TOPPED_UP),
    (R.STALE, lambda: aged(MINUTE + 1), lambda: aged(MINUTE), R.COPIED),
    (R.TRADING_DISABLED, lambda: switch(on=True), lambda: switch(on=False), R.COPIED),
    (R.TRADING_DISABLED, lambda: switch(True, selling=True), lambda: switch(False, selling=True), R.COPIED),
    (R.HALTED_DAILY_LOSS, lambda: after_loss(daily_loss_usd=0), lambda: after_loss(daily_loss_usd=1), R.COPIED),
    (R.HALTED_DRAWDOWN, lambda: drawdown(0), lambda: drawdown(1), R.COPIED),
    (R.HALTED_FEED, lambda: feed(False), lambda: feed(False, True), R.COPIED),
    (R.PAUSED_LOSSES, lambda: losses(5), lambda: losses(4), R.COPIED),
    (R.PAUSED_LOSSES, lambda: losses(5, HOUR - SECOND), lambda: losses(5, HOUR), R.COPIED),
    (
        R.WHALE_DAILY_LOSS,
        lambda: after_loss(source_daily_loss_usd=0),
        lambda: after_loss(source_daily_loss_usd=1),
        R.COPIED,
    ),
    (R.NOT_RANKED, lambda: unranked("other"), lambda: unranked("other", "whale"), R.JOINED_BURST),
    (R.NO_SLEEVE, lambda: House().ready().whale(SALE), lambda: sale(sold=False), R.COPIED),
    (R.OPPOSITE_SIDE, lambda: second_whale("m:no"), lambda: second_whale("m:yes"), R.COPIED),
    (R.IN_DOUBT, lambda: doubtful("m:yes"), lambda: doubtful("n:yes"), R.COPIED),
    (R.MARKET_UNKNOWN, lambda: unlisted(listed=False), lambda: unlisted(listed=True), R.COPIED),
    (R.MARKET_CLOSED, lambda: bare(House().ready(), accepting=False), lambda: bare(House().ready()), R.COPIED),
    (
        R.MARKET_CLOSED,
        lambda: ends_in(0, MarketKind.CRYPTO_UPDOWN),
        lambda: ends_in(1, MarketKind.CRYPTO_UPDOWN),
        R.COPIED,
    ),
    (R.MARKET_RESOLVED, lambda: resolved("m"), lambda: resolved("n"), R.COPIED),
    (
        R.NEAR_RESOLUTION,
        lambda: ends_in(3 * HOUR - 1, MarketKind.EVENT),
        lambda: ends_in(3 * HOUR, MarketKind.EVENT),
        R.COPIED,
    ),
    (R.END_UNKNOWN, lambda: strict(end_at=None).whale(), lambda: strict().whale(), R.COPIED),
    (
        R.LOW_VOLUME,
        lambda: strict(volume_24h=dollars(50_000) - 1).whale(),
        lambda: strict(volume_24h=dollars(50_000)).whale(),
        R.COPIED,
    ),
    (R.VOLUME_UNKNOWN, lambda: strict(volume_24h=None).whale(), lambda: strict().whale(), R.COPIED),
    (R.WIDE_SPREAD, lambda: strict(book(bid=469_999)).whale(), lambda: strict(book(bid=470_000)).whale(), R.COPIED),
    (
        R.WIDE_SPREAD,
        lambda: bare(House().ready(), best_bid=Price(469_999), best_ask=Price(500_000)),
        lambda: bare(House().ready(), best_bid=Price(470_000), best_ask=Price(500_000)),
        R.COPIED,
    ),
    (R.SPREAD_UNKNOWN, lambda: bare(House(strict=True).ready()), lambda: bare(House().ready()), R.COPIED),
    (R.DEPTH_UNKNOWN, lambda: book_age(10 * SECOND + 1), lambda: book_age(10 * SECOND), R.COPIED),
    (
        R.THIN_BOOK,
        lambda: strict(book(size=19_999_999)).whale(),
        lambda: strict(book(size=20_000_000)).whale(),
        R.COPIED,
    ),
    (
        R.PRICE_MOVED,
        lambda: strict(book(bid=500_000, ask=510_001)).whale(),
        lambda: strict(book(bid=500_000, ask=510_000)).whale(),
        R.COPIED,
    ),
    (R.EDGE_UNKNOWN, lambda: followed(RankedWallet("whale", 1)), lambda: followed(ranked("whale")), R.COPIED),
    (R.NO_EDGE, lambda: followed(ranked("whale", edge=0)), lambda: followed(ranked("whale")), R.COPIED),
    (
        R.NO_EDGE,
        lambda: followed(ranked("whale", edge=22_495)),
        lambda: followed(ranked("whale", edge=25_000)),
        R.COPIED,
    ),
    (
        R.LOW_CONFIDENCE,
        lambda: ratio(confidence_min=Fraction(650_001)).whale(),
        lambda: ratio(confidence_min=Fraction(650_000)).whale(),
        R.COPIED,
    ),
    (
        R.BELOW_MINIMUM,
        lambda: ratio().whale(trade(size=199_990_000)),
        lambda: ratio().whale(trade(size=200_000_000)),
        R.COPIED,
    ),
    (
        R.CAP_POSITION,
        lambda: ratio(position_of_equity=Fraction(1_000)).whale(),
        lambda: ratio(position_of_equity=Fraction(1_001)).whale(),
        R.COPIED,
    ),
    (
        R.CAP_MARKET,
        lambda: ratio(market_usd=dollars(10) + MARGIN - 1).whale(),
        lambda: ratio(market_usd=dollars(10) + MARGIN).whale(),
        R.COPIED,
    ),
    (
        R.CAP_MARKET,
        lambda: ratio(market_of_equity=Fraction(1_000)).whale(),
        lambda: ratio(market_of_equity=Fraction(1_001)).whale(),
        R.COPIED,
    ),
    (
        R.CAP_WHALE,
        lambda: ratio(source_usd=dollars(10) + MARGIN - 1).whale(),
        lambda: ratio(source_usd=dollars(10) + MARGIN).whale(),
        R.COPIED,
    ),
    (
        R.CAP_WHALE,
        lambda: ratio(source_of_equity=Fraction(1_000)).whale(),
        lambda: ratio(source_of_equity=Fraction(1_001)).whale(),
        R.COPIED,
    ),
    (
        R.CAP_PORTFOLIO,
        lambda: ratio(portfolio_usd=dollars(10) + MARGIN - 1).whale(),
        lambda: ratio(portfolio_usd=dollars(10) + MARGIN).whale(),
        R.COPIED,
    ),
    (
        R.CAP_PORTFOLIO,
        lambda: ratio(strategy_usd=dollars(10) + MARGIN - 1).whale(),
        lambda: ratio(strategy_usd=dollars(10) + MARGIN).whale(),
        R.COPIED,
    ),
    (R.CAP_CASH, lambda: cash(1), lambda: cash(0), R.COPIED),
    (R.CAP_OPEN_POSITIONS, lambda: positions(1, filled=True), lambda: positions(2, filled=True), R.COPIED),
    (R.CAP_OPEN_POSITIONS, lambda: positions(1, filled=False), lambda: positions(2, filled=False), R.COPIED),
    (R.ORDER_RATE, lambda: rate(MINUTE - 1), lambda: rate(MINUTE), R.COPIED),
    (R.EXIT_COVERED, lambda: sale(sold=True), lambda: sale(sold=False), R.COPIED),
]
NAMED = [pytest.param(*row, id=f"{row[0].value}-{n}") for n, row in enumerate(OUTSIDE_AND_INSIDE)]


@pytest.mark.parametrize(("reason", "outside", "inside", "otherwise"), NAMED)
def test_a_reason_is_given_beyond_its_limit_and_not_just_inside(
    reason: Reason, outside: Case, inside: Case, otherwise: Reason | None
) -> None:
    assert outside() is reason
    assert inside() is otherwise


def test_every_reason_there_is_has_been_produced() -> None:
    assert {row[0] for row in OUTSIDE_AND_INSIDE} == set(Reason)


def test_a_decision_tells_the_numbers_that_led_to_it() -> None:
    house = House().ready()
    sent = house.copied()
    (decision,) = house.decisions
    assert (decision.order_key, decision.limit, decision.signal_id) == (sent.order_key, sent.limit, sent.signal_id)
    assert (decision.price, decision.size, decision.tx) == (500_000, 1_000 * ONE, "tx1")
    assert decision.p_win == 650_000
    assert decision.at - decision.venue_at == SECOND
    assert decision.not_applicable == ("spread", "depth", "price_moved")


def test_a_denied_decision_keeps_the_wish_and_the_stake() -> None:
    house = ratio(market_usd=dollars(1))
    assert house.whale() is R.CAP_MARKET
    (decision,) = house.decisions
    assert (decision.stake, decision.order_key) == (dollars(50), "")
    assert decision.limit == 510_000
