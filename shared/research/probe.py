"""The execution study: random intents through the real engine, against a paper venue that shows a recorded book.

Each intent comes in at the front door, as a trade of a wallet of its own that the engine follows, and the strategy
``Probing`` wishes for it exactly what was drawn. So detection, decision, risk, desk and venue are those of every life;
two things are the study's own. A wish that is meant to wait below the ask is no copy that came too late, so the filter
``price_moved`` does not stop it. And the limits are wide by default, or a thousand random trades, which only cost
money, would end at the first loss limit (``limits="copy"`` runs the real ones).

Where a market has an end, it is settled then as its last book leans, only so that its caps are free again: what the
study earned or lost is not reported.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue, VenueSettings
from shared.adapters.replay.books import BookRecording
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.errors import BadInput, Corrupt
from shared.domain.instants import MICROSECOND, MILLISECOND, SECOND
from shared.domain.ledger import Fill
from shared.domain.market import Market, market_from_slug
from shared.domain.messages import (
    Event,
    MarketListed,
    MarketResolved,
    RankingPublished,
    WhaleTrade,
)
from shared.domain.money import (
    ONE,
    Fraction,
    Usd,
    dollars,
    format_micro,
)
from shared.domain.order import FINAL, Order, Purpose, Side
from shared.domain.strategy import Skip, Trade, View
from shared.domain.whale import RankedWallet, Ranking, Signal
from shared.engine.decision import Filters, Found
from shared.engine.engine import Engine
from shared.engine.limits import Limits, checked
from shared.research.driver import Driver
from shared.research.executed import Execution, Noting, Outcome, by_leg, execution, outcome
from shared.research.intents import MARKETABLE, RESTING, Drawing, Intent, class_names
from shared.research.shown import NoPrints, shown

SOURCE = "probe"
STUCK_NS = 60 * SECOND
_MANY = 1_000_000
_SKIP_NO_SLEEVE = Skip(Reason.NO_SLEEVE)


class ProbeOptions(Struct, frozen=True):
    """``limits``: ``wide`` or ``copy``; ``capital`` in micro-dollars."""

    book: Path
    orders: int
    seed: int
    limits: str = "wide"
    capital: Usd = dollars(1_000_000)


class ProbeReport(Struct):
    """The stable fields of `probe --json`. The figures are over all intents, the same by kind, side and size, and those
    of single orders by the phase of execution they belong to.

    ``events``: what the engine heard. ``unplaced``: intents left when the recording ended, because no book had two
    sides. ``stuck``: orders that were open for more than 60 s of event time beyond what their phase gives them;
    ``longest_open_s``: the longest.
    """

    seed: int
    limits: str
    events: int
    refused: int
    unplaced: int
    stuck: int
    longest_open_s: float
    states: dict[str, int]
    venue_refusals: dict[str, int]
    digest: str
    overall: Execution
    by_kind: dict[str, Execution]
    by_side: dict[str, Execution]
    by_size: dict[str, Execution]
    by_phase: dict[str, Execution]


class Probed(Struct):
    """The report, and what it was made of."""

    report: ProbeReport
    orders: dict[str, Order]
    fills: dict[str, list[Fill]]


class Probing:
    """A strategy without an idea: it wishes for what was drawn."""

    name = "probe"
    needs: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}

    def decide(self, signal: Signal, view: View) -> Trade | Skip:
        """The drawn intent as a wish."""
        intent = self.intents[signal.first_tx]
        if intent.side is Side.BUY:
            return Trade(intent.token, Side.BUY, intent.limit, Purpose.ENTRY, wish=intent.wish)
        free = view.sleeve_free(intent.token, self.name, intent.wallet)
        if not free:
            return _SKIP_NO_SLEEVE
        return Trade(intent.token, Side.SELL, intent.limit, Purpose.EXIT, wish=min(intent.wish, free))


class PatientFilters(Filters):
    """The market filters for wishes that may wait: that the ask is beyond the limit does not stop them."""

    def judge(self, trade: Trade, market: Market, at: int, strict: bool) -> Found:
        """The first filter an entry fails, the filters that could not be applied, and the numbers behind it."""
        reason, missing, numbers = super().judge(trade, market, at, strict)
        return (None if reason is Reason.PRICE_MOVED else reason), missing, numbers


# ---------------------------------------------------------------------- the run


def run_probe(
    options: ProbeOptions, say: Callable[[str], None] = lambda _: None, tape: Callable[[Event], None] | None = None
) -> Probed:
    """Read, draw, run, report; ``BadInput`` for unusable options and files, ``Corrupt`` when an invariant fails."""
    limits = limits_of(options)
    if options.orders < 1:
        raise BadInput(f"orders must be at least 1, not {options.orders}")
    recording, draw = BookRecording(options.book), Random(options.seed)
    first, moments, markets = _looked_through(options.book, recording, options.orders, draw)
    strategy = Probing()
    engine = Engine("probe", strategy, limits)
    patient = PatientFilters(limits)
    patient.books = engine.filters.books
    engine.filters = engine.judge.filters = patient
    venue = PaperVenue(options.seed, MemoryPaperLog(), settings=VenueSettings(books=True))
    store = MemoryStore()
    driver = Noting(engine, venue, store, tape=tape)
    drawing = Drawing(draw, moments, markets, engine)
    _open(driver, options, markets, first)
    driver.run(_stream(driver, recording, drawing, strategy, markets), NoPrints())
    for sentence in recording.sentences:
        say(f"refused: {sentence}")
    return _probed(options, driver, store, drawing, recording.refused)


def limits_of(options: ProbeOptions) -> Limits:
    """The limits the study runs under."""
    if options.limits not in ("wide", "copy"):
        raise BadInput(f"limits must be wide or copy, not {options.limits!r}")
    capital = options.capital
    if capital <= 0:
        raise BadInput(f"capital must be positive, not {format_micro(capital)}")
    limits = Limits(portfolio_usd=capital, strategy_usd=capital)
    if options.limits == "wide":
        limits = replace(
            limits,
            market_usd=capital,
            source_usd=capital,
            positions_max=_MANY,
            daily_loss_usd=capital,
            daily_loss_of_equity=Fraction(ONE),
            source_daily_loss_usd=capital,
            drawdown_halt=Fraction(ONE),
            drawdown_reduce=Fraction(ONE),
            losses_to_pause=_MANY,
            entries_per_minute=_MANY,
            exits_per_minute=_MANY,
            api_errors_per_hour=_MANY,
            failed_settlements_per_hour=_MANY,
            # No rule of ours may sell what the study is to sell, or change what it is to buy.
            stop_loss=Fraction(0),
            take_profit=Fraction(0),
            trailing_stop=Fraction(0),
            agree_factor=Fraction(ONE),
            confidence_factor=Fraction(ONE),
            streak_up=Fraction(ONE),
            streak_down=Fraction(ONE),
            volatility_normal=Fraction(ONE),
            price_band=Fraction(0),
        )
    return checked(limits)


def _looked_through(
    path: Path, recording: BookRecording, orders: int, draw: Random
) -> tuple[int, list[int], dict[str, Market]]:
    """The first moment, those of so many random rows in order, and the file's markets with their tokens."""
    time, slug = ("recv_ts", "slug") if recording.as_deltas else ("ts_ms", "market_slug")
    rows = pl.scan_parquet(path)
    times = rows.select(time).collect()[time]
    if not times.len():
        raise BadInput(f"recording {path} has no row")
    picked = [times[0], *sorted(times[draw.randrange(times.len())] for _ in range(orders))]
    if recording.as_deltas:
        first, *moments = [round(at * ONE) * MICROSECOND for at in picked]
    else:
        first, *moments = [at * MILLISECOND for at in picked]
    tokens: dict[str, list[str]] = {}
    pairs = rows.select(pl.col(slug, "asset_id").cast(pl.String)).unique(maintain_order=True).collect()
    for name, token in pairs.iter_rows():
        tokens.setdefault(name, []).append(token)
    markets = {name: replace(market_from_slug(name, name), tokens=tuple(held)) for name, held in tokens.items()}
    return first, moments, markets


