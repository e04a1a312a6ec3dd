"""The stage of a drill: the embedded AWS, the venue, the crowd and supervised traders, all of them real processes; and
the judgement at the end, by what was written and what the venue did.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.provision import PREFIX, provision
from shared.adapters.embedded.server import EmbeddedAws, free_port
from shared.adapters.paper.orders import PaperOrder, SettlementSettings, VenueSettings
from shared.domain.instants import SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.money import Fraction
from shared.domain.order import Order, Side
from tests.drill.crowd import Crowd, Scene
from tests.drill.processes import Supervised, Venue, wait_for
from tests.drill.proxy import Proxy
from tests.drill.watch import Journal, Log
from tests.simulation.audit import settling

ACCOUNT = "drill"
VENUE = VenueSettings(
    books=True,
    settlement=SettlementSettings(
        enabled=True,
        mined_min_ns=SECOND,
        mined_max_ns=4 * SECOND,
        confirmed_ns=SECOND,
        failed=Fraction(100_000),
    ),
)
"""One execution in ten fails to settle."""
READY_S = 60.0
CALM_S = 180.0
"""How long everything may take to converge once nobody trades any more."""

Say = Callable[[str], None]


class Judged(msgspec.Struct, frozen=True):
    """What came of a drill. ``wrong``: everything that must never be, in sentences."""

    planned: int
    orders: int
    fills: int
    failed: int
    epochs: int
    wrong: tuple[str, ...]


class Stage:
    """See the module. ``traders``: how many processes want to trade the account; ``patient``: see the trader."""

    def __init__(
        self, scene: Scene, traders: int = 1, *, patient: bool = False, through: bool = False, say: Say = print
    ) -> None:
        self.say = say
        self._scene = scene
        self._count = traders
        self._patient = patient
        self._through = through
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            self._open(closing)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.close()

    def _open(self, closing: ExitStack) -> None:
        self.folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
        self.aws = closing.enter_context(EmbeddedAws(self.folder / "aws", free_port()))
        self.tables: Tables = provision(self.aws.endpoint, PREFIX).tables
        self.proxy = Proxy(self.aws.port)
        closing.callback(self.proxy.close)
        self.venue = Venue(self.folder / "paper.jsonl", msgspec.json.encode(VENUE), self._scene.seed)
        closing.callback(self.venue.close)
        self.crowd = Crowd(self._scene, self.venue.port)
        closing.callback(self.crowd.close)
        self.journal = Journal(self.tables, ACCOUNT)
        closing.callback(self.journal.close)
        self.traders = [self._trader(name) for name in ("one", "two", "three")[: self._count]]
        for trader in self.traders:
            trader.start()
            closing.callback(trader.close)

    def _trader(self, name: str) -> Supervised:
        store = self.proxy.url if self._through else self.aws.url
        command = [sys.executable, "-m", "tests.drill.trader", "--store", store]
        command += ["--venue", str(self.venue.port), "--public", str(self.crowd.public.port)]
        command += ["--folder", str(self.folder / "tape"), *(("--patient",) if self._patient else ())]
        return Supervised(name, command, self.folder / f"{name}.log")

    # ------------------------------------------------------------------ what a story asks

    def log(self) -> Log:
        """The venue's log as it stands."""
        return Log(self.folder / "paper.jsonl")

    @property
    def trading(self) -> bool:
        """Whether any trader is ready."""
        return any(trader.ready for trader in self.traders)

    def until_trading(self, within_s: float = READY_S) -> float:
        """Wait until some trader is ready; how long it took in seconds."""
        took = wait_for(lambda: self.trading, within_s)
        assert took is not None, f"nobody trades after {within_s:g} s:\n{self.said()}"
        return took

    def planned_after(self, at: int, within_s: float) -> float | None:
        """How long after an instant (nanoseconds) the next order was decided on, in seconds; None where none was."""
        if wait_for(lambda: self.journal.planned_since(at), within_s) is None:
            return None
        first = min(planned for planned, _ in self.journal.plans if planned > at)
        return (first - at) / SECOND

    def said(self) -> str:
        """The last words of all traders."""
        return "\n".join(trader.said()[-3_000:] for trader in self.traders)

    # ------------------------------------------------------------------ the end

    def _unfinished(self) -> str:
        log = self.log()
        if settling(log.papers.values()):
            return "executions are settling"
        return self.journal.unfinished() or self.journal.books.unequal(log.papers.values(), log.movements.values())

    def judged(self, *, calm: bool = True) -> Judged:
        """Nobody trades any more; once nothing is on its way, everything must be right. Without ``calm`` what is open
        may stay so.
        """
        self.crowd.rate = 0.0
        took = wait_for(lambda: not self._unfinished(), CALM_S, 1.0) if calm else 0.0
        left = self._unfinished()
        for trader in self.traders:
            trader.close()
        wrong = [*self.journal.close(), *self._crashes()]
        if took is None:
            wrong.append(f"not converged after {CALM_S:g} s: {left}")
        log, books = self.log(), self.journal.books
        papers = list(log.papers.values())
        wrong += [f"order {key} came twice, with different content" for key in log.changed]
        wrong += [text for paper in papers if (text := books.unplanned(paper.order))]
        wrong += bought_twice(papers, self.crowd.bought)
        if calm:
            found = (books.unequal(papers, log.movements.values()), books.misbooked(papers), books.held_back())
            wrong += [text for text in found if text]
        fills = sum(len(paper.fills) for paper in papers)
        self.say(f"judged {len(papers)} orders, {fills} executions, {len(self.journal.keys)} records")
        for text in wrong:
            self.say(f"WRONG: {text}")
        return Judged(len(books.planned), len(papers), fills, len(books.reversed), self.journal.epoch, tuple(wrong))

    def _crashes(self) -> list[str]:
        """Errors nobody had foreseen, and books found false."""
        found = []
        for trader in self.traders:
            said = trader.said()
            found += [f"{trader.name} said {line}" for line in said.splitlines() if "Corrupt:" in line]
            if "Traceback" in said:
                found.append(f"{trader.name} crashed: {said[said.index('Traceback') :][:2_000]}")
        return found


