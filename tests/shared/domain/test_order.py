"""Every cell of the order state table, written out as a person would check it against design.md 5."""

import pytest

from shared.domain.errors import Corrupt
from shared.domain.money import Shares
from shared.domain.order import FINAL, TRANSITIONS, OrderCause, OrderState, next_state
from tests.shared.engine.builders import order

CAUSES = ["ACCEPTED", "REJECTED", "DOUBT", "PARTLY_FILLED", "WHOLLY_FILLED", "CANCELED", "EXPIRED", "NEVER_SENT"]
# A dot: nothing changes. A cross: the two contradict each other, and trading stops.
TABLE = """
            ACCEPTED  REJECTED  DOUBT     PARTLY    WHOLLY    CANCELED  EXPIRED   NEVER_SENT
PLANNED     LIVE      REJECTED  IN_DOUBT  PARTIAL   FILLED    CANCELED  EXPIRED   CANCELED
LIVE        .         x         IN_DOUBT  PARTIAL   FILLED    CANCELED  EXPIRED   x
PARTIAL     .         x         IN_DOUBT  .         FILLED    CANCELED  EXPIRED   x
IN_DOUBT    LIVE      REJECTED  .         PARTIAL   FILLED    CANCELED  EXPIRED   x
FILLED      .         x         .         x         x         .         .         x
CANCELED    .         .         .         .         FILLED    .         .         x
EXPIRED     .         .         .         .         FILLED    .         .         x
REJECTED    x         .         .         x         x         x         x         x
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CELLS = [
    (row[0], cause, row[0] if cell == "." else cell)
    for row in ROWS
    for cause, cell in zip(CAUSES, row[1:], strict=True)
]


def test_the_table_covers_every_state_and_every_cause() -> None:
    assert {(state, cause) for state, cause, _ in CELLS} == {(s.name, c.name) for s in OrderState for c in OrderCause}
    assert set(TRANSITIONS) == set(OrderState)


@pytest.mark.parametrize(("state", "cause", "after"), CELLS)
def test_a_state_meets_a_cause(state: str, cause: str, after: str) -> None:
    if after == "x":
        with pytest.raises(Corrupt, match=f"order in state {state} cannot meet {cause}"):
            next_state(OrderState[state], OrderCause[cause])
    else:
        assert next_state(OrderState[state], OrderCause[cause]) is OrderState[after]


@pytest.mark.parametrize("state", FINAL)
def test_a_final_state_is_left_only_by_the_fill_that_completes_it(state: OrderState) -> None:
    assert set(TRANSITIONS[state].values()) <= {state, OrderState.FILLED}


def test_what_is_left_and_the_sleeve_follow_from_the_fields() -> None:
    half = order(filled=Shares(40_000_000))
    assert half.remaining == 60_000_000
    assert half.sleeve == "whale_copy/whale"
