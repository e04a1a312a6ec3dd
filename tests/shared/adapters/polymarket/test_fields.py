"""Numbers, times and texts of the wire reach our units exactly, or are refused with one sentence."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.fields import Fields, decimal, decode_json, instant, micro
from shared.domain.errors import BadInput

finite = st.decimals(
    min_value=Decimal("-1e9"), max_value=Decimal("1e9"), allow_nan=False, allow_infinity=False, places=9
)


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_six_decimals_survive_the_round_trip_as_number_and_as_text(exact: int) -> None:
    written = f"{Decimal(exact).scaleb(-6):f}"
    decoded = decode_json(f'{{"number": {written}, "text": "{written}"}}'.encode())
    assert Fields(decoded).micro("number") == exact
    assert Fields(decoded).micro("text") == exact


@given(finite)
def test_more_decimals_are_rounded_half_even(value: Decimal) -> None:
    expected = int(value.scaleb(6).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert micro("x", f"{value:f}") == expected


@given(st.floats(min_value=0, max_value=1e6, allow_nan=False))
def test_every_float_an_encoder_writes_is_read_as_its_decimal_text(value: float) -> None:
    decoded = decode_json(f'{{"x": {value!r}}}'.encode())
    expected = int(Decimal(repr(value)).scaleb(6).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert Fields(decoded).micro("x") == expected
    assert micro("x", value) == expected


def test_a_number_that_binary_floating_point_cannot_hold_is_exact() -> None:
    assert Fields(decode_json(b'{"x": 90071992547.409931}')).micro("x") == 90071992547409931


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-inf",
        "1_000",
        " 1",
        "1,5",
        "0x10",
        "",
        "१",
        "1e99999",
        True,
        None,
        [],
        {},
        float("nan"),
        float("inf"),
    ],
)
def test_what_is_not_a_finite_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(BadInput, match="size"):
        micro("size", value)


@pytest.mark.parametrize("value", ["1e18", 10**18, "-1e18"])
def test_a_number_beyond_all_money_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="size is not a usable number"):
        micro("size", value)


def test_a_bare_nan_does_not_spoil_the_rest_of_the_body() -> None:
    decoded = decode_json(b'{"good": 0.25, "bad": NaN}')
    assert Fields(decoded).micro("good") == 250_000
    with pytest.raises(BadInput, match="bad must be a finite number, not 'NaN'"):
        Fields(decoded).micro("bad")


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"\xff\xfe", b"[" * 100_000, b'{"x": 1' + b"0" * 5000 + b"}x"])
def test_what_is_not_json_is_refused_in_one_sentence(body: bytes) -> None:
    with pytest.raises(BadInput, match="body is not JSON") as caught:
        decode_json(body)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(1771354979, 1771354979), ("1771354979", 1771354979), (1771354979123, 1771354979), ("1771354979.5", 1771354979)],
)
def test_seconds_and_milliseconds_are_told_apart(written: object, seconds: int) -> None:
    assert Fields({"timestamp": written}).seconds("timestamp") == seconds


@pytest.mark.parametrize("written", [0, -5, 10**15, "soon", 1.5e300])
def test_an_impossible_time_is_refused(written: object) -> None:
    with pytest.raises(BadInput, match="timestamp"):
        Fields({"timestamp": written}).seconds("timestamp")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-11T20:45:00Z", 1_773_261_900 * 10**9),
        ("2026-03-11T20:45:00.25Z", 1_773_261_900 * 10**9 + 250_000_000),
        ("2026-03-11 20:45:00+00", 1_773_261_900 * 10**9),
        ("2026-03-11T20:45:00", 1_773_261_900 * 10**9),
        ("2026-03-11T22:45:00+02:00", 1_773_261_900 * 10**9),
    ],
)
def test_times_of_the_catalogue_become_nanoseconds(text: str, expected: int) -> None:
    assert instant("endDate", text) == expected


@pytest.mark.parametrize("value", ["2026-11-21T22.061728:22.061769Z", "2026-11-21x10:00:00Z", "tomorrow", 5, None])
def test_what_is_not_a_time_is_refused_by_name(value: object) -> None:
    with pytest.raises(BadInput, match="endDate must be an ISO-8601 time"):
        instant("endDate", value)


def test_absent_null_and_empty_are_the_same() -> None:
    for row in ({}, {"x": None}, {"x": ""}):
        fields = Fields(row)
        assert fields.text_or("-", "x") == "-"
        assert fields.micro_or(7, "x") == 7
        assert fields.optional_micro("x") is None
        assert fields.optional_integer("x") is None
        assert fields.optional_milliseconds_ns("x") is None
        assert fields.optional_instant("x") is None
        assert fields.flag_or(True, "x") is True
        assert fields.texts("x") == ()
        for read in (fields.text, fields.micro):
            with pytest.raises(BadInput, match="x is missing"):
                read("x")


@pytest.mark.parametrize(
    ("read", "value", "sentence"),
    [
        ("text", 5, "x must be a text, not 5"),
        ("integer", "1.5", "x must be a whole number, not '1.5'"),
        ("optional_flag", "yes", "x must be true or false, not 'yes'"),
        ("wallet", "0x12", "x must be 0x and 40 hex digits, not '0x12'"),
        ("texts", "[1", "x must hold a JSON list"),
        ("texts", [1], "x must be a list of texts"),
    ],
)
def test_a_wrong_type_is_named_with_its_value(read: str, value: object, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence.replace("(", r"\(")):
        getattr(Fields({"x": value}), read)("x")


def test_wallets_are_lower_case() -> None:
    assert Fields({"x": "0x" + "AB" * 20}).wallet("x") == "0x" + "ab" * 20


def test_names_are_tried_in_order() -> None:
    assert Fields({"new": "", "old": "value"}).text("new", "old") == "value"


def test_a_row_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadInput, match="an object was expected, not 5"):
        Fields(5)


def test_a_long_value_is_cut_in_the_sentence() -> None:
    with pytest.raises(BadInput) as caught:
        micro("size", "9" * 1_000_000)
    assert len(str(caught.value)) < 200


def test_an_exact_decimal_is_not_rounded() -> None:
    assert decimal("p", "0.9999999999") == Decimal("0.9999999999")
