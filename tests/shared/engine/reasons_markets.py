"""Signals, the other whales, and what the market shows."""

from msgspec.structs import replace

from shared.domain.change import Mode
from shared.domain.decision import Reason
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.market import MarketKind
from shared.domain.messages import MarketChanged, OrderInDoubt, PublicTrade, VoicesPublished
from shared.domain.money import ONE, Price, dollars
from shared.domain.order import Side
from shared.domain.tables import Pair, Voices
from tests.shared.engine.builders import RATIO, House, book, ranking, trade
from tests.shared.engine.builders import market as of_market
from tests.shared.engine.reasons import OPEN, SALE, Row, after, bare, chorus, followers, listed, murmur, ratio, strict

R = Reason


# ---------------------------------------------------------------------- signals


def topped_up() -> House:
    house = House(params=RATIO).ready()
    house.bought()
    return after(house, trade(tx="tx2"))


def joined() -> House:
    house = House().ready()
    house.bought()
    return after(house, trade(tx="tx2"))


def leg_open(final: bool) -> House:
    house = House(params=RATIO).ready()
    (house.bought if final else house.copied)()
    return after(house, trade(tx="tx2"))


def aged(age: int) -> House:
    return after(House().ready(), wait=2 * MINUTE, lag=age)


def unranked(*followed: str) -> House:
    house = House().ready()
    house.bought()
    house.give(ranking(*followed))
    return after(house, trade(tx="tx2"))


def set_to(*modes: Mode) -> House:
    house = House().ready()
    for mode in modes:
        house.change(mode=mode)
    return after(house)


def sold(held: bool) -> House:
    house = House().ready()
    if held:
        house.bought()
    return after(house, SALE)


def second_whale(token: str) -> House:
    house = House(OPEN).ready("whale", "other")
    house.bought()
    return after(house, trade("other", token, tx="tx2"))


def doubtful(token: str) -> House:
    house = listed(House(OPEN).ready("whale", "other"), "n")
    sent = house.copied()
    house.give(OrderInDoubt(sent.order_key, "time-out"))
    return after(house, trade("other", token, tx="tx2"))


def settled(status: SettlementStatus, by: str = "whale") -> House:
    """One whale's copy has come so far on the chain when a whale buys the same."""
    house = followers()
    sent = house.copied()
    house.accept(sent)
    house.status(house.fill(sent, settles=True), status)
    return after(house, trade(by, tx="tx2"))


# ---------------------------------------------------------------------- the other whales


def overlapping(overlap: int) -> House:
    house = followers()
    house.give(VoicesPublished(Voices(0, (Pair("other", "whale", overlap, 0),))))
    house.copied()
    return after(house, trade("other", tx="tx2"))


def against(token: str = "m:no", ago: int = SECOND) -> House:
    """Another one has bought a little, so long ago; then the whale buys."""
    house = chorus()
    house.whale(murmur("second", token), lag=0)
    return after(house, wait=ago, lag=0)


def vote(noes: int) -> House:
    """Two of equal edge for it, one against it with this edge."""
    house = chorus(second=noes)
    house.whale(murmur("second", "m:no"))
    house.whale(murmur("third"))
    return after(house, trade(tx="tx2"))


# ---------------------------------------------------------------------- the market


def unlisted(known: bool) -> House:
    house = listed(House().ready(), *(["n"] if known else []))
    return after(house, trade(token="n:yes"))


def resolved(name: str) -> House:
    house = House().ready()
    house.resolve(name)
    return after(house)


def ends_in(left: int, kind: MarketKind) -> House:
    house = House().ready()
    house.give(MarketChanged(of_market(kind=kind, end_at=house.now + SECOND + left)))
    return after(house)


def book_age(age: int) -> House:
    return after(strict(best_bid=Price(490_000), best_ask=Price(500_000)), wait=age)


