"""Histories that are read at their end only, held against reading everything each time."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.queries.tails import AGAIN_NS, STILL_NS, WRITTEN_NS, Curve, Decided
from dashboard.state import Point
from shared.domain.decision import Decision, Reason
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from tests.dashboard.fakes import NOW, decision

AGES = (0, SECOND, 3 * SECOND, 31 * SECOND)
Step = tuple[int, int, int]


class World:
    """Points and decisions as they are written, and how much of them was read."""

    def __init__(self) -> None:
        self.wall = NOW
        self.points: list[Point] = []
        self.decided: list[Decision] = []
        self.read: list[tuple[int | None, int]] = []

    def now(self) -> int:
        return self.wall

    def between(self, start: int, end: int) -> list[Point]:
        self.read.append((start, end))
        return [point for point in self.points if start <= point.at <= end]

    def latest(self, since: int | None, until: int, most: int) -> list[Decision]:
        self.read.append((since, until))
        return self.found(since, until, most)

    def found(self, since: int | None, until: int, most: int) -> list[Decision]:
        found = [made for made in self.decided if made.at <= until and (since is None or made.at >= since)]
        return sorted(found, key=lambda made: (made.at, made.signal_id), reverse=True)[:most]


steps = st.lists(
    st.tuples(st.integers(0, 5 * HOUR), st.sampled_from([HOUR, 6 * HOUR, DAY]), st.sampled_from(AGES)),
    min_size=1,
    max_size=20,
)


@given(steps)
def test_a_curve_read_at_its_end_is_the_whole_curve(told: list[Step]) -> None:
    world, at = World(), NOW
    curve = Curve(world.between, world.now)
    for ahead, span, age in told:
        at += ahead
        world.points.append(Point(at, len(world.points)))
        world.wall += age + STILL_NS + 1
        assert curve.between(at - span, at) == [p for p in world.points if at - span <= p.at <= at]


def test_only_the_end_of_a_curve_is_read_again() -> None:
    world = World()
    world.points = [Point(NOW - n * MINUTE, n) for n in range(60, -1, -1)]
    curve = Curve(world.between, world.now)
    curve.between(NOW - HOUR, NOW)
    world.wall += 3 * SECOND
    curve.between(NOW - HOUR + MINUTE, NOW + MINUTE)
    assert world.read == [(NOW - HOUR, NOW), (NOW - AGAIN_NS, NOW + MINUTE)]


@pytest.mark.parametrize(("age", "ahead", "reads"), [(2, 60, 1), (3, 60, 2), (3, 0, 1), (31, 0, 2)])
def test_a_curve_is_asked_every_two_seconds_and_seldom_while_time_stands_still(
    age: int, ahead: int, reads: int
) -> None:
    world = World()
    curve = Curve(world.between, world.now)
    curve.between(NOW - HOUR, NOW)
    world.wall += age * SECOND
    curve.between(NOW - HOUR, NOW + ahead * SECOND)
    assert len(world.read) == reads


def test_a_curve_of_another_world_is_read_whole() -> None:
    world = World()
    world.points = [Point(NOW, 1)]
    curve = Curve(world.between, world.now)
    curve.between(NOW - HOUR, NOW)
    world.points = [Point(NOW - DAY, 2)]
    assert curve.between(NOW - DAY - HOUR, NOW - DAY) == world.points


def test_points_older_than_anybody_asks_for_are_dropped() -> None:
    world = World()
    curve = Curve(world.between, world.now)
    for n in range(3 * 60):
        world.points.append(Point(NOW + n * MINUTE, n))
        world.wall += 3 * SECOND
        curve.between(NOW + n * MINUTE - HOUR, NOW + n * MINUTE)
    assert len(curve._kept) == 61


def made_at(n: int, at: int) -> Decision:
    return decision(n, Reason.STALE, at)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 12), st.sampled_from([3, 10, 25])), max_size=20))
def test_decisions_read_at_their_end_are_all_decisions(told: list[tuple[int, int, int]]) -> None:
    world, at = World(), NOW
    decided = Decided(world.latest, world.now)
    for ahead, new, most in told:
        at += ahead * SECOND
        world.decided += [made_at(len(world.decided) + n, at) for n in range(new)]
        world.wall += STILL_NS + 1
        assert decided.latest(at, most) == world.found(None, at, most)


def test_a_decision_written_late_is_not_missed() -> None:
    world = World()
    world.decided = [made_at(1, NOW)]
    decided = Decided(world.latest, world.now)
    decided.latest(NOW, 10)
    world.decided.append(made_at(2, NOW - WRITTEN_NS))
    world.wall += 3 * SECOND
    assert decided.latest(NOW + 1, 10) == world.found(None, NOW + 1, 10)
    assert world.read[-1] == (NOW - WRITTEN_NS, NOW + 1)


@pytest.mark.parametrize(("until", "most", "reads"), [(NOW, 10, 1), (NOW, 11, 2), (NOW - 1, 10, 2), (NOW + 1, 5, 1)])
def test_decisions_are_asked_anew_when_deeper_or_of_another_world(until: int, most: int, reads: int) -> None:
    world = World()
    world.decided = [made_at(1, NOW)]
    decided = Decided(world.latest, world.now)
    decided.latest(NOW, 10)
    assert decided.latest(until, most) == world.found(None, until, most)
    assert len(world.read) == reads


@pytest.mark.parametrize(("took", "age", "reads"), [(0, 2, 1), (0, 3, 2), (3, 30, 1), (3, 31, 2)])
def test_a_slow_server_is_asked_seldom(took: int, age: int, reads: int) -> None:
    world = World()
    asked: list[int] = []

    def slowly(since: int | None, until: int, most: int) -> list[Decision]:
        asked.append(most)
        world.wall += took * SECOND
        return world.latest(since, until, most)

    reading: Callable[[int | None, int, int], list[Decision]] = slowly
    decided = Decided(reading, world.now)
    decided.latest(NOW, 10)
    world.wall += age * SECOND
    decided.latest(NOW + 1, 10)
    assert len(asked) == reads
