"""What people see of the voices in a market."""

from shared.domain.instants import DAY, HOUR
from shared.domain.money import ONE
from tests.shared.engine.crowds import NO, NOON, YES, Crowd
from tests.shared.engine.test_consensus import voices


def test_leanings_are_shown_for_each_wallet_that_is_not_silent() -> None:
    crowd = Crowd().buys("a", shares=5).buys("b", NO, 7).buys("c").sells("c")
    assert sorted(crowd.room.leanings("m", YES, NOON)) == [-7 * ONE, 5 * ONE]
    assert crowd.room.leanings("elsewhere", YES, NOON) == []


def test_looking_at_leanings_forgets_nothing() -> None:
    crowd = Crowd().buys("b", NO, 100, ago=HOUR).sells("d", ago=HOUR).buys("a")
    assert crowd.room.leanings("m", YES, NOON + 2 * DAY) == []
    assert voices(crowd.judge()) == (1, 1)
