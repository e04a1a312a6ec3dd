"""The public world of the drill: markets whose books move, and whales that trade in them, at a rate, from a seed.

The venue is shown the books by the crowd itself, so that orders fill while no trader lives.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from fargate.present import LAG_BOOKS_NS
from shared.adapters.paper.served.client import ServedVenue
from shared.domain.instants import DAY, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import BookSnapshot, MarketListed, RankingPublished, WhaleTrade
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.order import Side
from shared.domain.whale import RankedWallet, Ranking
from shared.ports import Batch
from tests.drill.public import Broadcast, Fact

RTDS = "rtds"
MARKET = "market"
TICK_S = 0.1
AGAIN_NS = 70 * SECOND  # not money: seconds to nanoseconds
"""Longer than trades are copied: what an earlier life copied is told to the next one again."""
STEP = 10_000
RUN_AWAY = 5 * STEP  # not money: steps to a price


class Scene(Struct, frozen=True):
    """``rate``: whale trades a second; ``rests``: whether prices run away for good from every market
    in which a whale has traded, so that copies rest."""

    seed: int = 1
    markets: int = 60
    rate: float = 4.0
    rests: bool = False


class Crowd:
    """See the module. ``tokens`` of market n are ``n:yes`` and ``n:no``; each market has one whale of its own."""

    def __init__(self, scene: Scene, venue_port: int, clock: Callable[[], int] = time.time_ns) -> None:
        self.trades = 0
        self.rate = scene.rate
        self.books = 0
        self.bought: Counter[str] = Counter()
        """Shares of each token that its whale has bought."""
        self._scene = scene
        self._clock = clock
        self._rng = Random(f"crowd {scene.seed}")
        began = clock()
        self._markets = [_market(n, began) for n in range(scene.markets)]
        self._began = began
        self._prices = [self._rng.randrange(300_000, 700_000, STEP) for _ in self._markets]
        self._books: dict[str, Fact] = {}
        self._recent: deque[Fact] = deque()
        self._deliveries = 0
        self._away: dict[int, int] = {}
        """By market: how far above what whales pay shares are offered."""
        self._owed = 0.0
        self._ticked_at = began
        self._turn = 0
        self._venue = ServedVenue(venue_port)
        for market in self._markets:
            self._venue.market(market)
        self._shown: list[tuple[int, BookSnapshot]] = []
        for n in range(scene.markets):
            self._show_books(n, began)
        self._lock = threading.Lock()
        self.public = Broadcast(self._standing)
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="crowd", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nobody trades any more."""
        self._stopping.set()
        self._thread.join()
        self.public.close()
        self._venue.close()
        if self._error is not None:
            raise self._error

    def _standing(self) -> list[Fact]:
        """What everybody can know now; trades so young that they may be copied are told again, by another delivery."""
        ranked = tuple(RankedWallet(f"whale{n}", n + 1, 20, 6_000_000) for n in range(len(self._markets)))
        at = self._began
        facts = [Fact(MARKET, at, MarketListed(market)) for market in self._markets]
        facts.append(Fact(RTDS, at, RankingPublished(Ranking(at, "drill", ranked))))
        with self._lock:
            self._deliveries += 1
            while self._recent and self._recent[0].venue_at < self._clock() - AGAIN_NS:
                self._recent.popleft()
            again = [self._delivered(fact) for fact in self._recent]
            return [*facts, *self._books.values(), *again]

    def _delivered(self, fact: Fact) -> Fact:
        return Fact(fact.source, fact.venue_at, replace(fact.payload, delivery=self._deliveries))

    # ------------------------------------------------------------------ what happens

    def _run(self) -> None:
        try:
            while not self._stopping.wait(TICK_S):
                self._tick()
        except BaseException as error:  # noqa: BLE001  # raised again by close()
            self._error = error

    def _tick(self) -> None:
        now = self._clock()
        passed_s = min(1.0, (now - self._ticked_at) / SECOND)
        self._ticked_at = now
        told: list[Fact] = []
        with self._lock:
            for _ in range(max(1, round(len(self._markets) * passed_s))):
                self._turn = (self._turn + 1) % len(self._markets)
                told += self._show_books(self._turn, now)
        self._owed += self.rate * passed_s
        while self._owed >= 1.0:
            self._owed -= 1.0
            n, trade = self._whale_trade()
            fact = Fact(RTDS, now, trade)
            told.append(fact)
            with self._lock:
                self._recent.append(fact)
                if self._scene.rests:
                    self._away[n] = RUN_AWAY
                    told += self._show_books(n, now + 1)
        self.public.tell(told)
        until = now - LAG_BOOKS_NS
        batch: Batch = [(at, book) for at, book in self._shown if at <= until]
        self._shown = self._shown[len(batch) :]
        self._venue.show(batch, until)

    def _show_books(self, n: int, now: int) -> list[Fact]:
        """A market's price moves, or not; both of its books are shown."""
        rng = self._rng
        step = 0 if self._scene.rests else rng.choice((-STEP, 0, 0, STEP))
        price = self._prices[n] = min(max(self._prices[n] + step, 200_000), 800_000)
        name = self._markets[n].market
        facts = []
        for token, mid in ((f"{name}:yes", price), (f"{name}:no", ONE - price)):
            size = rng.choice((50, 400, 5_000)) * ONE
            book = BookSnapshot(name, token, ((mid - STEP, size),), ((mid + self._away.get(n, 0), size),))
            self._books[token] = Fact(MARKET, now, book)
            self._shown.append((now, book))
            self.books += 1
            facts.append(self._books[token])
        return facts

    def _whale_trade(self) -> tuple[int, WhaleTrade]:
        rng = self._rng
        self.trades += 1
        n = self.trades % len(self._markets) if self._scene.rests else rng.randrange(len(self._markets))
        name = self._markets[n].market
        outcome = "yes" if self._scene.rests or rng.random() < 0.9 else "no"
        side = Side.SELL if not self._scene.rests and rng.random() < 0.3 else Side.BUY
        price = self._prices[n] if outcome == "yes" else ONE - self._prices[n]
        size = rng.randrange(20, 900) * ONE
        self.bought[f"{name}:{outcome}"] += size if side is Side.BUY else 0
        tx = f"tx{self._scene.seed}-{self.trades}"
        return n, WhaleTrade(f"whale{n}", name, f"{name}:{outcome}", side, price, size, tx, 0)


def _market(n: int, now: int) -> Market:
    name = f"m{n}"
    return Market(
        name,
        MarketKind.EVENT,
        slug=f"will-it-rain-on-day-{n}",
        category=name,
        tokens=(f"{name}:yes", f"{name}:no"),
        outcomes=("yes", "no"),
        fee_rate=Fraction(0),
        start_at=now - DAY,
        end_at=now + 30 * DAY,  # not money: days to nanoseconds
        volume_24h=dollars(250_000),
    )