def _open(driver: Driver, options: ProbeOptions, markets: dict[str, Market], first: int) -> None:
    """What is there before the first row: money, markets, and a followed wallet for every intent."""
    driver.handle_now(Command("initial", CommandKind.DEPOSIT, "initial capital", options.capital), first)
    wallets = tuple(RankedWallet(f"wallet-{n}", n) for n in range(1, options.orders + 1))
    driver.handle_now(RankingPublished(Ranking(first, SOURCE, wallets)), first)
    for market in markets.values():
        driver.venue.market(market)
        driver.handle_now(MarketListed(market), first)


def _stream(
    driver: Driver, recording: BookRecording, drawing: Drawing, strategy: Probing, markets: dict[str, Market]
) -> Iterator[Event]:
    """The recording for the engine, with the drawn intents and the ends of markets in between."""
    ending = sorted((market for market in markets.values() if market.end_at), key=lambda one: -(one.end_at or 0))
    for event in shown(driver.show_book, recording.events()):
        at = event.observed_at
        drawing.heard += 1
        yield event
        while ending and (ending[-1].end_at or 0) <= at:
            market = ending.pop()
            yield Event(event.seq, at, at, SOURCE, MarketResolved(market.market, _leaning(driver.engine, market)))
        if drawing.left and drawing.left[-1] <= at:
            for intent in drawing.due(at):
                strategy.intents[intent.tx] = intent
                yield Event(event.seq, at, at, SOURCE, _as_trade(intent, driver.engine))


