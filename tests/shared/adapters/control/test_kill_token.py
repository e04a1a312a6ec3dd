import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.control.kill_token import KillHashes, hash_of, is_good, read_hashes
from shared.domain.errors import BadInput

CURRENT, PREVIOUS = "c" * 43, "p" * 43
HASHES = KillHashes(hash_of(CURRENT), hash_of(PREVIOUS), 1_000)


def test_the_current_token_is_good_at_any_time() -> None:
    assert is_good(CURRENT, HASHES, 0)
    assert is_good(CURRENT, HASHES, 10**18)


def test_the_previous_token_is_good_until_its_day_is_over() -> None:
    assert is_good(PREVIOUS, HASHES, 999)
    assert not is_good(PREVIOUS, HASHES, 1_000)


@given(st.text())
def test_nothing_else_is_good(text: str) -> None:
    assert is_good(text, HASHES, 0) == (text in {CURRENT, PREVIOUS})


@pytest.mark.parametrize("given", ["", hash_of(CURRENT), CURRENT[:-1], f"{CURRENT} ", CURRENT.upper()])
def test_what_only_looks_like_the_token_is_refused(given: str) -> None:
    assert not is_good(given, HASHES, 0)


def test_a_short_token_is_no_token_even_where_its_hash_was_set() -> None:
    assert not is_good("abc", KillHashes(hash_of("abc")), 0)


def test_without_a_previous_token_the_empty_hash_opens_nothing() -> None:
    assert not is_good(PREVIOUS, KillHashes(hash_of(CURRENT), None, 10**18), 0)


def test_hashes_are_read_as_the_rotation_writes_them() -> None:
    text = json.dumps({"current": hash_of(CURRENT), "previous": None, "previous_until": 5})
    assert read_hashes(text) == KillHashes(hash_of(CURRENT), None, 5)


@pytest.mark.parametrize("text", ["", "{}", '{"current": "secret-token"}', '{"current": 5}', "[]"])
def test_hashes_that_cannot_be_read_are_told_without_their_text(text: str) -> None:
    with pytest.raises(BadInput, match="kill hashes") as told:
        read_hashes(text)
    assert "secret-token" not in str(told.value)
