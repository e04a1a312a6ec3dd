"""The `replay` command's work: a recording through the whole engine, and what came of it as one report."""

import gc
from collections.abc import Callable, Iterator
from heapq import merge
from operator import attrgetter
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.venue import PaperVenue, VenueSettings
from shared.adapters.replay.books import BookRecording
from shared.adapters.replay.markets import read_markets
from shared.adapters.replay.recording import Recording, TapePrints
from shared.adapters.replay.resolutions import payouts, read_resolutions
from shared.adapters.replay.rows import read_rows
from shared.analytics.categories import category_of
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.errors import BadInput, Corrupt
from shared.domain.instants import SECOND
from shared.domain.market import Market, market_from_slug
from shared.domain.messages import (
    Event,
    MarketListed,
    MarketResolved,
    RankingPublished,
    VoicesPublished,
)
from shared.domain.money import Usd, float_of_micro
from shared.domain.order import Order
from shared.engine.engine import Engine
from shared.engine.limits import Limits, checked
from shared.engine.profit import By, profits
from shared.ports import Store
from shared.research.curve import Curve, CurvePoint, bets
from shared.research.executed import BREAKERS, Execution, Noting, execution, outcome
from shared.research.figuring import Figuring
from shared.research.overheard import overheard
from shared.research.ranking import named
from shared.research.shown import NoPrints, shown
from shared.research.whales import Followed, walk_forward
from shared.strategies.whale_copy import Params, WhaleCopy

PROFIT_ROWS = 20


class ReplayOptions(Struct, frozen=True):
    """What to replay and how. Times in nanoseconds, capital in micro-dollars; ``speed`` 0 means as fast as possible.

    ``limits`` None: those of the copy profile.
    """

    path: Path
    resolutions: Path | None = None
    whales: Path | None = None
    capital: Usd = Usd(10_000_000_000)
    seed: int = 0
    sizing: str = "kelly"
    speed: float = 0.0
    start: int | None = None
    end: int | None = None
    account: str = "paper"
    book: Path | None = None
    limits: Limits | None = None


class ProfitRow(Struct, frozen=True):
    """What one whale, strategy or market has brought, in dollars; ``open``: its positions with shares in them."""

    name: str
    realized_usd: float
    unrealized_usd: float
    fees_usd: float
    open: int


class ReplayReport(Struct):
    """The stable fields of `replay --json`; money in dollars, times as named.

    ``slippage_bps``, ``fill_rate``, ``time_to_fill_s`` and ``dead_letters``: see ``executed.Execution``; slippage is
    against the price of the whale's trade. ``breakers``: whale trades not copied because trading was stopped.
    ``exits_by_rule``: positions that a rule of ours began to leave. ``profit``: by whale, strategy and market, those
    that moved most first, twenty at most. ``curve``: equity (Unix seconds, dollars), 400 points or so. ``bets_usd``:
    what each market we were done with has brought, in that order, the last 2,000 at most.
    """

    events: int
    malformed: int
    ignored: int
    duplicates: int
    late: int
    not_applicable: int
    not_applicable_by_filter: dict[str, int]
    fills_from_followed: int
    whale_trades: int
    followed: int
    decisions: dict[str, int]
    orders: dict[str, int]
    fills: int
    fees_usd: float
    realized_pnl_usd: float
    unrealized_pnl_usd: float
    equity_usd: float
    ledger_sum_micro: int
    positions_open: int
    digest: str
    events_per_s: float
    handle_us: dict[str, float]
    handle_quiet_us: dict[str, float]
    handle_busy_us: dict[str, float]
    slippage_bps: dict[str, float | None]
    fill_rate: float | None
    time_to_fill_s: dict[str, float | None]
    breakers: dict[str, int]
    exits_by_rule: dict[str, int]
    dead_letters: int
    profit: dict[str, list[ProfitRow]]
    capital_usd: float
    curve: list[CurvePoint]
    bets_usd: list[float]


def _limits_of(options: ReplayOptions) -> Limits:
    """The limits asked for (by default those of the copy profile), never with more at stake than there is capital."""
    limits, capital = options.limits or Limits(), options.capital
    within = (min(limits.portfolio_usd, capital), min(limits.strategy_usd, capital))
    if options.limits is None:
        within = (capital, capital)
    return checked(replace(limits, portfolio_usd=Usd(within[0]), strategy_usd=Usd(within[1])))


class Books:
    """A recording of books to replay beside the trades, within the same times; ``heard``: its events so far."""

    def __init__(self, options: ReplayOptions, path: Path) -> None:
        self.recording = BookRecording(path)
        self.heard = 0
        self._options = options

    def first(self) -> int:
        """When the first of them is observed."""
        for event in self._inside():
            return event.observed_at
        raise BadInput(f"recording {self._options.book} has no row in the times asked for")

    def events(self) -> Iterator[Event]:
        """Its events, counted."""
        for event in self._inside():
            self.heard += 1
            yield event

    def _inside(self) -> Iterator[Event]:
        start, end = self._options.start, self._options.end
        for event in self.recording.events():
            if (start is None or event.venue_at >= start) and (end is None or event.venue_at <= end):
                yield event


