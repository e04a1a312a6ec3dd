"""An account as it stands after days of trading, made from a seed: the same seed, size and instant give the same one.

Nothing here touches a database; ``filling`` writes it. Its prices, questions and wallets are invented.
"""

import random
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from shared.domain.decision import Decision, Reason
from shared.domain.ids import intent_id, order_key
from shared.domain.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.money import Fraction, Price, Shares, Usd, dollars
from shared.domain.order import FINAL, Order, OrderState, Purpose, Side
from shared.domain.reasons import COPIES
from tests.browser.history import History, Wish, history, sized
from tests.browser.onscreen import OnScreen, on_screen
from tests.browser.standing import risk_view

STRATEGY = "whale_copy"
CAPITAL = dollars(10_000)
COINS = ("bitcoin", "ethereum", "solana", "xrp")
QUESTIONS = (
    "Will Bitcoin reach ${n},000 by December 31?",
    "Will the Fed cut rates by {n} basis points in December?",
    "Will Arsenal beat Real Madrid by {n} or more goals?",
    "Will “One Battle After Another” win at least {n} awards at the 98th Academy Awards?",
    "Highest temperature in London on March {n}?",
    "Will turnout in São Paulo be above {n}%?",
)
WHY_NOT = (
    Reason.STALE,
    Reason.NO_EDGE,
    Reason.PRICE_MOVED,
    Reason.LOW_VOLUME,
    Reason.WIDE_SPREAD,
    Reason.NO_SLEEVE,
    Reason.CAP_WHALE,
    Reason.OPPOSITE_SIDE,
    Reason.NEAR_RESOLUTION,
    Reason.BELOW_MINIMUM,
    Reason.OVERLAP,
    Reason.THIN_BOOK,
)
"""Of trades that were not copied; the first ones are the frequent ones."""
NUMBERS: dict[Reason, tuple[tuple[str, int], ...]] = {
    Reason.NO_EDGE: (("p_win", 541_200), ("all_in", 566_800)),
    Reason.PRICE_MOVED: (("best_ask", 655_000), ("limit", 630_000)),
    Reason.LOW_VOLUME: (("volume_24h", 7_420_150_000), ("volume_24h_min", 10_000_000_000)),
    Reason.WIDE_SPREAD: (("spread", 61_000), ("spread_max", 50_000)),
    Reason.NEAR_RESOLUTION: (("before_end_ns", 42 * SECOND), ("entry_before_end_ns", MINUTE)),
    Reason.BELOW_MINIMUM: (("wish", 3_580_000), ("trade_min_usd", 10_000_000)),
    Reason.OVERLAP: (("overlap", 412_000), ("overlap_max", 300_000)),
    Reason.THIN_BOOK: (("depth", 4_200_000), ("trade_min_usd", 10_000_000)),
}
STATES = (
    OrderState.FILLED,
    OrderState.FILLED,
    OrderState.FILLED,
    OrderState.FILLED,
    OrderState.CANCELED,
    OrderState.EXPIRED,
    OrderState.REJECTED,
)
OPEN_STATES = (OrderState.LIVE, OrderState.PARTIAL, OrderState.IN_DOUBT, OrderState.PLANNED)


class Size(Struct, frozen=True):
    """How much there is at most. ``whales`` are the wallets ever followed, ``followed`` those of now."""

    decisions: int
    orders: int
    open_orders: int
    whales: int
    followed: int
    markets: int
    positions: int
    days: int


SIZES = {
    "empty": Size(0, 0, 0, 0, 0, 0, 0, 0),
    "small": Size(600, 120, 4, 40, 25, 30, 12, 1),
    "medium": Size(4_000, 800, 6, 200, 100, 120, 30, 2),
    "large": Size(100_000, 20_000, 10, 2_000, 200, 1_500, 50, 7),
}


class Population(Struct, frozen=True):
    """Everything an account has written. ``live`` and ``risk`` are items as the trader writes them."""

    account: str
    at: int
    size: Size
    markets: list[Market]
    decisions: list[Decision]
    past: History
    points: list[dict[str, Any]]
    whales: list[dict[str, Any]]
    marks: dict[str, int]
    live: dict[str, Any]
    risk: dict[str, Any]
    screens: OnScreen

    @property
    def nothing(self) -> bool:
        """Whether the trader has not written anything yet."""
        return not self.points


