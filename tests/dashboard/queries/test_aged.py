"""Answers that are kept: one question however many ask, anew when it is due, and nothing kept of a failure."""

import threading
import time

import pytest

from dashboard.queries.aged import Aged
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND


class Clock:
    def __init__(self) -> None:
        self.at = 1

    def __call__(self) -> int:
        return self.at


class Counting:
    """Counts questions; each takes ``took`` of the clock."""

    def __init__(self, clock: Clock, took: int = 0) -> None:
        self.clock, self.took, self.asked = clock, took, 0

    def __call__(self) -> int:
        self.asked += 1
        self.clock.at += self.took
        return self.asked


@pytest.mark.parametrize(("later", "asked"), [(2 * SECOND, 1), (2 * SECOND + 1, 2)])
def test_an_answer_serves_for_its_time_and_not_longer(later: int, asked: int) -> None:
    clock = Clock()
    answers, ask = Aged[int](2 * SECOND, clock), Counting(clock)
    answers.get("a", ask)
    clock.at += later
    assert answers.get("a", ask) == asked


@pytest.mark.parametrize(("later", "asked"), [(30 * SECOND, 1), (30 * SECOND + 1, 2)])
def test_a_slow_answer_serves_ten_times_as_long_as_it_took(later: int, asked: int) -> None:
    clock = Clock()
    answers, ask = Aged[int](SECOND, clock), Counting(clock, took=3 * SECOND)
    answers.get("a", ask)
    clock.at += later
    assert answers.get("a", ask) == asked


def test_questions_are_kept_apart_and_the_longest_unasked_is_forgotten() -> None:
    clock = Clock()
    answers, ask = Aged[int](SECOND, clock, most=2), Counting(clock)
    assert [answers.get(key, ask) for key in ("a", "b", "c", "b", "c", "a")] == [1, 2, 3, 2, 3, 4]


def test_what_was_forgotten_is_asked_anew() -> None:
    clock = Clock()
    answers, ask = Aged[int](SECOND, clock), Counting(clock)
    answers.get("a", ask)
    answers.forget()
    assert answers.get("a", ask) == 2


def test_a_failure_is_told_and_not_kept() -> None:
    clock = Clock()
    answers, ask = Aged[int](SECOND, clock), Counting(clock)

    def fail() -> int:
        raise Temporary("away")

    with pytest.raises(Temporary, match="away"):
        answers.get("a", fail)
    assert answers.get("a", ask) == 1


def test_many_who_ask_at_once_share_one_question() -> None:
    asked = []

    def slowly() -> int:
        asked.append(1)
        time.sleep(0.05)
        return len(asked)

    answers = Aged[int](60 * SECOND)
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(answers.get("a", slowly))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got, len(asked)) == ([1] * 16, 1)