def run_replay(
    options: ReplayOptions, store: Store, say: Callable[[str], None] = lambda _: None
) -> tuple[ReplayReport, Noting]:
    """Read, run, report; ``BadInput`` for unusable files, ``Corrupt`` when an invariant fails."""
    started = perf_counter()
    ready = prepare(options, say)
    recording = ready.recording
    limits = _limits_of(options)
    engine = Engine(options.account, WhaleCopy(Params(sizing=options.sizing)), limits)
    books = None if options.book is None else Books(options, options.book)
    venue = PaperVenue(options.seed, MemoryPaperLog(), settings=VenueSettings(books=books is not None))
    driver = Noting(engine, venue, store, _pacer(options.speed))
    if options.speed > 0:
        driver.tick_every = 1  # a pace is held from row to row
    first, _ = recording.span()
    if books is not None:
        first = min(first, books.first())
    driver.handle_now(Command("initial", CommandKind.DEPOSIT, "initial capital", options.capital), first)
    split = first if options.whales is not None else ready.split()
    ranking_began = perf_counter()
    found = _followed(options, ready, split, say)
    started += perf_counter() - ranking_began  # speed is that of reading and of the engine
    driver.schedule(RankingPublished(found.ranking), split)
    if found.voices is not None:
        driver.schedule(VoicesPublished(found.voices), split)
    for at, market in recording.listings(ready.known):
        driver.schedule(MarketListed(market), at)
        if books is not None:
            venue.market(market)
    for at, resolved in ready.resolved:
        driver.schedule(resolved, max(at, first))
    rows = recording.frame.height
    figuring = Figuring(driver)
    curve = driver.moments = Curve(driver, figuring, first, recording.end())
    gc.disable()
    try:
        if books is None:
            events = recording.events() if driver.on_tick else overheard(driver, recording)
            driver.run(events, TapePrints(recording))
        else:
            both = merge(recording.events(), books.events(), key=attrgetter("observed_at"))
            driver.run(shown(driver.show_book, both), NoPrints())
    finally:
        gc.enable()
    elapsed = perf_counter() - started - figuring.spent_s
    malformed = ready.malformed
    if books is not None:
        rows, malformed = rows + books.heard, malformed + books.recording.refused
        for sentence in books.recording.sentences:
            say(f"refused: {sentence}")
    return _report(
        driver, malformed, rows, len(found.ranking.wallets), elapsed, options.capital, curve.points()
    ), driver


def _followed(options: ReplayOptions, ready: "Prepared", split: int, say: Callable[[str], None]) -> Followed:
    """The wallets somebody named, else those the scored ranking follows at ``split``; says which."""
    if options.whales is not None:
        ranking = named(options.whales, split)
        found = Followed(ranking, f"following {len(ranking.wallets)} wallets named by {options.whales.name}")
    else:
        recording, called = ready.recording, {name: market.category for name, market in ready.known.items()}
        found = walk_forward(recording.trades(split), ready.resolutions, recording.markets, split, categories=called)
    say(found.sentence)
    return found


class Prepared(Struct):
    """A recording read and ready: rows, resolutions by instant, the data of every market, and what was refused."""

    recording: Recording
    resolutions: pl.DataFrame
    known: dict[str, Market]
    resolved: list[tuple[int, MarketResolved]]
    malformed: int

    def split(self) -> int:
        """The middle of the time span: ranked before, traded after."""
        first, last = self.recording.span()
        return first + (last - first) // 2


def prepare(options: ReplayOptions, say: Callable[[str], None]) -> Prepared:
    """Read a recording (a file, or a folder with trades, resolutions and markets); ``BadInput`` when unusable."""
    rows = read_rows(options.path)
    for sentence in rows.sentences:
        say(f"refused: {sentence}")
    frame = rows.table
    if options.start is not None:
        frame = frame.filter(pl.col("ts_ns") >= options.start)
    if options.end is not None:
        frame = frame.filter(pl.col("ts_ns") <= options.end)
    if frame.height == 0:
        raise BadInput(f"recording {options.path} has no usable row ({rows.malformed} refused)")
    path, markets = options.resolutions, options.path / "markets.parquet"
    if path is None and options.path.is_dir():
        path = options.path / "resolutions.parquet"
    schema = {"key": pl.String, "end_ts": pl.Int64, "winner": pl.String}
    table = pl.DataFrame(schema=schema) if path is None else read_resolutions(path)
    known = read_markets(markets) if options.path.is_dir() and markets.exists() else {}
    recording = Recording(frame, options.seed)
    sentences: list[str] = []
    after_last = recording.end() + SECOND
    resolved = [
        (after_last if end is None else end, MarketResolved(market, paid))
        for end, market, paid in payouts(recording.markets, recording.outcomes, table, sentences)
    ]
    for sentence in sentences:
        say(f"refused: {sentence}")
    return Prepared(recording, table, _described(recording, known), resolved, rows.malformed)


