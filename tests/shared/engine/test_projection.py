"""What the projection makes of records that say less than usual."""

from shared.domain.ledger import Position, Record, RecordKind
from shared.domain.money import Shares
from shared.engine.projection import Projection
from tests.shared.engine.builders import NOON


def test_a_settlement_of_what_was_never_held_awaits_no_redemption() -> None:
    books = Projection()
    gone = Position("test", "m:yes", "s/w", "m", "s", "w", Shares(0))
    books.apply(Record(RecordKind.SETTLED, "test", NOON, position=gone))
    assert books.redemptions == {}
    assert books.positions == {gone.key: gone}
