"""Figures of a live run: once a minute, away from the loop, one at a time."""

from collections.abc import Callable
from typing import Any, TypeVar

from fargate.figures import EVERY_NS, LiveFigures
from fargate.lanes import InPlace, ignore
from shared.analytics.figures import FigureRules, figures
from shared.domain.errors import Temporary
from shared.domain.instants import MILLISECOND
from shared.domain.messages import FiguresPublished, Payload
from shared.engine.engine import Engine
from tests.shared.engine.builders import PLAIN, House

T = TypeVar("T")
QUICK = FigureRules(draws=500, stress_draws=100)


class Hand:
    """A driver that remembers what it was handed, around an engine that holds something."""

    def __init__(self) -> None:
        house = House(PLAIN).ready()
        sent = house.copied()
        house.accept(sent)
        house.fill(sent)
        self.engine: Engine = house.engine
        self.now = house.now
        self.told: list[tuple[Payload, int]] = []

    def handle_now(self, payload: Payload, at: int) -> None:
        self.told.append((payload, at))


class Waiting:
    """A lane whose calls are made when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def post(
        self,
        call: Callable[[], T],
        then: Callable[[T], None] = ignore,
        failed: Callable[[Temporary], None] | None = None,
        newest: str = "",
    ) -> None:
        self.calls.append(lambda: then(call()))


def test_figures_are_due_at_first_and_then_once_a_minute() -> None:
    hand, live = Hand(), LiveFigures(rules=QUICK)
    for after in (0, EVERY_NS - 1, EVERY_NS, EVERY_NS + 50 * MILLISECOND, 2 * EVERY_NS):
        live.tend(hand, InPlace(), hand.now + after)
    assert [at - hand.now for _, at in hand.told] == [0, EVERY_NS, 2 * EVERY_NS]


def test_what_the_engine_is_handed_is_what_the_snapshot_says() -> None:
    hand, live = Hand(), LiveFigures(rules=QUICK)
    live.tend(hand, InPlace(), hand.now)
    expected = figures(LiveFigures().snapshot(hand.engine, hand.now), QUICK)
    assert expected.var_95 > 0
    assert hand.told == [(FiguresPublished(expected), hand.now)]
    assert live.latest == expected


def test_one_computation_at_a_time_is_under_way_and_its_result_is_handed_over_late_but_in_time() -> None:
    hand, live, lane = Hand(), LiveFigures(rules=QUICK), Waiting()
    begun = hand.now
    live.tend(hand, lane, begun)
    live.tend(hand, lane, begun + 5 * EVERY_NS)
    assert (len(lane.calls), hand.told, live.latest) == (1, [], None)
    hand.now = begun + 6 * EVERY_NS
    lane.calls.pop()()
    ((told, at),) = hand.told
    assert isinstance(told, FiguresPublished)
    assert (told.figures.as_of, at) == (begun, begun + 6 * EVERY_NS)
    assert live.due(begun + 6 * EVERY_NS)


def test_what_happens_while_figures_are_computed_does_not_change_them() -> None:
    hand, live, lane = Hand(), LiveFigures(rules=QUICK), Waiting()
    live.tend(hand, lane, hand.now)
    before: Any = figures(LiveFigures().snapshot(hand.engine, hand.now), QUICK)
    hand.engine.desk.positions.clear()
    hand.engine.desk.marks.held.clear()
    lane.calls.pop()()
    assert live.latest == before
