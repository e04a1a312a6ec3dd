import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.requests import body_of, caller_of, instant_of, signed_caller_of, values_of
from shared.domain.errors import BadInput, Refused
from tests.functions.events import WHO, event


def test_a_header_is_found_in_any_case_and_as_often_as_it_was_sent() -> None:
    told = {"multiValueHeaders": {"X-Kill-Token": ["a", "b"], "Other": ["c"]}}
    assert values_of(told, "x-kill-token") == ["a", "b"]
    assert values_of({"headers": {"X-KILL-TOKEN": "a"}, "multiValueHeaders": None}, "x-kill-token") == ["a"]
    assert values_of({}, "x-kill-token") == []


@given(st.text(max_size=100))
def test_a_body_is_the_same_whether_or_not_it_was_encoded(text: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    assert body_of({"body": text}, 1_000) == text
    assert body_of({"body": encoded, "isBase64Encoded": True}, 1_000) == text


@pytest.mark.parametrize(
    "told",
    [
        {"body": "x" * 11},
        {"body": "x" * 30},
        {"body": "ä" * 6},
        {"body": "!", "isBase64Encoded": True},
        {"body": "/w==", "isBase64Encoded": True},
        {"body": {"reason": 1}},
    ],
)
def test_a_body_that_is_too_large_or_no_text_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="the body"):
        body_of(told, 10)


def test_the_caller_is_whom_the_gateway_names() -> None:
    caller = signed_caller_of(event("GET", "/api/mode"))
    assert (caller.who, caller.address, caller.at) == (WHO, "127.0.0.1", 1_774_180_800_000_000_000)


@pytest.mark.parametrize("told", [{}, {"requestContext": None}, event("GET", "/api/mode", who="")])
def test_a_request_that_nobody_signed_is_refused(told: dict[str, Any]) -> None:
    assert caller_of(told).who == ""
    with pytest.raises(Refused, match="nobody has signed"):
        signed_caller_of(told)


def test_an_instant_is_seconds_or_what_a_schedule_writes_or_now() -> None:
    assert instant_of({"at": 1_774_180_800}, "at", 5) == 1_774_180_800_000_000_000
    assert instant_of({"at": "2026-03-22T12:00:00Z"}, "at", 5) == 1_774_180_800_000_000_000
    assert instant_of({}, "at", 5) == 5


@pytest.mark.parametrize(
    "asked", ["soon", "2026-02-30T12:00:00Z", "<aws.scheduler.scheduled-time>", True, 0, 1.5, None]
)
def test_an_instant_that_is_none_is_refused_with_its_value(asked: Any) -> None:
    with pytest.raises(BadInput, match=r"event\.as_of must be Unix seconds, or a time such as") as refused:
        instant_of({"as_of": asked}, "as_of", 5)
    assert repr(asked) in str(refused.value)