def _described(recording: Recording, known: dict[str, Market]) -> dict[str, Market]:
    """Every market of a recording, each with a category where its data, or else its slug, tells one."""
    found: dict[str, Market] = {}
    for name, slug in recording.markets.items():
        market = known.get(name) or market_from_slug(name, slug)
        found[name] = market if market.category else replace(market, category=category_of(slug))
    return found


def _pacer(speed: float) -> Callable[[int], None] | None:
    """Holds event time to ``speed`` times real time; None for no pacing."""
    if speed <= 0:
        return None
    start: list[float] = []

    def pace(at: int) -> None:
        seconds = at / SECOND
        if not start:
            start.extend((seconds, perf_counter()))
        ahead = (seconds - start[0]) / speed - (perf_counter() - start[1])
        if ahead > 0:
            sleep(ahead)

    return pace


def _executed(driver: Noting) -> Execution:
    """How the copies were executed."""
    legs: dict[str, list[Order]] = {}
    for order in driver.engine.desk.books.orders.values():
        legs.setdefault(order.signal_id, []).append(order)
    return execution(
        outcome("copy", "", Reason.COPIED, driver.wanted.get(name, held[0].target), held, driver.fills)
        for name, held in legs.items()
    )


def _report(
    driver: Noting, malformed: int, rows: int, followed: int, elapsed: float, capital: Usd, curve: list[CurvePoint]
) -> ReplayReport:
    engine, books = driver.engine, driver.engine.desk.books
    imbalance = books.imbalance()
    if imbalance != 0:
        raise Corrupt(f"the ledger's entries sum to {imbalance} micro, not 0")
    orders: dict[str, int] = {}
    for order in books.orders.values():
        orders[order.state.value] = orders.get(order.state.value, 0) + 1
    open_cost = sum(p.cost for held in engine.desk.positions.values() for p in held.values())
    counts = engine.counts
    missing = engine.filters.not_applicable
    executed = _executed(driver)
    return ReplayReport(
        events=rows,
        malformed=malformed,
        ignored=counts.ignored,
        duplicates=counts.duplicates,
        late=counts.late,
        not_applicable=sum(missing.values()),
        not_applicable_by_filter=dict(sorted(missing.items())),
        fills_from_followed=counts.fills_from_followed,
        whale_trades=counts.whale_trades,
        followed=followed,
        decisions={reason.value: n for reason, n in sorted(engine.decisions.items(), key=lambda kv: -kv[1])},
        orders=orders,
        fills=books.fills,
        fees_usd=float_of_micro(books.fees),
        realized_pnl_usd=float_of_micro(books.realized),
        unrealized_pnl_usd=float_of_micro(engine.desk.marks.total - open_cost),
        equity_usd=float_of_micro(engine.desk.risk.equity()),
        ledger_sum_micro=imbalance,
        positions_open=engine.desk.open_positions(),
        digest=driver.digest.final(books),
        events_per_s=round(rows / elapsed, 1),
        handle_us=_percentiles(driver.handle_ns + driver.quiet_ns),
        handle_quiet_us=_percentiles(driver.quiet_ns),
        handle_busy_us=_percentiles(driver.handle_ns),
        slippage_bps=executed.slippage_bps,
        fill_rate=executed.fill_rate,
        time_to_fill_s=executed.time_to_fill_s,
        exits_by_rule={reason.value: n for reason, n in sorted(engine.holdings.left.items())},
        breakers={one.value: engine.decisions[one] for one in BREAKERS if one in engine.decisions},
        dead_letters=executed.dead_letters,
        profit={by.value: _profit(engine, by) for by in (By.WHALE, By.STRATEGY, By.MARKET)},
        capital_usd=float_of_micro(capital),
        curve=curve,
        bets_usd=bets(books.positions.values()),
    )


def _profit(engine: Engine, by: By) -> list[ProfitRow]:
    """The rows that moved most."""
    marks = {token: entry[1] for token, entry in engine.desk.marks.held.items()}
    rows = sorted(profits(engine.desk.books, marks, by), key=lambda row: (-abs(row.total), row.name))
    return [
        ProfitRow(
            row.name,
            float_of_micro(row.realized),
            float_of_micro(row.unrealized),
            float_of_micro(row.fees),
            row.open,
        )
        for row in rows[:PROFIT_ROWS]
    ]


def _percentiles(nanoseconds: list[int]) -> dict[str, float]:
    """Median and 99th percentile in microseconds; zeros where nothing was timed."""
    found = np.percentile(np.array(nanoseconds or [0]) / 1000, (50, 99))
    return {"p50": round(float(found[0]), 3), "p99": round(float(found[1]), 3)}
