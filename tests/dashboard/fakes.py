"""Hand-written queries and the states they show: nothing yet, a quiet account, a busy one, a database that is away."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from dashboard.rankings import Published, Row, Run
from dashboard.state import Live, Measures, Point, RiskView, SourceShare, WhaleRow
from shared.domain.command import Command
from shared.domain.decision import Decision, Reason
from shared.domain.errors import Temporary
from shared.domain.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from shared.domain.ledger import Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import Fraction, Price, Shares, Usd, dollars
from shared.domain.order import FINAL, Order, OrderState, Purpose, Side
from shared.domain.whale import RankedWallet, Ranking
from shared.ports import Switch
from tests.dashboard.changes_fakes import FakeChanges
from tests.dashboard.money_fakes import FakeMoney
from tests.dashboard.operations_fakes import FakeOperations
from tests.dashboard.research_fakes import FakeFound, FakeStudies, found
from tests.dashboard.screen_fakes import FakeScreens

NOW = 1_774_216_800 * SECOND  # 2026-03-22 22:00:00 UTC
WALLET = "0x1111111111111111111111111111111111112222"


def market(n: int) -> Market:
    return Market(
        f"0xm{n}", MarketKind.EVENT, f"slug-{n}", f"Will number {n} win?", "", (f"{n}yes", f"{n}no"), ("Yes", "No")
    )


def position(n: int, opened_at: int = NOW - HOUR, size: int = 100_000_000, cost: int = 40_000_000) -> Position:
    return Position(
        "paper",
        f"{n}yes",
        f"whale_copy/{WALLET}",
        f"0xm{n}",
        "whale_copy",
        WALLET,
        Shares(size),
        Usd(cost),
        Usd(0),
        opened_at,
        opened_at,
    )


def order(n: int, state: OrderState = OrderState.LIVE, filled: int = 0) -> Order:
    return Order(
        order_key=f"o{n}.1",
        intent_id=f"o{n}",
        leg=1,
        account="paper",
        strategy="whale_copy",
        source=WALLET,
        market=f"0xm{n}",
        token=f"{n}no",
        side=Side.BUY,
        purpose=Purpose.ENTRY,
        limit=Price(630_000),
        size=Shares(80_000_000),
        fee_rate=Fraction(50_000),
        signal_id=f"s{n}",
        signal_at=NOW - n * MINUTE,
        signal_tx=f"0xt{n}",
        planned_at=NOW - n * MINUTE,
        salt=n,
        state=state,
        filled=Shares(filled),
    )


def decision(n: int, reason: Reason = Reason.COPIED, at: int | None = None) -> Decision:
    when = NOW - n * SECOND if at is None else at
    return Decision(
        when,
        when - 2 * SECOND,
        "paper",
        "whale_copy",
        f"s{n}",
        WALLET,
        f"0xm{n}",
        f"{n}yes",
        Side.BUY,
        620_000,
        120_000_000,
        f"0xt{n}",
        reason,
        confidence=700_000,
        p_win=680_000,
        limit=630_000,
        stake=42_100_000,
        order_key=f"o{n}.1" if reason is Reason.COPIED else "",
        not_applicable=("volume",) if reason is Reason.NO_EDGE else (),
    )


def live(decisions: dict[str, int] | None = None, **changed: Any) -> Live:
    fields: dict[str, Any] = {
        "at": NOW + DAY,
        "source": "synthetic",
        "event_at": NOW,
        "equity": 10_309_960_000,
        "cash": 9_000_000_000,
        "reserved": 50_000_000,
        "marked": 1_259_960_000,
        "realized": 300_000_000,
        "unrealized": 9_960_000,
        "fees": 31_230_000,
        "capital": 10_000_000_000,
        "positions_open": 1,
        "orders_open": 1,
        "counts": {"whale_trades": 1200, "duplicates": 37, "fills": 8},
        "decisions": {"copied": 90, "topped_up": 10, "stale": 1100} if decisions is None else decisions,
        "feeds": {"data-api": "ok"},
        "marks": {"1yes": 450_000},
    }
    return Live(**{**fields, **changed})


def measures(**changed: SourceShare) -> Measures:
    """A healthy live trader's figures, with other sources where told."""
    delays = (420 * MILLISECOND, 913 * MILLISECOND, 990 * MILLISECOND)
    sources = {
        "rtds": SourceShare(1188, 1200, *delays),
        "activity": SourceShare(1200, 1200, 6 * SECOND, 9 * SECOND, 11 * SECOND),
        "fast": SourceShare(1188, 1200),
        **changed,
    }
    notices = {"rtds connected": 5, "rtds silent": 2, "market resync": 7, "whales fallback": 1}
    return Measures(NOW, sources, (0.4, 1.9, 4.2), (0.2, 3.1), 0, 12, notices)


