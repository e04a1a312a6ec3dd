"""Size: the edge, the smallest order, and every cap; each case needs $10 or has $10 left."""

from typing import Any

from shared.domain.decision import Reason
from shared.domain.instants import MINUTE
from shared.domain.messages import FiguresPublished, MarketListed
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.order import Side
from shared.domain.tables import Figures
from shared.domain.whale import RankedWallet
from tests.shared.engine.builders import RATIO, House, market, ranked, trade
from tests.shared.engine.reasons import MARGIN, SALE, Row, after, limits, listed, ratio

R = Reason
TEN = dollars(10)


def followed(wallet: RankedWallet) -> House:
    return after(House().ready(wallet))


def cash(more: int) -> House:
    """The smallest trade is set to the cash that is left, less the margin, plus ``more``."""

    def spent(**changes: Any) -> House:
        house = listed(House(limits(**changes), RATIO).ready("whale", "other", capital=95), "l")
        house.bought(trade("other", "l:yes", tx="txl"))
        return house

    return after(spent(trade_min_usd=spent().cash - MARGIN + more))


def positions(most: int, filled: bool) -> House:
    house = listed(ratio(positions_max=most), "l")
    (house.bought if filled else house.copied)(trade(token="l:yes", tx="txl"))
    return after(house)


def rate(later: int) -> House:
    house = listed(ratio(entries_per_minute=1), "l")
    house.copied(trade(token="l:yes", tx="txl"))
    return after(house, wait=later)


def sale(sold: bool) -> House:
    house = House().ready()
    house.bought()
    if sold:
        house.copied(SALE)
    return after(house, trade(side=Side.SELL, tx="sale2"))


def figures(told: Figures, held: bool = False) -> House:
    """The verdict after these figures, on a new position or on more of one that is held."""
    house = ratio()
    if held:
        house.bought()
    house.give(FiguresPublished(told))
    return after(house, trade(tx="tx2"))


def topic(most: int) -> House:
    """Every position of a topic counts, and two are held or being bought; the third market has it too."""
    house = ratio(topic_counts_all=True, topic_positions_max=most)
    for name in ("a", "b", "c"):
        house.give(MarketListed(market(name, topic="election")))
    house.give(MarketListed(market("d", topic="weather")))
    house.bought(trade(token="a:yes", tx="txa"))
    house.copied(trade(token="b:yes", tx="txb"))
    house.copied(trade(token="d:yes", tx="txd"))
    return after(house, trade(token="c:yes", tx="txc"))


def spread_of(score: int, bets: int = 3, trims: dict[str, int] | None = None) -> Figures:
    return Figures(0, diversification=Fraction(score), bets=bets, trims=trims or {})


def capped(**limit: Any) -> House:
    """The verdict under one cap."""
    return after(ratio(**limit))


def room(micro: int) -> dict[str, int]:
    """What must be kept of an entry for which so much room was left."""
    return {"stake_wanted": dollars(50), "room": micro, "trade_min_usd": TEN}


