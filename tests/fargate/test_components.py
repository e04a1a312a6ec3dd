"""Every part of the trader says whether it is well, in words for people."""

from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from fargate.components import DOUBT_NS, components_of
from fargate.condition import Component
from shared.domain.instants import SECOND
from shared.domain.messages import FeedHealth
from shared.domain.order import OrderState
from shared.domain.reports import Reports
from tests.fargate.fakes import NOON, Life
from tests.fargate.test_trader import bought


@dataclass
class Parts:
    """A life, and what is wrong with its feeds."""

    life: Life
    feeds: dict[str, str] = field(default_factory=dict)

    def down(self, feed: str, reason: str = "silent") -> None:
        """The engine is told of it."""
        self.life.driver.handle_now(FeedHealth(feed, healthy=False, reason=reason), self.life.driver.now)

    @property
    def all(self) -> dict[str, Component]:
        driver = self.life.driver
        return components_of(driver.engine, driver.rounds, self.feeds, self.life.tape, driver.now)

    def __getitem__(self, name: str) -> Component:
        return self.all[name]


@pytest.fixture
def parts() -> Parts:
    """A life whose books were compared a moment ago."""
    life = Life().begun()
    life.driver.rounds.equal_at = life.driver.now
    return Parts(life)


def unwell(parts: Parts) -> dict[str, str]:
    return {name: one.says for name, one in parts.all.items() if not one.ok}


def test_a_trader_that_is_well_lists_its_parts_and_no_feed(parts: Parts) -> None:
    assert unwell(parts) == {}
    assert {name for name, one in parts.all.items() if one.needed} == {"store", "switch", "venue"}
    assert set(parts.all) == {"account", "store", "switch", "venue", "views", "tape", "breakers"}
    assert parts["account"].says == "test: equity $10,000.00, 0 positions"
    assert parts["venue"].says == "books equal 0 ms ago, 0 orders open, 0 in doubt"


def test_stopped_trading_is_told_with_its_reason(parts: Parts) -> None:
    parts.life.driver.engine.desk.risk.stop("drill")
    assert unwell(parts) == {"switch": "STOPPED: drill"}


def test_a_switch_that_could_not_be_read_once_is_told_and_only_a_deaf_trader_is_not_well(parts: Parts) -> None:
    parts.feeds["switch"] = "throttled"
    assert parts["switch"] == Component(True, "trading is on; it could not be read just now: throttled", needed=True)
    parts.down("switch", "the kill switch cannot be read: throttled")
    assert unwell(parts)["switch"] == "the kill switch cannot be read: throttled"
    assert "feed switch" not in parts.all


def test_a_slow_store_is_not_well_and_keeps_entries_out(parts: Parts) -> None:
    parts.down("store", "half of the store's answers take 700 ms or more")
    assert parts["store"] == Component(False, "half of the store's answers take 700 ms or more", needed=True)


@pytest.mark.parametrize(("feed", "needed"), [("whales", True), ("books", True), ("clock", True), ("spot", False)])
def test_a_feed_that_is_down_is_listed_with_its_reason_and_whether_entries_need_it(
    feed: str, needed: bool, parts: Parts
) -> None:
    parts.down(feed, "no data for 12 s")
    assert parts[f"feed {feed}"] == Component(False, "no data for 12 s", needed=needed)


def test_a_source_that_is_down_while_another_does_its_job_is_listed_and_not_needed(parts: Parts) -> None:
    parts.feeds |= {"rtds": "refused", "coverage": "fast sources told 90%"}
    assert parts["feed rtds"] == Component(False, "refused")
    assert parts["feed coverage"] == Component(False, "fast sources told 90%")


def test_books_that_were_never_found_equal_are_no_ground_to_trade_on() -> None:
    parts = Parts(Life().begun())
    assert parts["venue"] == Component(False, "no equal round yet, 0 orders open, 0 in doubt", needed=True)


def test_books_that_cannot_be_explained_are_told_in_the_words_of_the_round(parts: Parts) -> None:
    parts.down("venue", "cash differs by 3")
    assert unwell(parts)["venue"] == "cash differs by 3, 0 orders open, 0 in doubt"


def test_a_round_that_is_equal_makes_the_venue_well() -> None:
    life = bought(Life().begun())
    driver = life.driver
    driver.catch_up(driver.now + 600 * SECOND)
    rounds, reports = driver.rounds, driver.venue.reports(driver.now, 0)
    assert isinstance(reports, Reports)
    rounds.round(driver.engine, reports)
    assert rounds.equal_at
    assert Parts(life)["venue"].ok


@pytest.mark.parametrize(("age", "ok"), [(DOUBT_NS, True), (DOUBT_NS + 1, False)])
def test_an_order_in_doubt_is_waited_for_a_minute(age: int, ok: bool) -> None:
    life = bought(Life().begun())
    driver = life.driver
    driver.rounds.equal_at = driver.now
    (open_there,) = driver.engine.desk.execution.open_by_market.values()
    (order,) = open_there.values()
    doubtful = replace(order, state=OrderState.IN_DOUBT, changed_at=driver.now - age)
    open_there[order.order_key] = doubtful
    found = Parts(life)["venue"]
    assert found.ok is ok
    assert "1 orders open, 1 in doubt" in found.says
    assert found.says.endswith(", one for 1 min") is not ok


def test_views_and_tape_that_cannot_be_written_are_told_each_by_its_name(parts: Parts) -> None:
    waiting = parts.life.tape.waiting
    parts.feeds |= {"views": "throttled", "tape": "no bucket"}
    assert unwell(parts) == {"views": "throttled", "tape": f"{waiting} rows wait, 0 were dropped; no bucket"}


def test_a_tape_that_lost_rows_is_not_well_any_more(parts: Parts) -> None:
    parts.life.tape.dropped = 1_200
    assert unwell(parts) == {"tape": f"{parts.life.tape.waiting} rows wait, 1,200 were dropped"}


def test_breakers_that_are_tripped_are_named(parts: Parts) -> None:
    parts.down("whales")
    assert "HALT job whales" in unwell(parts)["breakers"]
    assert not parts["breakers"].needed


def test_the_age_of_an_equal_round_is_counted_in_event_time(parts: Parts) -> None:
    parts.life.driver.rounds.equal_at = NOON - 200 * SECOND
    assert parts["venue"].says.startswith("books equal 3 min ago")
