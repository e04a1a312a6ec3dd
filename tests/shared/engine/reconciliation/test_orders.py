"""Orders the venue holds or speaks of, one kind of difference at a time."""

from typing import Any

import pytest

from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    ControlChanged,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
)
from shared.domain.money import ONE, Price, Shares
from shared.domain.order import OrderState, Side
from shared.domain.reports import OrderStatement
from tests.shared.engine.builders import NOON
from tests.shared.engine.reconciliation.world import (
    KEY,
    STATUS,
    D,
    S,
    World,
    doubtful,
    fill,
    halts,
    held,
    kinds,
    live,
    only,
    reported,
)


@pytest.mark.parametrize("state", [S.PLANNED, S.IN_DOUBT])
def test_an_order_of_unknown_outcome_that_the_venue_holds_is_accepted(state: OrderState) -> None:
    result = World(live(state=state)).round(open_orders=(held(live()),))
    assert result.payloads == (OrderAccepted(KEY, "0xa"),)
    assert result.equal


def test_the_answer_to_a_question_accepts_like_the_list_of_open_orders() -> None:
    said = (OrderStatement("", S.LIVE, Shares(0), "0xa"),)
    assert doubtful().round(statements=said).payloads == (OrderAccepted(KEY, "0xa"),)


def test_an_order_of_unknown_outcome_with_a_missed_fill_needs_no_acceptance() -> None:
    said = (OrderStatement(KEY, S.PARTIAL, Shares(40 * ONE), "0xa"),)
    trades = (reported(fill(at=NOON - MINUTE), live(), STATUS.MATCHED),)
    result = doubtful().round(trades=trades, statements=said, open_orders=None)
    assert result.payloads == (OrderFilled(trades[0].fill),)


@pytest.mark.parametrize("end", [S.CANCELED, S.EXPIRED])
def test_an_end_is_told_after_the_fills_before_it(end: OrderState) -> None:
    said = (OrderStatement(KEY, end, Shares(40 * ONE)),)
    result = World(live()).round(
        trades=(reported(fill(), live(), STATUS.MATCHED),),
        statements=said,
        open_orders=(),
        positions={"m:yes": 40 * ONE},
    )
    told = [payload for payload in result.payloads if not isinstance(payload, ControlChanged)]
    assert told == [OrderFilled(fill()), OrderReport(KEY, end, Shares(40 * ONE))]


@pytest.mark.parametrize("end", [S.CANCELED, S.FILLED])
def test_an_end_waits_for_its_fills_and_halts_when_they_never_come(end: OrderState) -> None:
    world = World(live())
    said = (OrderStatement(KEY, end, Shares(100 * ONE)),)
    first = world.round(statements=said, open_orders=())
    assert only(first) == (D.IN_FLIGHT, "order intent.1: the venue has filled 100000000, we have booked 0")
    assert first.payloads == ()
    later = world.round(first.evidence, statements=said, open_orders=(), as_of=NOON + 20 * SECOND)
    halts(later, "the venue has filled 100000000")


def test_a_difference_that_cannot_be_judged_without_trades_waits_for_them() -> None:
    world = World(live())
    said = (OrderStatement(KEY, S.CANCELED, Shares(5)),)
    evidence = world.round(statements=said, trades=None).evidence
    blind = world.round(evidence, statements=said, trades=None, as_of=NOON + MINUTE)
    assert not blind.halt
    halts(world.round(blind.evidence, statements=said, as_of=NOON + MINUTE), "the venue has filled 5")


def test_a_tolerated_difference_keeps_its_age_over_a_question_that_failed() -> None:
    world = World(live())
    more = (held(live(), filled=Shares(5)),)
    evidence = world.round(open_orders=more).evidence
    evidence = world.round(evidence, open_orders=None, as_of=NOON + 10 * SECOND).evidence
    halts(world.round(evidence, open_orders=more, as_of=NOON + 20 * SECOND), "the venue has filled 5")
    assert not world.round(evidence, open_orders=(held(live(), filled=Shares(6)),), as_of=NOON + MINUTE).halt


def test_filled_with_less_than_its_size_halts() -> None:
    world = World(live()).booked(fill())
    said = (OrderStatement(KEY, S.FILLED, Shares(40 * ONE)),)
    halts(world.round(statements=said), "the venue says FILLED with 40000000 of 100000000")


