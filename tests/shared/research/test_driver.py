"""The synchronous driver before the venue: rounds of reconciliation, deposits, redemptions, merges, and the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.orders import SettlementSettings, VenueSettings
from shared.adapters.paper.venue import PaperVenue
from shared.domain.command import Command, CommandKind
from shared.domain.effects import Effect, Merge
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.messages import (
    Event,
    FeedHealth,
    MarketListed,
    MarketResolved,
    Merged,
    OrderReport,
    Payload,
)
from shared.domain.money import ONE, Fraction, Shares, dollars
from shared.domain.order import FINAL, OrderType
from shared.domain.reports import Reports
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.engine.reconciliation import Difference
from shared.research.driver import Driver
from shared.research.rounds import EVERY_NS, SOURCE, Believing, Rounds
from shared.research.shown import NoPrints, shown
from shared.strategies.whale_copy import WhaleCopy
from tests.shared.engine.builders import NOON, RATIO, book, market, order, ranking, trade
from tests.shared.research.recording import replayed

PAID = MarketResolved("m", {"m:yes": ONE, "m:no": 0})
SETTLING = VenueSettings(books=True, settlement=SettlementSettings(enabled=True))
LIMITS = Limits(volume_24h_min_usd=dollars(0))


class World(Struct):
    """A driver over memory, and what it put on tape."""

    driver: Driver
    venue: PaperVenue
    tape: list[Event]

    def told(self, source: str = SOURCE) -> list[Payload]:
        """What a source told the engine."""
        return [event.payload for event in self.tape if event.source == source]

    def play(self, *events: tuple[int, Payload]) -> None:
        """Recorded facts at their instants, books shown to the venue."""
        rows = [Event(n, at, at, "test", payload) for n, (at, payload) in enumerate(events)]
        self.driver.play(shown(self.driver.show_book, rows), NoPrints())


def world(settings: VenueSettings = SETTLING, engine: Engine | None = None, log: MemoryPaperLog | None = None) -> World:
    tape: list[Event] = []
    venue = PaperVenue(1, log or MemoryPaperLog(), settings=settings)
    driver = Driver(engine or Engine("test", WhaleCopy(RATIO), LIMITS), venue, MemoryStore(), tape=tape.append)
    return World(driver, venue, tape)


def begun(settings: VenueSettings = SETTLING, engine: Engine | None = None) -> World:
    """With ten thousand dollars, a market and a whale."""
    made = world(settings, engine)
    made.driver.handle_now(Command("initial", CommandKind.DEPOSIT, "capital", dollars(10_000)), NOON)
    made.driver.handle_now(MarketListed(market()), NOON)
    made.driver.handle_now(ranking("whale"), NOON)
    return made


def quiet(start: int, minutes: int) -> list[tuple[int, Payload]]:
    """A book every ten seconds."""
    return [(start + n * 10 * SECOND, book()) for n in range(6 * minutes)]


# ---------------------------------------------------------------------- rounds


def test_rounds_take_place_every_five_minutes_and_tell_nothing_while_all_is_equal() -> None:
    run = begun()
    run.play((NOON, book()), (NOON + SECOND, trade()), *quiet(NOON + 2 * SECOND, 31))
    assert run.driver.engine.desk.books.fills >= 1
    rounds = run.driver.rounds
    assert rounds.done >= 7
    assert rounds.due_at == rounds.equal_at + EVERY_NS
    assert run.told() == []
    assert run.driver.engine.desk.risk.trading


def test_a_micro_dollar_that_nobody_can_explain_stops_trading_and_is_alarmed() -> None:
    run = begun()
    run.play((NOON, book()))
    run.venue.deposit("a gift", 1, NOON + SECOND)
    run.play(*quiet(NOON + MINUTE, 6))
    assert not run.driver.engine.desk.risk.trading
    assert run.driver.rounds.counts[Difference.UNEXPLAINED.value] >= 1
    assert any((alert.severity, alert.name) == (1, "reconciliation") for alert in run.driver.alerts)


def test_a_start_without_an_answer_stops_entries_until_there_is_one() -> None:
    run = begun()
    run.venue.statements.silent = ("trades",)
    run.play((NOON, book()))
    run.venue.statements.silent = ()
    run.play(*quiet(NOON + SECOND, 1))
    healths = [one.healthy for one in run.told() if isinstance(one, FeedHealth)]
    assert healths == [False, True]


def test_a_failed_settlement_leaves_both_sides_equal() -> None:
    failing = VenueSettings(books=True, settlement=SettlementSettings(enabled=True, failed=Fraction(ONE)))
    run = begun(failing)
    run.play((NOON, book()), (NOON + SECOND, trade()), *quiet(NOON + 2 * SECOND, 11))
    booked = run.driver.engine.desk.books.booked.values()
    assert {one.status for one in booked} == {SettlementStatus.FAILED}
    reports = run.venue.reports(NOON, 0)
    assert (reports.positions, reports.balance) == ({}, dollars(10_000))
    assert run.driver.rounds.equal_at >= NOON + 5 * MINUTE
    assert run.driver.engine.desk.risk.trading


class Doubting(Rounds):
    """Finds an order in doubt each time."""

    def round(self, engine: Believing, reports: Reports) -> list[Payload]:
        super().round(engine, reports)
        self.doubts = ("intent.1",)
        return []


def test_an_order_found_in_doubt_is_cancelled_and_asked_about() -> None:
    run = begun(VenueSettings())
    run.venue.submit(order(), NOON)
    run.driver.rounds = Doubting()
    heard: list[Event] = []

    class Deaf(Engine):
        """Hears of an order that is not its own, and writes it down."""

        def handle(self, event: Event) -> list[Effect]:
            heard.append(event)
            return []

    run.driver.engine = Deaf("test", WhaleCopy(RATIO), LIMITS)
    run.play((NOON + SECOND, book()), (NOON + 5 * SECOND, book()))
    reports = [event.payload.state for event in heard if isinstance(event.payload, OrderReport)]
    assert [state.value for state in reports] == ["LIVE", "CANCELED"]


def test_rounds_change_nothing_in_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    report, driver, _ = replayed(tmp_path / "a")
    assert driver.rounds.done >= 2
    assert driver.rounds.counts == {}
    monkeypatch.setattr(Rounds, "waits", lambda *_: True)
    without, other, _ = replayed(tmp_path / "b")
    assert other.rounds.done == 0
    assert without.digest == report.digest


# ---------------------------------------------------------------------- money


def test_what_an_earlier_life_died_before_telling_the_venue_is_told_once_by_the_next() -> None:
    first = begun()
    records = first.driver.store.journal("test")
    log = MemoryPaperLog()
    for life in range(1, 3):
        next_one = world(log=log)
        next_one.driver.recover(records, NOON + MINUTE)
        assert next_one.venue.reports(NOON, 0).balance == dollars(10_000)
        next_one.play((NOON + life * MINUTE, book()))
        assert next_one.driver.rounds.equal_at == NOON + life * MINUTE


def test_shares_of_a_resolved_market_are_redeemed_and_both_sides_agree_to_the_micro_dollar() -> None:
    run = begun()
    run.play((NOON, book()), (NOON + SECOND, trade()), *quiet(NOON + 2 * SECOND, 2))
    held = run.venue.reports(NOON, 0).positions
    assert held
    run.driver.schedule(PAID, NOON + HOUR)
    run.play((NOON + HOUR + MINUTE, book("n:yes")), (NOON + HOUR + 10 * MINUTE, book("n:yes")))
    books = run.driver.engine.desk.books
    reports = run.venue.reports(NOON, 0)
    assert reports.positions == {}
    assert reports.balance == books.balance("cash")
    assert books.realized > 0
    assert run.driver.rounds.equal_at == NOON + HOUR + 10 * MINUTE


def test_a_life_that_begins_after_the_resolution_redeems_too() -> None:
    first = begun()
    first.play((NOON, book()), (NOON + SECOND, trade()), *quiet(NOON + 2 * SECOND, 2))
    records = first.driver.store.journal("test")
    log = first.venue._log  # what survives the process
    assert isinstance(log, MemoryPaperLog)
    second = world(log=log)
    second.driver.engine.warm(Event(0, NOON + HOUR, NOON + HOUR, "test", MarketListed(market())))
    second.driver.engine.warm(Event(0, NOON + HOUR, NOON + HOUR, "test", PAID))
    second.driver.recover(records, NOON + HOUR)
    second.play((NOON + HOUR + MINUTE, book("n:yes")), (NOON + HOUR + 20 * MINUTE, book("n:yes")))
    assert second.venue.reports(NOON, 0).positions == {}
    assert second.driver.rounds.equal_at == NOON + HOUR + 20 * MINUTE


class Merging(Engine):
    """Asks for a merge when it is told to flatten."""

    def handle(self, event: Event) -> list[Effect]:
        if isinstance(event.payload, Command) and event.payload.kind is CommandKind.FLATTEN:
            return [Merge("m", 5 * ONE, "ref")]
        return super().handle(event)


def test_a_merge_reaches_the_venue_and_is_answered() -> None:
    run = begun(VenueSettings(), Merging("test", WhaleCopy(RATIO), LIMITS))
    for token in ("m:yes", "m:no"):
        run.venue.balance(token, 8 * ONE)
    run.driver.handle_now(Command("c", CommandKind.FLATTEN, "test"), NOON + SECOND)
    run.driver.catch_up(NOON + MINUTE)
    assert Merged("m", Shares(5 * ONE), "ref") in run.told("venue")
    assert run.venue.reports(NOON, 0).positions == {"m:yes": 3 * ONE, "m:no": 3 * ONE}


# ---------------------------------------------------------------------- the end


def test_a_run_ends_though_an_exit_finds_no_buyer_for_ever_and_every_order_has_ended() -> None:
    run = begun()
    falling: list[tuple[int, Payload]] = [(NOON, book()), (NOON + SECOND, trade()), *quiet(NOON + 2 * SECOND, 2)]
    crash = NOON + 3 * MINUTE
    nobody = [(crash + n * SECOND, book(bid=10_000, ask=500_000, size=1)) for n in range(30)]

    def rows() -> Iterator[Event]:
        for n, (at, payload) in enumerate([*falling, *nobody]):
            yield Event(n, at, at, "test", payload)

    run.driver.run(shown(run.driver.show_book, rows()), NoPrints())
    desk = run.driver.engine.desk
    assert desk.open_positions() == 1
    assert all(one.state in FINAL for one in desk.books.orders.values())
    assert len(desk.books.orders) < 1_000
    assert OrderType.GTC in [one.order_type for one in desk.books.orders.values()]