RUN, EARLIER = "rankings/2026-03-22T220000Z", "rankings/2026-03-22T160000Z"
MAKER, TWIN, LUCKY, IDLE = ("0x" + digit * 40 for digit in "abcd")
RULES: dict[str, Any] = {"level": 0.95, "delay_s": 4.0, "gates": {"quality_try": 50.0}}


def score(wallet: str, rank: int | None = None, **changed: Any) -> Row:
    """A row of a score table: an eligible wallet with capital unless told otherwise."""
    row: Row = {
        "wallet": wallet,
        "n_trades": 300,
        "n_markets": 110,
        "n_resolved": 100,
        "volume_usd": 2_500.0,
        "pnl_usd": 800.0,
        "roi": 0.32,
        "win_rate": 0.63,
        "win_rate_low": 0.55,
        "price_paid": 0.49,
        "profit_factor": 1.9,
        "sharpe_low": 0.1,
        "sharpe_high": 0.5,
        "score": 4.2,
        "quality": 74.0,
        "rank": rank,
        "p_value": 0.001,
        "q_value": 0.02,
        "follower_pnl_usd": 500.0,
        "follower_sharpe_low": 0.1,
        "eligible": rank is not None,
        "reason": "",
        "flags": "specialist",
        "cluster": None,
        "allocation": 0.0,
    }
    return {**row, **changed}


def scores() -> list[Row]:
    """One followed wallet, its twin, one that is only lucky, a market maker and one that cannot be judged."""
    return [
        score(WALLET, 1, allocation=0.02, cluster="cluster-1"),
        score(TWIN, 2, cluster="cluster-1", q_value=0.3, flags="specialist,correlated"),
        score(LUCKY, 3, q_value=0.7, sharpe_low=-0.2, quality=45.0, flags=""),
        score(MAKER, reason="market_maker", flags="market_maker", q_value=1.0, sharpe_low=-0.5, sharpe_high=-0.1),
        score(
            IDLE,
            reason="too_few_wins",
            flags="",
            q_value=None,
            win_rate=None,
            price_paid=None,
            pnl_usd=None,
            follower_pnl_usd=None,
            sharpe_low=-math.inf,
            sharpe_high=math.inf,
            follower_sharpe_low=None,
        ),
    ]


def pair(wallet: str, other: str, linked: bool) -> Row:
    return {"wallet": wallet, "other": other, "linked": linked, "evidence": f"40 moments in common, linked: {linked}"}