def taped(price: int, *prints: int, kind: MarketKind = MarketKind.EVENT, wait: int = SECOND) -> House:
    """Strangers have traded much at 0.50 and a little at these prices; then the whale buys at ``price``."""
    house = ratio()
    house.give(MarketChanged(of_market(kind=kind)))
    house.whale(trade(side=Side.SELL, size=1_000 * ONE, tx="sale"))  # from now on the token is followed
    for cost in (500_000, 500_000, *prints):
        size = ONE // 100 if cost != 500_000 else 1_000_000 * ONE
        house.give(PublicTrade("m", "m:yes", Side.BUY, cost, size, "print", 0))
    return after(house, trade(price=price, size=2_000 * ONE), wait)


def dear(first: int) -> House:
    """The book offers so many micro-shares at 0.49 and the rest at 0.51."""
    house = ratio()
    asks = ((490_000, first), (510_000, 1_000 * ONE))
    house.give(replace(book(bid=480_000), asks=asks))
    return after(house)


AVERAGED = OPEN.price_average_ns
"""Over how long recent prices are averaged."""
HALF_ORDER = 47_845_000
"""Half of the 95.69 shares that $50 buy at 0.51, which is the limit."""
CRYPTO = MarketKind.CRYPTO_UPDOWN
CONFLICT = {"voices_for": ONE, "voices_against": ONE}
TABLE: list[Row] = [
    Row(R.COPIED, lambda: after(House().ready()), lambda: after(House().ready(), trade("stranger")), None),
    Row(R.TOPPED_UP, topped_up, joined, R.JOINED_BURST),
    Row(R.JOINED_BURST, joined, topped_up, R.TOPPED_UP),
    Row(R.LEG_OPEN, lambda: leg_open(final=False), lambda: leg_open(final=True), R.TOPPED_UP),
    Row(R.STALE, lambda: aged(MINUTE + 1), lambda: aged(MINUTE)),
    Row(R.OBSERVED, lambda: set_to(Mode.OBSERVE), lambda: set_to(Mode.OBSERVE, Mode.TRADE)),
    Row(R.NOT_RANKED, lambda: unranked("other"), lambda: unranked("other", "whale"), R.JOINED_BURST),
    Row(R.NO_SLEEVE, lambda: sold(held=False), lambda: sold(held=True)),
    Row(R.OPPOSITE_SIDE, lambda: second_whale("m:no"), lambda: second_whale("m:yes")),
    Row(R.IN_DOUBT, lambda: doubtful("m:yes"), lambda: doubtful("n:yes")),
    Row(
        R.UNSETTLED,
        lambda: settled(SettlementStatus.MINED),
        lambda: settled(SettlementStatus.CONFIRMED),
        R.TOPPED_UP,
    ),
    Row(
        R.UNSETTLED,
        lambda: settled(SettlementStatus.MATCHED),
        lambda: settled(SettlementStatus.FAILED),
        R.TOPPED_UP,
    ),
    Row(R.UNSETTLED, lambda: settled(SettlementStatus.MATCHED), lambda: settled(SettlementStatus.MATCHED, "other")),
    Row(
        R.OVERLAP,
        lambda: overlapping(300_001),
        lambda: overlapping(300_000),
        told={"voices_for": 2 * ONE, "voices_against": 0, "overlap": 300_001, "overlap_max": 300_000},
    ),
    Row(R.CONFLICT, lambda: against("m:no"), lambda: against("n:no"), told=CONFLICT),
    Row(R.CONFLICT, lambda: against(ago=DAY), lambda: against(ago=DAY + 1), told=CONFLICT),
    Row(
        R.VOTE_LOST,
        lambda: vote(200_001),
        lambda: vote(200_000),
        told={"voices_for": 2 * ONE, "voices_against": ONE, "votes_for": 599_998, "votes_min": 600_000},
    ),
    Row(R.MARKET_UNKNOWN, lambda: unlisted(known=False), lambda: unlisted(known=True)),
    Row(R.MARKET_CLOSED, lambda: bare(House().ready(), accepting=False), lambda: bare(House().ready())),
    Row(R.MARKET_CLOSED, lambda: ends_in(0, CRYPTO), lambda: ends_in(1, CRYPTO)),
    Row(R.MARKET_RESOLVED, lambda: resolved("m"), lambda: resolved("n")),
    Row(R.MARKET_DISPUTED, lambda: bare(House().ready(), disputed=True), lambda: bare(House().ready())),
    Row(
        R.NEAR_RESOLUTION,
        lambda: ends_in(3 * HOUR - 1, MarketKind.EVENT),
        lambda: ends_in(3 * HOUR, MarketKind.EVENT),
        told={"before_end_ns": 3 * HOUR - 1, "entry_before_end_ns": 3 * HOUR},
    ),
    Row(R.END_UNKNOWN, lambda: after(strict(end_at=None)), lambda: after(strict())),
    Row(
        R.LOW_VOLUME,
        lambda: after(strict(volume_24h=dollars(50_000) - 1)),
        lambda: after(strict(volume_24h=dollars(50_000))),
        told={"volume_24h": dollars(50_000) - 1, "volume_24h_min": dollars(50_000)},
    ),
    Row(R.VOLUME_UNKNOWN, lambda: after(strict(volume_24h=None)), lambda: after(strict())),
    Row(
        R.WIDE_SPREAD,
        lambda: after(strict(book(bid=469_999))),
        lambda: after(strict(book(bid=470_000))),
        told={"spread": 30_001, "spread_max": 30_000},
    ),
    Row(
        R.WIDE_SPREAD,
        lambda: bare(House().ready(), best_bid=Price(469_999), best_ask=Price(500_000)),
        lambda: bare(House().ready(), best_bid=Price(470_000), best_ask=Price(500_000)),
        told={"spread": 30_001, "spread_max": 30_000},
    ),
    Row(R.SPREAD_UNKNOWN, lambda: bare(House(strict=True).ready()), lambda: bare(House().ready())),
    Row(R.DEPTH_UNKNOWN, lambda: book_age(10 * SECOND + 1), lambda: book_age(10 * SECOND)),
    Row(
        R.THIN_BOOK,
        lambda: after(strict(book(size=19_999_999))),
        lambda: after(strict(book(size=20_000_000))),
        told={"depth": 9_999_999, "trade_min_usd": dollars(10)},
    ),
    Row(
        R.PRICE_MOVED,
        lambda: after(strict(book(bid=500_000, ask=510_001))),
        lambda: after(strict(book(bid=500_000, ask=510_000))),
        told={"best_ask": 510_001, "limit": 510_000},
    ),
    Row(
        R.ANOMALOUS_TAPE,
        lambda: taped(500_000, 399_999, 600_000),
        lambda: taped(500_000, 400_000, 600_000),
        told={"swing": 200_001, "swing_max": 200_000},
    ),
    Row(
        R.ANOMALOUS_TAPE,
        lambda: taped(500_000, 300_000, 600_000, wait=AVERAGED),
        lambda: taped(500_000, 300_000, 600_000, wait=AVERAGED + 1),
    ),
    Row(
        R.ANOMALOUS_TAPE,
        lambda: taped(500_000, 300_000, 600_000),
        lambda: taped(500_000, 300_000, 600_000, kind=CRYPTO),
    ),
    Row(
        R.PRICE_OFF_AVERAGE,
        lambda: taped(525_001),
        lambda: taped(525_000),
        told={"average": 500_000, "off_average": 25_001, "off_average_max": 25_000},
    ),
    Row(R.PRICE_OFF_AVERAGE, lambda: taped(474_999), lambda: taped(475_000)),
    Row(
        R.SLIPPAGE,
        lambda: dear(HALF_ORDER - 10_000),
        lambda: dear(HALF_ORDER),
        told={"slippage": 10_002, "slippage_max": 10_000},
    ),
]
