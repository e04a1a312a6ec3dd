import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.words import (
    NOTHING,
    ORDER_STATES,
    age,
    copied,
    dollars,
    gain,
    plain,
    ratio,
    short,
    signed_ratio,
    source,
    stamp,
    unchecked,
)
from shared.domain.decision import Reason
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.order import OrderState
from shared.domain.reasons import label_of
from tests.dashboard.fakes import NOW, WALLET, decision


def test_every_order_state_has_words() -> None:
    assert set(ORDER_STATES) == set(OrderState)


def test_a_reason_of_a_later_version_stays_readable() -> None:
    assert label_of("moon_phase") == "Moon phase"
    assert not copied("moon_phase")
    assert label_of("stale") == "Too late"
    assert copied("topped_up")


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (1_234_560_000, "$1,234.56"),
        (-5_000_000, "-$5.00"),
        (0, "$0.00"),
        (-4_999, "$0.00"),
        (5_000, "$0.00"),
        (15_000, "$0.02"),
        (10**17, "$100,000,000,000.00"),
    ],
)
def test_amounts_are_rounded_half_even_to_cents(micro: int, text: str) -> None:
    assert dollars(micro) == text


@given(st.integers(-(10**17), 10**17))
def test_the_shown_amount_is_within_half_a_cent_of_the_true_one(micro: int) -> None:
    shown = dollars(micro).replace("$", "").replace(",", "").replace(".", "")
    assert abs(int(shown) * 10_000 - micro) <= 5_000


@given(st.integers(-(10**17), 10**17))
def test_a_gain_tells_its_sign_without_colour(micro: int) -> None:
    text = gain(micro)
    assert text[0] in "+-" if abs(micro) > 5_000 else text in ("$0.00", "+$0.01", "-$0.01")
    assert (text[0] == "-") == (micro < -5_000)


def test_proportions_of_nothing_are_a_dash() -> None:
    assert ratio(1, 0) == signed_ratio(1, 0) == NOTHING
    assert ratio(1, 8) == "12.5%"
    assert signed_ratio(-1, 8) == "-12.50%"
    assert signed_ratio(-1, 10**6) == signed_ratio(0, 1) == "0.00%"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (-SECOND, "0 s"),
        (59 * SECOND, "59 s"),
        (MINUTE, "1 min"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
        (3 * DAY + 4 * HOUR, "3 d 4 h"),
    ],
)
def test_ages_have_one_or_two_units(ns: int, text: str) -> None:
    assert age(ns) == text


def test_times_are_utc_and_never_is_a_dash() -> None:
    assert stamp(NOW) == "2026-03-22 22:00:00"
    assert stamp(0) == NOTHING


def test_wallets_are_shortened_and_names_are_not() -> None:
    assert short(WALLET) == "0x1111…2222"
    assert short("w1") == "w1"


def test_dollar_signs_do_not_start_a_formula() -> None:
    assert plain("$5 and *6*") == "\\$5 and \\*6\\*"


def test_sources_are_named_as_a_reader_would() -> None:
    assert source("recording: march") == "Recording: march"
    assert source("live") == "Live public data"
    assert source("lunar") == "lunar"


def test_filters_without_data_are_listed_in_words() -> None:
    assert unchecked(decision(1, Reason.NO_EDGE)) == "volume"
    assert unchecked(decision(1)) == ""