def stored_run(
    rows: Sequence[Row] | None = None, name: str = RUN, previous: str = "", rules: Mapping[str, Any] = RULES
) -> Run:
    """A stored run of these score rows, with two pairs about the followed wallet."""
    table = pa.Table.from_pylist(list(scores() if rows is None else rows))
    pairs = pa.Table.from_pylist([pair(TWIN, WALLET, linked=True), pair(WALLET, LUCKY, linked=False)])
    manifest = pa.table({"name": ["one", "two"]}).replace_schema_metadata(
        {"as_of": str(NOW // SECOND), "rules": json.dumps(dict(rules))}
    )
    return Run(name, table, pairs, manifest, previous)


def published(*wallets: RankedWallet) -> Published:
    return Published(RUN, Ranking(NOW, "scored", wallets or (RankedWallet(WALLET, 1, 100, mean_return=90_000),)))


class FakeQueries:
    """Answers from lists; empty unless told otherwise."""

    def __init__(self, shown: Live | None = None) -> None:
        self.changes = FakeChanges(self)
        self.screens = FakeScreens()
        self.money = FakeMoney()
        self.operations = FakeOperations()
        self.studies = FakeStudies()
        self.found = FakeFound()
        self.shown = shown
        self.risky: RiskView | None = None
        self.wall = NOW + DAY
        self.switched = Switch(True)
        self.waiting: list[Command] = []
        self.points: list[Point] = []
        self.before: int | None = None
        self.measured: Measures | None = None
        self.held: list[Position] = []
        self.known_orders: list[Order] = []
        self.decided: list[Decision] = []
        self.followed: list[WhaleRow] = []
        self.known_markets: dict[str, Market] = {}
        self.published: Published | None = None
        self.stored: dict[str, Run] = {}

    def now(self) -> int:
        return self.wall

    def forget(self) -> None:
        """Nothing is kept."""

    def live(self) -> Live | None:
        return self.shown

    def risk(self) -> RiskView | None:
        return self.risky

    def legs(self, decision: Decision) -> list[Order]:
        return [known for known in self.known_orders if known.signal_id == decision.signal_id]

    def switch(self) -> Switch:
        return self.switched

    def pending(self) -> list[Command]:
        return self.waiting

    def curve(self, start: int, end: int) -> list[Point]:
        return [point for point in self.points if start <= point.at <= end]

    def equity_before(self, at: int) -> int | None:
        return self.before if at > 0 else None

    def measures(self, at: int) -> Measures | None:
        return self.measured if at > 0 else None

    def positions(self) -> list[Position]:
        return self.held

    def open_orders(self) -> list[Order]:
        return [known for known in self.known_orders if known.state not in FINAL]

    def orders(self, keys: Sequence[str]) -> list[Order]:
        return [known for known in self.known_orders if known.order_key in keys]

    def decisions(self, until: int, most: int) -> list[Decision]:
        return [made for made in self.decided if made.at <= until][:most]

    def whales(self) -> list[WhaleRow]:
        return self.followed

    def watch_list(self) -> Published | None:
        return self.published

    def runs(self) -> list[str]:
        return sorted(self.stored)

    def run(self, name: str) -> Run:
        return self.stored[name]

    def markets(self, names: Collection[str]) -> dict[str, Market]:
        return {name: self.known_markets[name] for name in names if name in self.known_markets}


class AwayQueries(FakeQueries):
    """A database that does not answer, nor does the lake."""

    def __init__(self) -> None:
        super().__init__()
        self.studies.away = True

    def live(self) -> Live | None:
        raise Temporary("the database at http://127.0.0.1:4566 does not answer; is the system running (`make run`)?")

    def switch(self) -> Switch:
        self.live()
        return super().switch()

    def whales(self) -> list[WhaleRow]:
        self.live()
        return super().whales()

    def watch_list(self) -> Published | None:
        self.live()
        return super().watch_list()


def quiet() -> FakeQueries:
    """One position, one open order, one finished one, three decisions, one whale."""
    queries = FakeQueries(live())
    queries.points = [Point(NOW - n * MINUTE, 10_309_960_000 - n * 1_000_000) for n in range(120, -1, -1)]
    queries.before = 10_100_000_000
    queries.held = [position(1)]
    queries.known_orders = [order(1), order(2, OrderState.FILLED, 80_000_000)]
    queries.decided = [decision(2), decision(3, Reason.NO_EDGE), decision(4, Reason.STALE)]
    queries.followed = [WhaleRow(WALLET, 3, 171, 60_100, 300_000, 150_000, dollars(765_000), dollars(52), 24, NOW)]
    queries.known_markets = {f"0xm{n}": market(n) for n in range(1, 5)}
    return queries


def ranked() -> FakeQueries:
    """The quiet account with a published ranking, which is stored, and the one before it."""
    queries = quiet()
    queries.published = published()
    queries.stored = {
        EARLIER: stored_run([score(TWIN, 1), score(WALLET, 4)], EARLIER),
        RUN: stored_run(previous=EARLIER),
    }
    queries.found = found(RUN, WALLET, TWIN, LUCKY)
    return queries


def busy() -> FakeQueries:
    """Fifty positions, 3,000 points, 6,000 decisions under every reason, 200 whales."""
    queries = FakeQueries(live({reason.value: n + 1 for n, reason in enumerate(Reason)}, positions_open=50))
    queries.points = [Point(NOW - n * 28 * SECOND, dollars(10_000 + n % 97)) for n in range(3000, -1, -1)]
    queries.held = [position(n) for n in range(50)]
    queries.known_orders = [order(n, list(OrderState)[n % 8]) for n in range(100)]
    queries.decided = [decision(n, list(Reason)[n % len(Reason)]) for n in range(6000)]
    queries.followed = [WhaleRow(f"0x{n:040x}", n + 1, 50, 1000, 2000, 1000, 0, n - 100, n % 3) for n in range(200)]
    rows = [score(f"0x{n:040x}", n + 1 if n < 700 else None) for n in range(900)]
    queries.stored = {RUN: stored_run(rows)}
    return queries
