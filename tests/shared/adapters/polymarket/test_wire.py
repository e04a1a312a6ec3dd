"""Pages of the data API: recorded ones to the micro, malformed rows one by one, both generations of names."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.adapters.polymarket.wire import (
    ActivityRow,
    holder_row,
    holders_of,
    leader_row,
    parse_activity_page,
    parse_page,
    position_row,
)
from shared.domain.errors import BadInput
from tests.exchange.recorded import activity_page
from tests.shared.adapters.polymarket.venue import CONDITION, START_S, TOKEN, WALLET, trade


def page_of(*rows: object) -> bytes:
    return json.dumps({"data": rows, "pagination": {"next_cursor": None, "has_more": False}}).encode()


def only(row: object) -> ActivityRow:
    page = parse_activity_page(page_of(row))
    assert page.refused == ()
    return page.rows[0]


V1_TRADE = {
    "proxyWallet": WALLET.upper().replace("0X", "0x"),
    "timestamp": START_S,
    "conditionId": CONDITION,
    "type": "TRADE",
    "size": 11.988287999999999,
    "usdcSize": 9.999996,
    "transactionHash": "0xABC123",
    "price": 0.8299999966799987,
    "asset": TOKEN,
    "side": "BUY",
    "outcomeIndex": 999,
    "title": "T",
    "slug": "s",
    "eventSlug": "",
    "outcome": "Up",
}


def test_a_legacy_row_is_read_to_the_micro() -> None:
    assert only(V1_TRADE) == ActivityRow(
        timestamp_s=START_S,
        wallet=WALLET,
        condition_id=CONDITION,
        token_id=TOKEN,
        outcome="Up",
        slug="s",
        title="T",
        type="TRADE",
        side="BUY",
        size_micro=11_988_288,
        price_micro=830_000,
        usdc_micro=9_999_996,
        tx_hash="0xabc123",
        outcome_index=None,
        event_slug=None,
    )


def test_both_generations_of_names_give_the_same_row() -> None:
    new = {
        "proxy_wallet": V1_TRADE["proxyWallet"],
        "condition_id": CONDITION,
        "usdc_size": 9.999996,
        "transaction_hash": "0xABC123",
        "token_id": TOKEN,
        "outcome_index": 999,
        "event_slug": "",
        **{name: V1_TRADE[name] for name in ("timestamp", "type", "size", "price", "side", "title", "slug", "outcome")},
    }
    assert only(new) == only(V1_TRADE)


def test_numbers_may_be_written_as_text_and_times_in_milliseconds() -> None:
    written = trade(size="10.5", price="0.4", usdc_size="4.2", timestamp=str(START_S * 1000), outcome_index="1")
    assert only(written) == only(trade(timestamp=START_S, outcome_index=1))


def test_a_trade_without_type_and_value_is_a_trade_worth_size_times_price() -> None:
    row = only(trade(type=..., usdc_size=...))
    assert (row.type, row.usdc_micro) == ("TRADE", 4_200_000)


def test_an_unknown_kind_of_activity_is_kept_as_it_is() -> None:
    row = only({"type": "AIRDROP_V9", "timestamp": START_S, "proxy_wallet": WALLET, "usdc_size": 1.25})
    assert (row.type, row.usdc_micro, row.side, row.token_id, row.size_micro) == ("AIRDROP_V9", 1_250_000, "", "", 0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"condition_id": ...}, "condition_id is missing"),
        ({"price": ...}, "price is missing"),
        ({"transaction_hash": None}, "transaction_hash is missing"),
        ({"size": "many"}, "size must be a finite number, not 'many'"),
        ({"size": "NaN"}, "size must be a finite number, not 'NaN'"),
        ({"size": -3}, "size must be a positive number of shares, not -3"),
        ({"size": 0}, "size must be a positive number of shares, not 0"),
        ({"price": 1}, "price must lie strictly between 0 and 1, not 1"),
        ({"price": 1.2}, "price must lie strictly between 0 and 1, not '1.2'"),
        ({"price": 0}, "price must lie strictly between 0 and 1, not 0"),
        ({"price": 0.0000001}, "price must lie strictly between 0 and 1, not"),
        ({"price": [0.5]}, "price must be a finite number, not ['0.5']"),
        ({"side": "HOLD"}, "side must be BUY or SELL, not 'HOLD'"),
        ({"side": ""}, "side is missing"),
        ({"side": 1}, "side must be a text, not 1"),
        ({"token_id": "0xff"}, "token_id must be a decimal number, not '0xff'"),
        ({"proxy_wallet": "redkollantai"}, "proxy_wallet must be 0x and 40 hex digits, not 'redkollantai'"),
        ({"timestamp": "yesterday"}, "timestamp must be a finite number, not 'yesterday'"),
        ({"usdc_size": -1}, "usdc_size must not be negative, not -1"),
        ({"is_combo": "no"}, "is_combo must be true or false, not 'no'"),
    ],
)
def test_a_malformed_row_is_refused_alone_naming_field_and_value(change: dict[str, Any], sentence: str) -> None:
    page = parse_activity_page(page_of(trade(1), trade(2, **change), trade(3)))
    assert [row.timestamp_s for row in page.rows] == [START_S - 999, START_S - 997]
    (refused,) = page.refused
    assert refused.startswith(f"row 1: {sentence}")


def test_a_bare_nan_in_the_body_costs_only_its_row() -> None:
    page = parse_activity_page(page_of(trade(1), trade(2, size=float("nan"))))
    assert len(page.rows) == 1
    assert page.refused == ("row 1: size must be a finite number, not 'NaN'",)


def test_a_row_that_is_no_object_is_refused_alone() -> None:
    page = parse_activity_page(page_of(7, trade()))
    assert (len(page.rows), page.refused) == (1, ("row 0: an object was expected, not 7",))


@pytest.mark.parametrize(
    ("pagination", "cursor"),
    [
        ({"next_cursor": "c", "has_more": True}, "c"),
        ({"next_cursor": "c", "has_more": False}, None),
        ({"next_cursor": None, "has_more": True}, None),
        ({"next_cursor": "", "has_more": True}, None),
        ({"next_cursor": "c"}, "c"),
    ],
)
def test_the_cursor_ends_where_the_venue_says_so(pagination: dict[str, Any], cursor: str | None) -> None:
    assert parse_activity_page(json.dumps({"data": [], "pagination": pagination}).encode()).next_cursor == cursor


def test_an_empty_page_is_a_page() -> None:
    for body in (b"[]", b'{"data": []}', b'{"data": null}'):
        assert parse_activity_page(body).rows == ()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"5", "a page must be an object or a list, not 5"),
        (b'{"error": "bad user"}', "data of the page must be a list, not None"),
        (b'{"data": 5}', "data of the page must be a list, not 5"),
        (b'{"data": [], "pagination": 5}', "pagination of the page must be an object, not 5"),
        (b'{"data": [], "pagination": {"next_cursor": 5}}', "next_cursor must be a text or null, not 5"),
    ],
)
def test_a_body_that_is_no_page_raises(body: bytes, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        parse_activity_page(body)


@pytest.mark.parametrize(
    ("name", "trades", "others"),
    [
        ("dataapi_activity_2026-02-17.json", 79, 41),
        ("dataapi_activity_k9Q2_2026-03-17.json", 120, 0),
        ("dataapi_activity_redeem_rebate_2026-02-17.json", 0, 40),
    ],
)
def test_recorded_pages_are_read_whole(recordings: Path, name: str, trades: int, others: int) -> None:
    page = parse_activity_page((recordings / "raw" / name).read_bytes())
    assert page.refused == ()
    kinds = [row.type == "TRADE" for row in page.rows]
    assert (kinds.count(True), kinds.count(False)) == (trades, others)


def test_recorded_rows_have_the_recorded_values_to_the_micro(recordings: Path) -> None:
    page = parse_activity_page((recordings / "raw" / "dataapi_activity_2026-02-17.json").read_bytes())
    redeem, first_trade = page.rows[0], page.rows[1]
    assert (redeem.type, redeem.size_micro, redeem.price_micro, redeem.outcome_index) == ("REDEEM", 11_988_288, 0, None)
    assert (first_trade.size_micro, first_trade.price_micro, first_trade.usdc_micro) == (11_988_288, 830_000, 9_999_996)
    assert (first_trade.side, first_trade.outcome, first_trade.outcome_index) == ("BUY", "Up", 0)


def test_recorded_rows_read_the_same_under_new_names(recordings: Path) -> None:
    for name in ("dataapi_activity_2026-02-17.json", "dataapi_activity_k9Q2_2026-03-17.json"):
        old = parse_activity_page((recordings / "raw" / name).read_bytes())
        assert parse_activity_page(page_of(*activity_page(recordings, name))) == old


def test_recorded_positions_are_read_whole(recordings: Path) -> None:
    page = parse_page((recordings / "raw" / "dataapi_positions_2026-03-31.json").read_bytes(), position_row)
    assert (len(page.rows), page.refused) == (90, ())
    first = page.rows[0]
    assert (first.size_micro, first.avg_price_micro, first.current_value_micro) == (
        13_003_674_771,
        954_672,
        12808619649,
    )
    assert (first.unrealized_pnl_micro, first.mergeable, first.redeemable) == (394_375_448, True, False)


def test_a_leaderboard_row_is_read() -> None:
    row = leader_row({"rank": 1, "user_id": WALLET, "pnl": 966725.578196, "volume": "5.5", "user_name": "N"})
    assert (row.rank, row.pnl_micro, row.volume_micro, row.verified) == (1, 966_725_578_196, 5_500_000, False)


def test_holders_are_read_one_by_one_with_their_token() -> None:
    groups = [
        {
            "token_id": "1",
            "holders": [{"proxy_wallet": WALLET, "amount": 1878.77239, "outcome_index": 999}, {"amount": 1}],
        },
        {"token_id": "2", "holders": 5},
        {"token_id": "3", "holders": [7]},
    ]
    page = parse_page(page_of(*groups), holder_row, expand=holders_of)
    assert [(row.token_id, row.size_micro, row.outcome_index) for row in page.rows] == [("1", 1_878_772_390, None)]
    assert page.refused == (
        "row 0: proxy_wallet is missing",
        "row 1: holders must be a list, not 5",
        "row 2: an object was expected, not 7",
    )


def test_a_row_can_be_stored_and_read_back() -> None:
    row = only(trade())
    assert msgspec.json.decode(msgspec.json.encode(row), type=ActivityRow) == row
