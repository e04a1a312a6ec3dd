"""2,000 mutated frames in the ordinary tests; `make prove` runs 100,000."""

import pytest

from shared.adapters.polymarket.market_channel.numbers import SIZES
from shared.adapters.polymarket.market_channel.reader import Reader
from tests.prove.frames import MUTATIONS, mutated_frames
from tests.prove.market_frames import MarketChannel


def test_mutated_frames_crash_nothing_and_get_nothing_wrong_accepted() -> None:
    tally = mutated_frames(2_000, 0, [MarketChannel()])
    assert tally.problems == []
    assert tally.frames == 2_000
    assert len(tally.by_mutation) == len(MUTATIONS)
    assert 0.15 < tally.accepted / tally.frames < 0.8


def test_a_reader_that_takes_another_size_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES.known, "7.25", 7_000_000)
    problems = mutated_frames(200, 0, [MarketChannel()]).problems
    assert any("7000000), which the frame does not say" in problem for problem in problems)


def test_a_reader_that_counts_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "take", lambda *_: None)
    assert any("nothing counted it" in problem for problem in mutated_frames(200, 0, [MarketChannel()]).problems)


def test_the_same_seed_makes_the_same_frames() -> None:
    first, second = (mutated_frames(100, 3, [MarketChannel()]) for _ in range(2))
    assert (first.by_mutation, first.accepted) == (second.by_mutation, second.accepted)
