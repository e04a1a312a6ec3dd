"""Snapshots of what an engine holds, and the moments at which a replay publishes what it could lose."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue
from shared.analytics.figures import FigureRules, Portfolio, figures
from shared.domain.effects import Effect
from shared.domain.instants import MINUTE, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import (
    BookSnapshot,
    Event,
    FiguresPublished,
    MarketListed,
    MarketResolved,
    RankingPublished,
    VoicesPublished,
)
from shared.domain.money import ONE, Fraction, Shares, Usd, dollars
from shared.domain.tables import Figures
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.research import replay
from shared.research.driver import Driver
from shared.research.figuring import EVERY_NS, HISTORY, RESULTS, Figuring, Portfolios
from shared.research.shown import NoPrints
from shared.strategies.whale_copy import Params, WhaleCopy
from tests.shared.engine.builders import PLAIN, House, trade
from tests.shared.research.recording import options, replayed

QUICK = FigureRules(draws=500, stress_draws=100)


def holding(limits: Limits = PLAIN) -> House:
    house = House(limits).ready()
    sent = house.copied()
    house.accept(sent)
    house.fill(sent)
    return house


def book(token: str, bids: tuple[tuple[int, int], ...], asks: tuple[tuple[int, int], ...]) -> BookSnapshot:
    return BookSnapshot("m", token, bids, asks)


def taken(house: House) -> Portfolio:
    return Portfolios().taken(house.engine, house.now)


# ---------------------------------------------------------------------- snapshots


def test_a_snapshot_is_what_the_engine_believes() -> None:
    house = holding()
    desk = house.engine.desk
    found = taken(house)
    position = next(iter(next(iter(desk.positions.values())).values()))
    (one,) = found.held
    assert (one.key, one.token, one.size, one.cost) == (position.key, position.token, position.size, position.cost)
    assert one.price == desk.marks.held[position.token][1]
    assert one.market == house.engine.markets["m"]
    assert (found.as_of, found.equity) == (house.now, desk.risk.equity())
    assert (found.score_min, found.score_target) == (PLAIN.diversification_min, PLAIN.diversification_target)
    assert found.history == {one.token: (one.price,)}
    assert (one.spread, one.depth, one.stop, found.results) == (None, None, 0, ())


def test_an_engine_without_positions_has_an_empty_portfolio() -> None:
    found = taken(House(PLAIN).ready())
    assert (found.held, found.headroom, found.history) == ((), 0, {})


def test_a_market_that_nobody_described_still_counts() -> None:
    house = holding()
    del house.engine.markets["m"]
    assert taken(house).held[0].market == Market("m", MarketKind.EVENT)


def test_the_book_tells_spread_and_what_is_bid_within_one_spread() -> None:
    house = holding()
    token = taken(house).held[0].token
    house.give(book(token, bids=((480_000, 5), (460_000, 7), (455_000, 9)), asks=((500_000, 3),)))
    assert (taken(house).held[0].spread, taken(house).held[0].depth) == (20_000, 12)
    house.give(book(token, bids=((480_000, 5), (10_000, 7)), asks=()))
    assert (taken(house).held[0].spread, taken(house).held[0].depth) == (None, 12)
    house.give(book(token, bids=(), asks=((500_000, 3),)))
    assert (taken(house).held[0].spread, taken(house).held[0].depth) == (None, 0)
    house.give(book(token, bids=(), asks=()))
    assert (taken(house).held[0].spread, taken(house).held[0].depth) == (None, None)


def test_the_stop_is_below_the_average_cost_unless_there_is_none() -> None:
    house = holding()
    position = taken(house).held[0]
    average = position.cost * ONE // position.size
    engine = house.engine
    engine.limits = changed(PLAIN, stop_loss=Fraction(150_000))
    assert taken(house).held[0].stop == average - average * 15 // 100
    engine.limits = changed(engine.limits, exits_updown=False)
    assert taken(house).held[0].stop == average - average * 15 // 100
    engine.markets["m"] = changed(engine.markets["m"], kind=MarketKind.CRYPTO_UPDOWN)
    assert taken(house).held[0].stop == 0
    engine.limits = changed(engine.limits, exits_updown=True)
    assert taken(house).held[0].stop > 0


def test_headroom_is_the_least_of_what_caps_portfolio_and_cash_leave() -> None:
    house = holding()
    engine = house.engine
    position = taken(house).held[0]
    cap = taken(house).equity // 20
    engine.limits = changed(PLAIN, position_of_equity=Fraction(50_000))
    assert taken(house).headroom == max(cap - position.cost, 0)
    engine.limits = changed(engine.limits, position_of_equity=Fraction(100_000))
    assert taken(house).headroom == taken(house).equity // 10 - position.cost
    engine.limits = changed(engine.limits, portfolio_usd=Usd(engine.desk.books.used["portfolio"] + 7))
    assert taken(house).headroom == 7
    engine.limits = changed(engine.limits, portfolio_usd=Usd(0))
    assert taken(house).headroom == 0


def test_prices_are_kept_while_a_token_is_held_and_no_longer_than_needed() -> None:
    house, portfolios = holding(), Portfolios()
    token = taken(house).held[0].token
    found: list[Portfolio] = []
    for n in range(HISTORY + 5):
        house.engine.desk.marks.price(token, 400_000 + n)
        found.append(portfolios.taken(house.engine, house.now))
    assert list(found[-1].history[token]) == [400_000 + n for n in range(5, HISTORY + 5)]
    house.give(MarketResolved("m", {token: ONE}))
    assert portfolios.taken(house.engine, house.now).history == {}


def test_results_are_those_of_closed_positions_in_the_order_of_their_closing() -> None:
    house = holding()
    positions = house.engine.desk.books.positions
    one = next(iter(positions.values()))
    for n in range(RESULTS + 3):
        shut = changed(one, sleeve=f"s{n:03d}", size=Shares(0), realized=Usd(n), changed_at=house.now + n * 7 % 1_009)
        positions[shut.key] = shut
    closed = sorted((p.changed_at, p.realized) for p in positions.values() if p.size == 0)
    assert list(taken(house).results) == [realized for _, realized in closed][-RESULTS:]


# ---------------------------------------------------------------------- the moments of a replay


class Story:
    """A driver that is fed by hand, and every table its engine was given."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        engine = Engine("paper", WhaleCopy(Params(sizing="ratio")), Limits())
        self.driver = Driver(engine, PaperVenue(0, MemoryPaperLog()), MemoryStore(), tape=self._note)
        self.figuring = self.driver.moments = Figuring(self.driver, rules=QUICK)
        self.seen: list[int] = []

    def _note(self, event: Event) -> None:
        self.seen.append(event.observed_at)
        if isinstance(event.payload, FiguresPublished):
            self.told.append(event)

    def figures(self) -> list[Figures]:
        return [event.payload.figures for event in self.told if isinstance(event.payload, FiguresPublished)]

    def run(self, *moments: int, at_each: "Iterator[None] | None" = None) -> None:
        def events() -> Iterator[Event]:
            for n, moment in enumerate(moments, 1):
                yield Event(n, moment, moment, "test", trade(wallet="somebody", tx=f"0x{n}"))
                if at_each is not None:
                    next(at_each, None)

        self.driver.run(events(), NoPrints())

    def hold(self, size: int) -> None:
        """A position of another size, as if it had been traded."""
        house = holding()
        desk = self.driver.engine.desk
        (one,) = (position for held in house.engine.desk.positions.values() for position in held.values())
        desk.positions["m"] = {one.key: changed(one, size=Shares(size * ONE))}
        desk.marks.held[one.token] = [size * ONE, 500_000, size * 500_000]