def populate(account: str, size: Size, at: int, seed: int = 1) -> Population:
    """The account as it stands at ``at`` (nanoseconds)."""
    chance = random.Random(seed)
    wallets = [f"0x{chance.getrandbits(160):040x}" for _ in range(size.whales)]
    markets = [_market(n, at, chance) for n in range(size.markets)]
    decisions = list(_decisions(account, size, at, wallets, markets, chance))
    wishes = [_wish(made, n, size, chance) for n, made in enumerate(d for d in decisions if d.order_key)]
    past = history(account, CAPITAL, at - size.days * DAY, wishes, size.positions, chance)
    positions = past.held
    marks = {p.token: _near(p.cost * 1_000_000 // p.size, chance) for p in positions}
    points = list(_points(size.days, at, chance))
    whales = [_whale(n, wallet, at, chance) for n, wallet in enumerate(wallets)]
    return Population(
        account,
        at,
        size,
        markets,
        decisions,
        past,
        points,
        whales,
        marks,
        _live(size, at, decisions, past, marks, points),
        risk_view(at, positions),
        on_screen(markets, at, chance),
    )


def _market(n: int, at: int, chance: random.Random) -> Market:
    condition = f"0x{chance.getrandbits(256):064x}"
    tokens = (str(chance.getrandbits(255)), str(chance.getrandbits(255)))
    bid = chance.randrange(40, 940) * 1_000
    told: dict[str, Any] = {
        "volume_24h": Usd(chance.randrange(1_000, 9_000_000) * 1_000_000),
        "best_bid": Price(bid),
        "best_ask": Price(bid + chance.randrange(10, 50) * 1_000),
        "liquidity": Usd(chance.randrange(500, 400_000) * 1_000_000),
    }
    if n % 3 == 0:
        coin = COINS[n // 3 % len(COINS)]
        start = (at // (15 * MINUTE) - n) * 15 * MINUTE
        slug = f"{coin}-updown-15m-{start // SECOND}"
        asked = f"{coin.capitalize()} Up or Down, 15 minutes, window {n}"
        kind, names, end = MarketKind.CRYPTO_UPDOWN, ("Up", "Down"), start + 15 * MINUTE
        return Market(condition, kind, slug, asked, "crypto", tokens, names, start_at=start, end_at=end, **told)
    asked = QUESTIONS[n % len(QUESTIONS)].replace("{n}", str(2 + n))
    end = at + (n % 90) * DAY + HOUR
    kind = MarketKind.EVENT
    return Market(condition, kind, f"slug-{n}", asked, "", tokens, ("Yes", "No"), end_at=end, topic=f"t{n % 9}", **told)


def _decisions(
    account: str, size: Size, at: int, wallets: list[str], markets: list[Market], chance: random.Random
) -> Iterator[Decision]:
    """The newest first; every so many of them copied, so that ``size.orders`` have an order."""
    every = size.decisions // size.orders if size.orders else 1
    step = max(size.days, 1) * DAY // max(size.decisions, 1)
    for n in range(size.decisions):
        market = markets[chance.randrange(len(markets))]
        place = chance.randrange(2)
        when = at - n * step - chance.randrange(step)
        copied = n % every == 0
        reason = COPIES[n // every % 5 == 4] if copied else WHY_NOT[min(chance.randrange(20), chance.randrange(12))]
        side = Side.BUY if copied or n % 4 else Side.SELL
        signal, wallet = f"{chance.getrandbits(128):032x}", wallets[chance.randrange(size.followed)]
        price = chance.randrange(30, 960) * 1_000
        key = order_key(intent_id(account, STRATEGY, signal, market.tokens[place], side.value, "ENTRY"), 1)
        yield Decision(
            when,
            when - chance.randrange(800, 4_000) * MILLISECOND,
            account,
            STRATEGY,
            signal,
            wallet,
            market.market,
            market.tokens[place],
            side,
            price,
            chance.randrange(1, 40_000) * 10_000,
            f"0x{chance.getrandbits(256):064x}",
            reason,
            confidence=chance.randrange(520, 940) * 1_000 if side is Side.BUY else 0,
            p_win=min(990_000, price + 31_400) if copied else 0,
            limit=min(990_000, price + 10_000) if copied else 0,
            stake=chance.randrange(10, 250) * 1_000_000 if copied else 0,
            order_key=key if copied else "",
            numbers=NUMBERS.get(reason, ()),
        )


def _wish(made: Decision, n: int, size: Size, chance: random.Random) -> Wish:
    """The order of a decision, and what is to become of it."""
    planned = Order(
        order_key=made.order_key,
        intent_id=made.order_key.partition(".")[0],
        leg=1,
        account=made.account,
        strategy=made.strategy,
        source=made.wallet,
        market=made.market,
        token=made.token,
        side=made.side,
        purpose=Purpose.ENTRY,
        limit=Price(made.limit),
        size=Shares(0),
        fee_rate=Fraction(50_000),
        signal_id=made.signal_id,
        signal_at=made.venue_at,
        signal_tx=made.tx,
        planned_at=made.at,
        salt=n,
        reference=max(made.limit - 6_000, 1_000),
        p_win=made.p_win,
    )
    state = OPEN_STATES[n % len(OPEN_STATES)] if n < size.open_orders else STATES[chance.randrange(len(STATES))]
    return Wish(sized(planned, made.stake), state)


def _near(price: int, chance: random.Random) -> int:
    return min(990_000, max(1_000, price * chance.randrange(80, 124) // 100_000 * 1_000))


def _points(days: int, at: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """A point a minute: a walk of equity upwards, with the figures of the sources that a live trader measures."""
    equity = float(CAPITAL)
    for n in range(days * DAY // MINUTE):
        equity = max(equity + chance.gauss(55_000, 2_400_000), float(dollars(8_000)))
        when = at - days * DAY + n * MINUTE
        unrealized = round(equity - CAPITAL) // 3
        yield {
            "at": when,
            "equity": round(equity),
            "realized": round(equity) - CAPITAL - unrealized,
            "unrealized": unrealized,
            "cash": dollars(7_400),
            **_measures(chance),
        }


def _measures(chance: random.Random) -> dict[str, Any]:
    seen = 1_100 + chance.randrange(100)
    delays = {"p50": 2_420 * MILLISECOND, "p95": 3_913 * MILLISECOND, "p99": 5_990 * MILLISECOND}
    slow = {"p50": 6 * SECOND, "p95": 9 * SECOND, "p99": 11 * SECOND}
    return {
        "sources": {
            "rtds": {"seen": seen, "of": 1_200, **delays},
            "polygon": {"seen": seen - 40, "of": 1_200, **delays},
            "activity": {"seen": 1_200, "of": 1_200, **slow},
            "fast": {"seen": 1_199, "of": 1_200},
        },
        "decided_ms": [0.4, 1.9, 4.2],
        "lag_ms": [0.2, 3.1],
        "merged": 0,
        "held_trades": 12,
        "notices": {"rtds connected": 5, "rtds silent": 2, "market resync": 7, "whales fallback": 1},
    }


def _whale(n: int, wallet: str, at: int, chance: random.Random) -> dict[str, Any]:
    copies = max(0, 90 - n)
    return {
        "wallet": wallet,
        "rank": n + 1,
        "n_markets": chance.randrange(20, 400),
        "edge_shrunk": chance.randrange(-8_000, 60_000),
        "mean_return": chance.randrange(20_000, 300_000),
        "return_low": chance.randrange(-60_000, 20_000),
        "volume_usd": dollars(chance.randrange(900, 800_000)),
        "pnl_usd": chance.randrange(-90, 140) * 1_000_000 if copies else 0,
        "copies": copies,
        "last_trade_at": at - (n + 1) * MINUTE if copies else 0,
    }


def _live(
    size: Size,
    at: int,
    decisions: list[Decision],
    past: History,
    marks: dict[str, int],
    points: list[dict[str, Any]],
) -> dict[str, Any]:
    """The live item; empty where there is nothing."""
    if not points:
        return {}
    counted: dict[str, int] = {}
    for made in decisions:
        counted[made.reason.value] = counted.get(made.reason.value, 0) + 1
    last = points[-1]
    marked = sum(p.size // 1_000_000 * marks[p.token] for p in past.held)
    reserved = sum(o.reserved for o in past.orders)
    return {
        "at": at,
        "mode": "paper",
        "source": "live",
        "event_at": at,
        "equity": last["equity"],
        "cash": last["equity"] - marked - reserved,
        "reserved": reserved,
        "marked": marked,
        "realized": last["realized"],
        "unrealized": last["unrealized"],
        "fees": sum(o.fees for o in past.orders),
        "capital": CAPITAL,
        "positions_open": len(past.held),
        "orders_open": sum(1 for o in past.orders if o.state not in FINAL),
        "counts": {
            "whale_trades": size.decisions,
            "duplicates": size.decisions // 30,
            "late": 3,
            "fills": sum(1 for o in past.orders if o.filled),
        },
        "decisions": counted,
        "trading": True,
        "switch_reason": "",
        "feeds": {},
        "progress": "live: whales by rtds, books by market",
        "breakers": [],
        "exits": {"stop_loss": 4, "take_profit": 9, "time_exit": 2},
    }
