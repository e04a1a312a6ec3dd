import pytest

from shared.adapters.control.remembered import AGAIN_NS, KEPT_NS, Remembered
from shared.domain.errors import Temporary


class Source:
    def __init__(self) -> None:
        self.value, self.reads, self.now, self.fails = "one", 0, 0, False
        self.kept = Remembered(self.read, lambda: self.now)

    def read(self) -> str:
        self.reads += 1
        if self.fails:
            raise Temporary("no answer")
        return self.value


def test_it_is_read_once_in_five_minutes() -> None:
    source = Source()
    assert source.kept.fits(lambda value: value == "one")
    source.now = KEPT_NS - 1
    assert source.kept.get() == "one"
    assert source.reads == 1
    source.now = KEPT_NS
    source.value = "two"
    assert source.kept.get() == "two"


def test_who_does_not_fit_makes_it_look_again_for_what_was_rotated() -> None:
    source = Source()
    source.kept.get()
    source.value, source.now = "two", AGAIN_NS
    assert source.kept.fits(lambda value: value == "two")


def test_those_who_never_fit_do_not_make_it_look_each_time() -> None:
    source = Source()
    for _ in range(100):
        source.now += AGAIN_NS // 50
        assert not source.kept.fits(lambda value: value == "wrong")
    assert source.reads <= 3


def test_a_failure_is_passed_on_and_not_kept() -> None:
    source = Source()
    source.fails = True
    with pytest.raises(Temporary):
        source.kept.get()
    source.fails = False
    assert source.kept.get() == "one"