START = 20_000 * MINUTE + EVERY_NS // 2


def test_figures_come_halfway_between_full_multiples_of_event_time_when_positions_have_changed() -> None:
    story = Story()

    def changing() -> Iterator[None]:
        story.hold(100)  # after the first event
        yield
        yield
        story.hold(200)  # after the third
        yield

    story.run(
        START + SECOND,
        START + EVERY_NS + 2 * SECOND,
        START + 2 * EVERY_NS + SECOND,
        START + 3 * EVERY_NS,
        START + 4 * EVERY_NS,
        at_each=changing(),
    )
    assert [event.observed_at for event in story.told] == [START + EVERY_NS, START + 3 * EVERY_NS]
    assert story.figuring.published == 2
    assert story.seen == sorted(story.seen)
    assert story.figuring.spent_s > 0


def test_nothing_held_is_nothing_published_but_what_was_given_up_is_told_once() -> None:
    story = Story()

    def changing() -> Iterator[None]:
        yield
        story.hold(100)
        yield
        story.driver.engine.desk.positions.clear()
        yield

    story.run(*(START + n * EVERY_NS for n in range(6)), at_each=changing())
    assert [len(found.correlated) for found in story.figures()] == [1, 0]


def test_a_silence_over_many_moments_has_one_publication_at_the_last() -> None:
    story = Story()
    story.hold(100)
    story.run(START, START + 7 * EVERY_NS + 3)
    assert [event.observed_at for event in story.told] == [START + 7 * EVERY_NS]


