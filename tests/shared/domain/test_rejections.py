"""What a rejection's words mean: what passes is tried again, what is unknown has failed for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import SECOND
from shared.domain.rejections import Verdict, is_api_error, retry_after_ns, status_of, verdict_on

V = Verdict


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        ("425 service_not_ready: service not ready (retry after 90 s)", V.RETRY),
        ("429 : too many requests", V.RETRY),
        (
            "503 post_only_mode: post-only mode: only post-only orders and cancels are allowed (retry after 79 s)",
            V.RETRY,
        ),
        ("400 MARKET_NOT_READY: the market is not yet ready to process new orders", V.RETRY),
        ("500 : order timed out", V.RETRY),
        ("400 : order match delayed due to market conditions", V.RETRY),
        ("400 INVALID_ORDER_NOT_ENOUGH_BALANCE: not enough balance / allowance: the balance is not enough", V.RETRY),
        ("400 INVALID_ORDER_MIN_TICK_SIZE: Price (0.9362) breaks minimum tick size rule: 0.001", V.RETRY),
        ("400 FOK_ORDER_NOT_FILLED_ERROR: order couldn't be fully filled. FOK orders are fully filled", V.UNFILLED),
        ("400 FAK_ORDER_NOT_FILLED_ERROR: no orders found to match with FAK order.", V.UNFILLED),
        ("500 : there are no matching orders", V.UNFILLED),
        ("400 INVALID_POST_ONLY_ORDER: invalid post-only order: order crosses book", V.UNFILLED),
        ("400 INVALID_ORDER_MIN_SIZE: Size (3) lower than the minimum: 5", V.DEAD),
        ("400 : '0xabc' address in closed only mode", V.DEAD),
        ("400 : address banned", V.DEAD),
        ("400 : maker address not allowed, please use the deposit wallet flow", V.DEAD),
        ("503 : Trading is currently disabled", V.DEAD),
        ("500 : the trade contains rounding issues", V.DEAD),
        ("", V.DEAD),
    ],
)
def test_each_text_of_the_venue_has_a_meaning(reason: str, verdict: Verdict) -> None:
    assert verdict_on(reason) is verdict


@given(st.text(alphabet="abcdefgh 0123456789", max_size=40).map(lambda text: f"x{text}"))
def test_what_is_not_known_has_failed_for_good(reason: str) -> None:
    assert verdict_on(reason) is V.DEAD


@given(st.integers(100, 599), st.text(max_size=20))
def test_the_status_leads_the_text(status: int, text: str) -> None:
    assert status_of(f"{status} {text}") == status


def test_a_text_without_a_status_has_none() -> None:
    assert status_of("not found") == 0


def test_the_venue_says_how_long_to_wait() -> None:
    assert retry_after_ns("425 service_not_ready: service not ready (retry after 90 s)") == 90 * SECOND
    assert retry_after_ns("429 : too many requests") == 0


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("500 : the price of the taker's order has a discrepancy", True),
        ("503 : Trading is currently disabled", True),
        ("502 : bad gateway", True),
        ("500 : order timed out", False),
        ("503 post_only_mode: post-only mode", False),
        ("425 service_not_ready: service not ready", False),
        ("429 : too many requests", False),
        ("400 : address banned", False),
        ("no status at all", False),
    ],
)
def test_states_of_the_venue_are_no_errors_of_its_interface(reason: str, error: bool) -> None:
    assert is_api_error(reason) is error
