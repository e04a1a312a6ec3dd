from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.notice import Notice
from shared.domain.standing import Since, turned
from shared.domain.states import Found

NOW = 1_800_000_000 * SECOND
LOW = Found("balance_low", "$1.00 of free cash")
DOWN = Found("drawdown", "equity is 16% below")


def test_a_condition_that_begins_is_told_with_the_severity_of_its_row() -> None:
    standing, told = turned({}, [DOWN, LOW], "paper", NOW, "collect_quality")
    assert standing == {"drawdown": Since(NOW, NOW), "balance_low": Since(NOW, NOW)}
    assert told == [
        Notice("paper", 1, "drawdown", DOWN.text, NOW, "collect_quality"),
        Notice("paper", 2, "balance_low", LOW.text, NOW, "collect_quality"),
    ]


def test_the_same_look_again_tells_nothing_new() -> None:
    standing, _ = turned({}, [DOWN, LOW], "paper", NOW, "x")
    assert turned(standing, [DOWN, LOW], "paper", NOW, "x") == (standing, [])


def test_what_stands_is_told_again_after_a_day_and_what_halts_after_four_hours() -> None:
    standing, _ = turned({}, [DOWN, LOW], "paper", NOW, "x")
    assert turned(standing, [DOWN, LOW], "paper", NOW + 4 * HOUR - 1, "x")[1] == []
    later, told = turned(standing, [DOWN, LOW], "paper", NOW + 4 * HOUR, "x")
    assert [one.name for one in told] == ["drawdown"]
    assert later["drawdown"] == Since(NOW, NOW + 4 * HOUR)
    assert [one.name for one in turned(later, [LOW], "paper", NOW + DAY, "x")[1]] == ["balance_low", "condition_ended"]


def test_what_is_over_is_told_once() -> None:
    standing, _ = turned({}, [LOW], "paper", NOW, "x")
    after, told = turned(standing, [], "paper", NOW + 2 * HOUR, "x")
    assert (after, told) == (
        {},
        [Notice("paper", 3, "condition_ended", "balance_low is over after 2 h 0 min", NOW + 2 * HOUR, "x")],
    )
    assert turned(after, [], "paper", NOW + 3 * HOUR, "x") == ({}, [])
