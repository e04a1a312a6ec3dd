"""Notes survive being stored, and one that was written by an older life can still be read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.notes import Review, Run


@given(st.builds(Review, st.text(), st.text(), st.text(), st.integers(0, 2**63)))
def test_a_review_is_stored_whole(review: Review) -> None:
    assert msgspec.json.decode(msgspec.json.encode(review), type=Review) == review


@given(st.builds(Run, st.text(), st.integers(0, 2**63), st.booleans(), st.integers(0, 2**40), st.text()))
def test_a_run_is_stored_whole(run: Run) -> None:
    assert msgspec.json.decode(msgspec.json.encode(run), type=Run) == run


def test_a_run_need_not_say_how_long_it_took_or_what_it_found() -> None:
    assert msgspec.json.decode('{"name": "reconcile", "at": 1, "ok": true}', type=Run) == Run("reconcile", 1, True)


@pytest.mark.parametrize("kind", [Review, Run])
def test_a_note_without_its_instant_is_refused(kind: type[Review] | type[Run]) -> None:
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        msgspec.json.decode("{}", type=kind)
