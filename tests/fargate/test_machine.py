"""What the process takes of its machine."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate.machine import Machine, memory_most, resident
from shared.domain.money import ONE


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=1, max_size=5))
def test_processor_time_is_a_share_of_the_time_since_the_last_look(steps: list[tuple[int, int]]) -> None:
    at = [0, 0]
    machine = Machine(lambda: at[0], lambda: at[1])
    for busy, passed in steps:
        at[0] += busy
        at[1] += passed
        assert machine.look()["cpu"] == busy * ONE // max(passed, 1)


def test_memory_is_what_is_held_now_of_what_there_is() -> None:
    found = Machine().look()
    memory, most = int(str(found["memory"])), int(str(found["memory_of"]))
    assert 1_000_000 < memory < most


def test_memory_grows_with_what_is_held() -> None:
    before = resident()
    held = bytearray(64_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert resident() - before > 32_000_000


@pytest.mark.parametrize("text", ["", "one", None])
def test_where_nobody_tells_it_is_the_most_that_was_ever_held(tmp_path: Path, text: str | None) -> None:
    statm = tmp_path / "statm"
    if text is not None:
        statm.write_text(text)
    assert resident(statm) > 1_000_000


@pytest.mark.parametrize(("text", "most"), [("500000000\n", 500_000_000), ("max\n", None), (None, None)])
def test_a_container_may_take_less_than_the_machine_has(tmp_path: Path, text: str | None, most: int | None) -> None:
    limit = tmp_path / "memory.max"
    if text is not None:
        limit.write_text(text)
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert memory_most(limit) == (whole if most is None else min(most, whole))
