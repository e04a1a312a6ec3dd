import msgspec
import pytest

from shared.domain.effects import Alert, WakeMeAt
from shared.domain.messages import Event, FeedHealth, TimerKind
from shared.domain.tape import Began, Checkpoint, Did, Recovered, TapeRow, Warmed

EVENT = Event(1, 2, 3, "rtds", FeedHealth("rtds", healthy=True, reason="up"))


@pytest.mark.parametrize(
    "row",
    [
        EVENT,
        Began("paper", 1, "whale_copy", "{}", "{}", "{}", ("activity",)),
        Warmed(EVENT),
        Recovered(1, trading=False, records=7, journal="ab"),
        Did(1, (WakeMeAt(2, TimerKind.ORDER_EXPIRY, "k"), Alert(3, "name", "text"))),
        Checkpoint(1, "cd"),
    ],
)
def test_every_kind_of_row_comes_back_from_json_as_it_was(row: TapeRow) -> None:
    assert msgspec.json.decode(msgspec.json.encode(row), type=type(row)) == row