def test_what_was_due_before_a_moment_happens_before_it() -> None:
    story = Story()
    story.hold(100)
    story.driver.schedule(MarketListed(Market("m", MarketKind.EVENT, topic="later")), START + EVERY_NS)
    story.driver.schedule(MarketListed(Market("m", MarketKind.EVENT, topic="too late")), START + EVERY_NS + 1)
    story.run(START, START + EVERY_NS + 5)
    assert [list(found.correlated) for found in story.figures()] == [["later"]]


def test_what_is_published_is_what_the_snapshot_says() -> None:
    story = Story()
    story.hold(100)
    story.run(START, START + EVERY_NS)
    expected = figures(Portfolios().taken(story.driver.engine, START + EVERY_NS), QUICK)
    assert story.figures() == [expected]
    assert expected.var_95 == dollars(50)


# ---------------------------------------------------------------------- in a replay


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Every table handed to the engine of the replays that follow."""
    told: list[Event] = []

    class Watching(Engine):
        def handle(self, event: Event) -> list[Effect]:
            if isinstance(event.payload, FiguresPublished | VoicesPublished | RankingPublished):
                told.append(event)
            return super().handle(event)

    monkeypatch.setattr(replay, "Engine", Watching)
    return told


def test_a_replay_publishes_figures_of_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = watched(monkeypatch)
    report, _, _ = replayed(tmp_path)
    published = [event for event in told if isinstance(event.payload, FiguresPublished)]
    assert report.fills > 0
    assert published
    assert all(event.observed_at % EVERY_NS == EVERY_NS // 2 for event in published)
    assert any(event.payload.figures.var_95 > 0 for event in published if isinstance(event.payload, FiguresPublished))


def test_neither_the_pace_nor_the_process_moves_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = watched(monkeypatch)
    replayed(tmp_path)
    first = list(told)
    told.clear()
    replayed(tmp_path, speed=1e6)
    assert told == first


def test_wallets_named_by_somebody_have_no_voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = watched(monkeypatch)
    replayed(tmp_path)
    assert not [event for event in told if isinstance(event.payload, VoicesPublished)]


def test_every_market_of_a_recording_has_a_category_where_its_name_tells_one(tmp_path: Path) -> None:
    ready = replay.prepare(options(tmp_path), lambda _: None)
    assert {market.category for market in ready.known.values()} == {"crypto_updown"}
    assert list(ready.known) == list(ready.recording.markets)
