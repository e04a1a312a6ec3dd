"""When an order in doubt is given up, and when it is not."""

from typing import Any

import pytest

from shared.domain.instants import SECOND
from shared.domain.messages import (
    OrderReport,
)
from shared.domain.money import ONE, Shares, dollars
from shared.domain.reports import OrderStatement
from shared.engine.reconciliation import (
    EmptyReads,
    Evidence,
    Reconciliation,
)
from tests.shared.engine.builders import NOON
from tests.shared.engine.reconciliation.world import (
    KEY,
    D,
    S,
    World,
    doubtful,
    fill,
    kinds,
    live,
    sale,
)


def waits(world: World, *times: int, evidence: Evidence | None = None, **changes: Any) -> Reconciliation:
    """A round at each instant (seconds from noon), evidence handed on; the last result."""
    evidence = evidence or Evidence()
    result = Reconciliation((), (), evidence)
    for second in times:
        result = world.round(evidence, as_of=NOON + second * SECOND, **{"cancels_answered": (KEY,), **changes})
        evidence = result.evidence
        if second != times[-1]:
            assert result.payloads == ()
            assert kinds(result) == [D.IN_DOUBT]
    return result


def test_an_order_in_doubt_is_given_up_after_three_empty_rounds_over_thirty_seconds() -> None:
    result = waits(doubtful(), 0, 15, 30)
    assert result.payloads == (OrderReport(KEY, S.CANCELED, Shares(0)),)
    assert result.evidence == Evidence()
    assert result.equal


@pytest.mark.parametrize("times", [(0, 30), (0, 10, 29), (0, 30, 30), (0, 30, 10)])
def test_fewer_or_quicker_or_repeated_rounds_are_not_enough(times: tuple[int, ...]) -> None:
    assert waits(doubtful(), *times).payloads == ()


def test_the_cancel_may_be_answered_by_the_order_hash() -> None:
    assert waits(doubtful(), 0, 15, 30, cancels_answered=("0xa",)).payloads != ()


@pytest.mark.parametrize("answered", [(), ("",), ("other.1",)])
def test_no_round_counts_before_the_cancel_was_answered(answered: tuple[str, ...]) -> None:
    without_hash = World(live(state=S.IN_DOUBT, venue_hash=""))
    result = waits(without_hash, 0, 15, 30, cancels_answered=answered)
    assert result.payloads == ()
    assert result.evidence == Evidence()


def test_an_answer_to_the_cancel_is_remembered() -> None:
    world = doubtful()
    evidence = waits(world, 0).evidence
    assert waits(world, 15, 30, evidence=evidence, cancels_answered=()).payloads != ()


@pytest.mark.parametrize("failed", ["open_orders", "trades", "positions"])
def test_a_failed_question_is_no_evidence(failed: str) -> None:
    world = doubtful()
    evidence = waits(world, 0).evidence
    blind = world.round(evidence, as_of=NOON + 15 * SECOND, **{failed: None})
    assert blind.evidence.doubts == evidence.doubts
    assert waits(world, 30, evidence=blind.evidence).payloads == ()


def test_a_round_from_before_the_order_existed_does_not_count() -> None:
    world = World(live(state=S.IN_DOUBT, planned_at=NOON))
    assert waits(world, -1).evidence.doubts == {KEY: EmptyReads()}


def test_a_position_that_moved_starts_the_rounds_again() -> None:
    world = World(live(state=S.IN_DOUBT), sale(state=S.CANCELED))
    evidence = waits(world, 0, 15).evidence
    moved = world.round(evidence, as_of=NOON + 20 * SECOND, positions={"m:yes": 5})
    assert moved.evidence.doubts == {KEY: EmptyReads(last_at=NOON + 20 * SECOND)}
    assert waits(world, 30, 40, 59, evidence=moved.evidence).payloads == ()


def test_a_position_that_moved_with_an_explanation_starts_the_rounds_again_too() -> None:
    world = World(live(state=S.IN_DOUBT), live(order_key="other.1", venue_hash="0xc", reserved=dollars(1)))
    evidence = waits(world, 0, 15).evidence
    world.booked(fill(order_key="other.1"))
    result = waits(world, 30, evidence=evidence)
    assert result.evidence.doubts == {KEY: EmptyReads(1, NOON + 30 * SECOND, NOON + 30 * SECOND, 40 * ONE)}


def test_a_round_that_speaks_of_the_order_is_not_empty() -> None:
    world = doubtful()
    evidence = waits(world, 0, 15).evidence
    said = (OrderStatement(KEY, S.CANCELED, Shares(5)),)
    result = world.round(evidence, as_of=NOON + 30 * SECOND, statements=said)
    assert result.payloads == ()
    assert result.evidence.doubts == {KEY: EmptyReads(last_at=NOON + 30 * SECOND)}