KEY = "m:yes#whale_copy/whale"
TRIM = {KEY: ONE // 2}
TABLE: list[Row] = [
    Row(R.EDGE_UNKNOWN, lambda: followed(RankedWallet("whale", 1)), lambda: followed(ranked("whale"))),
    Row(R.NO_EDGE, lambda: followed(ranked("whale", edge=0)), lambda: followed(ranked("whale"))),
    Row(
        R.NO_EDGE,
        lambda: followed(ranked("whale", edge=22_495)),
        lambda: followed(ranked("whale", edge=25_000)),
    ),
    Row(
        R.LOW_CONFIDENCE,
        lambda: capped(confidence_min=Fraction(650_001)),
        lambda: capped(confidence_min=Fraction(650_000)),
        told={"confidence": 650_000, "confidence_min": 650_001},
    ),
    Row(
        R.BELOW_MINIMUM,
        lambda: after(ratio(), trade(size=199_990_000)),
        lambda: after(ratio(), trade(size=200_000_000)),
        told={"stake_wanted": 9_999_500, "trade_min_usd": TEN},
    ),
    Row(
        R.CAP_POSITION,
        lambda: capped(position_of_equity=Fraction(1_000)),
        lambda: capped(position_of_equity=Fraction(1_001)),
        told=room(TEN - MARGIN),
    ),
    Row(
        R.CAP_POSITION,  # held to resolution all of it can be lost
        lambda: capped(loss_per_trade_usd=TEN + MARGIN - 1),
        lambda: capped(loss_per_trade_usd=TEN + MARGIN),
        told=room(TEN - 1),
    ),
    Row(
        R.CAP_MARKET,
        lambda: capped(market_usd=TEN + MARGIN - 1),
        lambda: capped(market_usd=TEN + MARGIN),
        told=room(TEN - 1),
    ),
    Row(
        R.CAP_MARKET,
        lambda: capped(market_of_equity=Fraction(1_000)),
        lambda: capped(market_of_equity=Fraction(1_001)),
        told=room(TEN - MARGIN),
    ),
    Row(
        R.CAP_WHALE,
        lambda: capped(source_usd=TEN + MARGIN - 1),
        lambda: capped(source_usd=TEN + MARGIN),
        told=room(TEN - 1),
    ),
    Row(
        R.CAP_WHALE,
        lambda: capped(source_of_equity=Fraction(1_000)),
        lambda: capped(source_of_equity=Fraction(1_001)),
        told=room(TEN - MARGIN),
    ),
    Row(
        R.CAP_PORTFOLIO,
        lambda: capped(portfolio_usd=TEN + MARGIN - 1),
        lambda: capped(portfolio_usd=TEN + MARGIN),
        told=room(TEN - 1),
    ),
    Row(
        R.CAP_PORTFOLIO,
        lambda: capped(strategy_usd=TEN + MARGIN - 1),
        lambda: capped(strategy_usd=TEN + MARGIN),
        told=room(TEN - 1),
    ),
    Row(
        R.CAP_EXPOSURE,
        lambda: capped(exposure_of_equity=Fraction(1_000)),
        lambda: capped(exposure_of_equity=Fraction(1_001)),
        told=room(TEN - MARGIN),
    ),
    Row(R.CAP_CASH, lambda: cash(1), lambda: cash(0)),
    Row(
        R.CAP_TOPIC,
        lambda: figures(Figures(0, correlated={"m": 3})),
        lambda: figures(Figures(0, correlated={"m": 2})),
        told={"in_topic": 3 * ONE, "topic_positions_max": 3 * ONE},
    ),
    Row(R.CAP_TOPIC, lambda: topic(2), lambda: topic(3), told={"in_topic": 2 * ONE, "topic_positions_max": 2 * ONE}),
    Row(
        R.CAP_DIVERSIFICATION,
        lambda: figures(spread_of(599_999)),
        lambda: figures(spread_of(600_000)),
        told={"diversification": 599_999, "diversification_min": 600_000},
    ),
    Row(R.CAP_DIVERSIFICATION, lambda: figures(spread_of(500_000)), lambda: figures(spread_of(500_000, bets=2))),
    Row(
        R.CAP_DIVERSIFICATION,
        lambda: figures(spread_of(599_999, trims=TRIM), held=True),
        lambda: figures(spread_of(599_999), held=True),
        R.TOPPED_UP,
    ),
    Row(
        R.CAP_OPEN_POSITIONS,
        lambda: positions(1, filled=True),
        lambda: positions(2, filled=True),
        told={"positions": ONE, "positions_max": ONE},
    ),
    Row(R.CAP_OPEN_POSITIONS, lambda: positions(1, filled=False), lambda: positions(2, filled=False)),
    Row(
        R.ORDER_RATE,
        lambda: rate(MINUTE - 1),
        lambda: rate(MINUTE),
        told={"entries": ONE, "entries_per_minute": ONE},
    ),
    Row(R.EXIT_COVERED, lambda: sale(sold=True), lambda: sale(sold=False)),
]