def _as_trade(intent: Intent, engine: Engine) -> WhaleTrade:
    """The trade of the intent's wallet, at what the token could be sold for."""
    bid = engine.filters.books[intent.token].best_bid
    return WhaleTrade(intent.wallet, intent.market, intent.token, intent.side, bid, ONE, intent.tx, 0)


def _leaning(engine: Engine, market: Market) -> dict[str, int]:
    """All to the token whose last book stands highest; of equals the first."""
    books = {token: engine.filters.books.get(token) for token in market.tokens}
    heights = {token: 0 if book is None else book.best_bid + book.best_ask for token, book in books.items()}
    highest = max(market.tokens, key=lambda token: heights[token])
    return {token: ONE if token == highest else 0 for token in market.tokens}


# ---------------------------------------------------------------------- the report


def _probed(options: ProbeOptions, driver: Noting, store: MemoryStore, drawing: Drawing, refused: int) -> Probed:
    books = driver.engine.desk.books
    if books.imbalance() != 0:
        raise Corrupt(f"the ledger's entries sum to {books.imbalance()} micro, not 0")
    orders, fills = books.orders, driver.fills
    decided = {decision.tx: decision for decision in store.decisions}
    legs: dict[str, list[Order]] = {}
    for order in orders.values():
        legs.setdefault(order.signal_id, []).append(order)
    found: list[tuple[Intent, Outcome]] = []
    for intent in drawing.intents:
        decision = decided[intent.tx]
        held = legs.get(decision.signal_id, [])
        made = outcome(intent.kind, intent.size, decision.reason, intent.expected, held, fills)
        found.append((intent, made))
    phased = by_leg((one for _, one in found), fills)
    phases = sorted({order.phase: None for order, _ in phased})
    states: dict[str, int] = {}
    refusals: dict[str, int] = {}
    for order in orders.values():
        states[order.state.value] = states.get(order.state.value, 0) + 1
        if order.state.value == "REJECTED":
            reason = order.note.split(":")[0]
            refusals[reason] = refusals.get(reason, 0) + 1
    open_for = [order.changed_at - order.planned_at for order in orders.values()]
    late = [order.changed_at - order.planned_at - order.life_ns for order in orders.values()]
    unfinished = sum(order.state not in FINAL for order in orders.values())
    report = ProbeReport(
        seed=options.seed,
        limits=options.limits,
        events=drawing.heard,
        refused=refused,
        unplaced=len(drawing.left),
        stuck=sum(span > STUCK_NS for span in late) + unfinished,
        longest_open_s=round(max(open_for, default=0) / SECOND, 3),
        states=dict(sorted(states.items())),
        venue_refusals=refusals,
        digest=driver.digest.final(books),
        overall=execution(outcome for _, outcome in found),
        by_kind=_by(found, (MARKETABLE, RESTING), lambda intent: intent.kind),
        by_side=_by(found, ("BUY", "SELL"), lambda intent: intent.side.value),
        by_size=_by(found, class_names(), lambda intent: intent.size),
        by_phase={
            f"phase {phase}": execution(one for order, one in phased if order.phase == phase) for phase in phases
        },
    )
    return Probed(report, orders, fills)


def _by(
    found: list[tuple[Intent, Outcome]], names: tuple[str, ...], name: Callable[[Intent], str]
) -> dict[str, Execution]:
    """The same figures for every class of intents that has any."""
    classes = {one: [outcome for intent, outcome in found if name(intent) == one] for one in names}
    return {one: execution(outcomes) for one, outcomes in classes.items() if outcomes}