@pytest.mark.parametrize("state", [S.PLANNED, S.IN_DOUBT])
def test_a_rejection_of_an_order_of_unknown_outcome_is_told(state: OrderState) -> None:
    said = (OrderStatement(KEY, S.REJECTED, Shares(0), reason="not enough balance"),)
    result = World(live(state=state)).round(statements=said)
    assert result.payloads == (OrderRejected(KEY, "not enough balance"),)


@pytest.mark.parametrize("state", [S.REJECTED, S.CANCELED, S.EXPIRED])
def test_a_rejection_of_an_order_that_ended_without_a_fill_changes_nothing(state: OrderState) -> None:
    assert World(live(state=state)).round(statements=(OrderStatement(KEY, S.REJECTED, Shares(0)),)).equal


@pytest.mark.parametrize("state", [S.LIVE, S.PARTIAL])
def test_a_rejection_of_an_order_that_lived_halts(state: OrderState) -> None:
    said = (OrderStatement(KEY, S.REJECTED, Shares(0)),)
    halts(World(live(state=state)).round(statements=said, open_orders=()), "the venue says REJECTED")


def test_a_rejection_of_an_order_with_fills_halts() -> None:
    world = World(live(state=S.CANCELED)).booked(fill())
    halts(world.round(statements=(OrderStatement(KEY, S.REJECTED, Shares(0)),)), "with 40000000 filled")


def test_an_end_that_the_books_call_a_rejection_is_no_difference_without_a_fill() -> None:
    world = World(live(state=S.REJECTED))
    assert world.round(statements=(OrderStatement(KEY, S.CANCELED, Shares(0)),)).equal


def test_of_several_statements_the_end_with_the_most_filled_counts() -> None:
    world = World(live()).booked(fill())
    said = (
        OrderStatement(KEY, S.LIVE, Shares(0)),
        OrderStatement(KEY, S.CANCELED, Shares(0)),
        OrderStatement(KEY, S.CANCELED, Shares(40 * ONE)),
    )
    assert world.round(statements=said).payloads == (OrderReport(KEY, S.CANCELED, Shares(40 * ONE)),)


def test_an_order_both_filled_and_rejected_halts() -> None:
    said = (OrderStatement(KEY, S.CANCELED, Shares(5)), OrderStatement(KEY, S.REJECTED, Shares(0)))
    halts(World(live()).round(statements=said), "both CANCELED with 5 filled and REJECTED")


def test_a_planned_order_of_which_nothing_was_heard_is_left_to_the_engines_time_out() -> None:
    result = World(live(state=S.PLANNED)).round()
    assert result.payloads == ()
    assert only(result) == (D.IN_FLIGHT, "order intent.1 is planned, and nothing was heard of it")


def test_an_order_that_is_not_found_falls_into_doubt_and_is_not_cancelled() -> None:
    result = World(live()).round(open_orders=())
    (told,) = result.payloads
    assert isinstance(told, OrderInDoubt)
    assert kinds(result) == [D.REPAIRED, D.IN_DOUBT]
    assert not result.equal


def test_an_order_accepted_a_moment_ago_may_not_show_yet() -> None:
    result = World(live(changed_at=NOON - SECOND)).round(open_orders=())
    assert only(result) == (D.IN_FLIGHT, "order intent.1 is LIVE, the venue does not show it")
    assert result.payloads == ()


@pytest.mark.parametrize("state", [S.CANCELED, S.EXPIRED, S.FILLED, S.REJECTED])
def test_an_order_we_believe_ended_that_lives_on_halts_unless_it_ended_a_moment_ago(state: OrderState) -> None:
    halts(World(live(state=state)).round(open_orders=(held(live()),)), f"is {state.value} in our books")
    recent = World(live(state=state, changed_at=NOON - SECOND)).round(open_orders=(held(live()),))
    assert kinds(recent) == [D.IN_FLIGHT]


@pytest.mark.parametrize(
    "changes", [{"token": "m:no"}, {"side": Side.SELL}, {"limit": Price(500_001)}, {"size": Shares(100 * ONE + 1)}]
)
def test_an_open_order_that_differs_from_ours_by_one_micro_unit_halts(changes: dict[str, Any]) -> None:
    halts(doubtful().round(open_orders=(held(live(), **changes),)), "order intent.1: the venue holds")