def bought_twice(papers: Iterable[PaperOrder], whales: Mapping[str, int]) -> list[str]:
    """Wishes that were bought or sold more than once: of two orders of one intent the second only makes up for what the
    first has left, and for executions that failed, unless it begins anew because the whale goes on. Of no token more
    was bought than its whale has bought (``whales``, in shares): we copy one for one.
    """
    wishes: dict[str, list[PaperOrder]] = defaultdict(list)
    signals: Counter[tuple[str, str]] = Counter()
    bought: Counter[str] = Counter()
    for paper in papers:
        order = paper.order
        wishes[order.intent_id].append(paper)
        signals[order.signal_tx, order.purpose.value] += order.leg == 1
        bought[order.token] += _stands(paper) if order.side is Side.BUY else 0
    found = []
    for intent_id, legs in wishes.items():
        wished, got = sum(_begun(leg.order) for leg in legs), sum(_stands(leg) for leg in legs)
        if got > wished:
            found.append(f"intent {intent_id} got {got} of {wished}: {', '.join(_told(leg) for leg in legs)}")
    found += [f"{tx} was acted upon {n} times ({what})" for (tx, what), n in signals.items() if n > 1]
    too_many = [token for token, size in bought.items() if size > whales.get(token, 0)]
    return found + [
        f"{bought[token]} of {token} were bought, its whale has {whales.get(token, 0)}" for token in too_many
    ]


def _begun(order: Order) -> int:
    """The shares an order wishes for that no order before it has wished for."""
    return order.size + order.later if order.phase == order.attempt == order.slice_no == 1 else 0


def _stands(paper: PaperOrder) -> int:
    """Shares of an order that were executed and did not fail to settle."""
    return sum(fill.size for fill in paper.fills if paper.settled.get(fill.trade_id) is not SettlementStatus.FAILED)


def _told(paper: PaperOrder) -> str:
    order = paper.order
    fills = [f"{fill.size} {paper.settled.get(fill.trade_id)} {fill.venue_at}" for fill in paper.fills]
    return f"leg {order.leg} {order.side.value} {order.size} planned {order.planned_at} ended {paper.ended_at} {fills}"
