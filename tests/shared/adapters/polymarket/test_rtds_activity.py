"""What becomes of each frame: filtered by its bytes, decoded exactly, heard once, and told when unusable."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.normal import trade_of
from shared.adapters.polymarket.rtds import Activity
from shared.adapters.polymarket.rtds_fills import Fills
from shared.adapters.polymarket.rtds_frames import SUBSCRIBE, watch_list
from shared.adapters.polymarket.wire import activity_row
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.messages import FeedNotice, NoticeKind, WhaleTrade
from shared.domain.order import Side
from shared.engine.detection import Deliveries, DetectionParams
from shared.ports import Heard
from tests.shared.adapters.polymarket.rtds_rows import FOLLOWED, OTHER, envelope, frame, payload
from tests.shared.adapters.polymarket.venue import CONDITION, START_S, TOKEN

NOW = (START_S + 2) * SECOND
DELIVERY = 7


class Desk:
    """The dialect with a listener that writes down."""

    def __init__(self, *followed: str, detection: DetectionParams | None = None) -> None:
        self.heard: list[Heard] = []
        self.watched = watch_list(followed or (FOLLOWED,))
        self.fills = Fills("rtds")
        self.now = NOW
        self.activity = Activity(
            "ws://nowhere",
            self.heard.append,
            lambda: self.now,
            DELIVERY,
            watched=self.watched,
            fills=self.fills,
            detection=detection,
        )

    def take(self, data: bytes, connection: int = 1, at: int = NOW) -> bool:
        self.now = at
        return self.activity.frame(data, connection, at)

    def trades(self) -> list[WhaleTrade]:
        return [one.payload for one in self.heard if isinstance(one.payload, WhaleTrade)]

    def notices(self) -> list[tuple[NoticeKind, str]]:
        return [(one.payload.kind, one.payload.reason) for one in self.heard if isinstance(one.payload, FeedNotice)]


def test_a_followed_trade_is_heard_in_our_units_whatever_the_case_of_its_address() -> None:
    desk = Desk(FOLLOWED.upper().replace("0X", "0x"))
    assert desk.take(frame())
    wallet = FOLLOWED.lower()
    trade = WhaleTrade(wallet, CONDITION, TOKEN, Side.BUY, 450_000, 4_330_000, f"0x{1:064x}", DELIVERY)
    assert desk.heard == [Heard("rtds", NOW, START_S * SECOND, trade)]


@pytest.mark.parametrize("stamp", [str(START_S), START_S * 1000, f"{START_S}"])
def test_a_time_may_be_written_as_text_or_in_milliseconds(stamp: object) -> None:
    desk = Desk()
    desk.take(frame(timestamp=stamp))
    assert desk.heard[0].venue_at == START_S * SECOND


@pytest.mark.parametrize("gone", ["bio", "name", "eventSlug", "outcome", "outcomeIndex", "slug", "title", "pseudonym"])
def test_fields_that_say_nothing_of_the_trade_may_be_absent(gone: str) -> None:
    desk = Desk()
    left_out: dict[str, Any] = {gone: ...}
    assert desk.take(frame(**left_out))
    assert len(desk.trades()) == 1


def test_a_price_or_size_with_many_digits_or_as_text_is_exact() -> None:
    desk = Desk()
    body = frame(price="0.1234565", size="PLACE").replace(b'"PLACE"', b"123456789.123456")
    desk.take(body)
    assert [(trade.price, trade.size) for trade in desk.trades()] == [(123_456, 123_456_789_123_456)]


def test_a_wallet_nobody_follows_is_data_and_nothing_more() -> None:
    desk = Desk()
    assert desk.take(frame(proxyWallet=OTHER))
    assert desk.take(frame(proxyWallet=OTHER, size="not a number"))
    assert desk.take(envelope([payload(proxyWallet=OTHER), payload(proxyWallet=OTHER, stamp=2)]))
    assert desk.heard == []
    assert desk.activity.unfollowed == 4


def test_messages_that_are_no_executions_are_counted() -> None:
    desk = Desk()
    prices = json.loads(frame()) | {"topic": "crypto_prices"}
    assert not desk.take(json.dumps(prices).encode())
    assert desk.take(json.dumps([prices, json.loads(frame())]).encode())
    assert desk.activity.others == 2
    assert len(desk.trades()) == 1


def test_the_list_of_wallets_may_change_at_any_time() -> None:
    desk = Desk(OTHER)
    desk.take(frame())
    desk.watched.update(watch_list([FOLLOWED]))
    desk.take(frame(connection="b"))
    del desk.watched[OTHER.encode()]
    desk.take(frame(proxyWallet=OTHER))
    assert [trade.wallet for trade in desk.trades()] == [FOLLOWED.lower()]


@pytest.mark.parametrize("trick", ['"proxyWallet":"' + OTHER, '\\"proxyWallet\\":\\"', "\\u0022proxyWallet"])
def test_a_name_that_looks_like_the_field_hides_nobody(trick: str) -> None:
    desk = Desk()
    desk.take(frame(bio=trick, name=trick))
    assert len(desk.trades()) == 1


def test_other_ways_to_write_the_same_message_are_read_too() -> None:
    desk = Desk()
    spaced = json.dumps(json.loads(frame(transactionHash="0xa")), indent=1).encode()
    backwards = dict(reversed(payload(transactionHash="0xb").items()))
    alone = [json.loads(frame(proxyWallet=OTHER)), json.loads(frame(transactionHash="0xc"))]
    several = [payload(proxyWallet=OTHER), payload(transactionHash="0xd")]
    for data in (spaced, envelope(backwards), json.dumps(alone, separators=(",", ":")).encode(), envelope(several)):
        assert desk.take(data)
    assert [trade.tx for trade in desk.trades()] == ["0xa", "0xb", "0xc", "0xd"]


@pytest.mark.parametrize("data", [b"", b"PONG", b"pong\n", b'{"topic":"comments","type":"x","payload":{}}', b"[]"])
def test_what_is_no_activity_is_no_data_and_no_fault(data: bytes) -> None:
    desk = Desk()
    assert not desk.take(data)
    assert desk.heard == []


def test_a_complaint_of_the_venue_is_told() -> None:
    desk = Desk()
    assert not desk.take(b'{"message":"Invalid request body","connectionId":"x","statusCode":400}')
    assert desk.notices() == [(NoticeKind.REFUSED, "the venue says 'Invalid request body' (400)")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price": 1.5}, "trades: price must lie strictly between 0 and 1, not '1.5'"),
        ({"size": -1}, "trades: size must be a positive number of shares, not -1"),
        ({"side": "HOLD"}, "trades: side must be BUY or SELL, not 'HOLD'"),
        ({"timestamp": "soon"}, "trades: timestamp must be a finite number, not 'soon'"),
        ({"asset": ...}, "trades: asset must be a decimal number, not ''"),
        ({"proxyWallet": ...}, "trades: proxyWallet must be 0x and 40 hex digits, not ''"),
        ({"proxyWallet": None}, "trades: payload is not a trade (Expected `str`, got `null` - at `$.proxyWallet`)"),
        ({"conditionId": ...}, "trades: conditionId is missing"),
        ({"transactionHash": ...}, "trades: transactionHash is missing"),
    ],
)
def test_an_unusable_row_is_refused_with_one_sentence_and_the_next_is_heard(
    changes: dict[str, Any], sentence: str
) -> None:
    desk = Desk()
    assert desk.take(frame(**changes))
    desk.take(frame())
    assert desk.notices() == [(NoticeKind.DROPPED, sentence)]
    assert desk.activity.refused_rows.total == 1
    assert len(desk.trades()) == 1


def test_refusals_are_all_counted_and_told_every_ten_seconds() -> None:
    desk = Desk()
    for second in range(25):
        assert not desk.take(b"{cut", at=NOW + second * SECOND)
    told = desk.notices()
    assert desk.activity.refused_rows.total == 25
    assert [kind for kind, _ in told] == [NoticeKind.DROPPED] * 3
    more = [reason.partition("(and ")[2] for _, reason in told]
    assert more == ["", "9 more since the last notice)", "9 more since the last notice)"]


def test_a_frame_of_many_megabytes_is_left_alone_and_told() -> None:
    desk = Desk()
    assert not desk.take(frame(bio="x" * 2**24))
    assert [kind for kind, _ in desk.notices()] == [NoticeKind.DROPPED]
    assert desk.notices()[0][1].endswith("bytes is larger than any message")


@pytest.mark.parametrize("inside", [None, 5, [], [3], "text", {"asset": 5, "proxyWallet": FOLLOWED}])
def test_a_payload_that_is_no_trade_is_told_or_says_nothing(inside: object) -> None:
    desk = Desk()
    assert desk.take(envelope(inside))
    assert [kind for kind, _ in desk.notices()] == ([] if inside == [] else [NoticeKind.DROPPED])
    assert desk.trades() == []


NUMBERS = st.one_of(
    st.decimals(0, 10**9, allow_nan=False, places=6).map(str),
    st.floats(0, 10**9).map(repr),
    st.integers(0, 10**12),
    st.text("0123456789.eE+-", max_size=12),
    st.none(),
)


@given(NUMBERS, NUMBERS, st.sampled_from(["BUY", "SELL", "buy", "HOLD", ""]), st.sampled_from([START_S, "x", None, 0]))
def test_the_stream_and_the_data_api_read_the_same_row_alike(
    price: object, size: object, side: str, stamp: object
) -> None:
    row = payload(price=price, size=size, side=side, timestamp=stamp)
    desk = Desk()
    desk.take(envelope(row))
    try:
        known = activity_row(row)
    except BadInput:
        assert desk.trades() == []
        assert desk.activity.refused_rows.total == 1
    else:
        assert desk.trades() == [trade_of(known, DELIVERY)]


@given(st.binary(max_size=400), st.integers(0, 900), st.integers(1, 40))
def test_no_damage_to_a_frame_raises_or_changes_what_it_says(noise: bytes, start: int, cut: int) -> None:
    desk = Desk()
    whole = frame()
    start %= len(whole)
    desk.take(whole[:start] + noise + whole[start + cut :])
    for trade in desk.trades():
        assert 0 < trade.price < 1_000_000
        assert trade.size > 0
        assert trade.wallet == FOLLOWED.lower()


# ------------------------------------------------------------------ each fill once


def test_the_same_message_over_several_sockets_is_heard_once() -> None:
    desk = Desk()
    for connection in (1, 2, 3, 2):
        desk.take(frame(connection=str(connection)), connection)
    assert len(desk.trades()) == 1


def test_equal_rows_of_one_connection_are_separate_fills_and_reach_the_engine_as_such() -> None:
    desk = Desk()
    for connection in (1, 2):
        for stamp in (1, 2, 3):
            desk.take(frame(stamp=stamp, connection=str(connection)), connection)
    engine = Deliveries(65 * SECOND)
    assert [engine.is_new(trade, "rtds", NOW) for trade in desk.trades()] == [True] * 3


def test_the_same_bytes_again_are_the_same_message() -> None:
    desk = Desk()
    for _ in range(3):
        assert desk.take(frame())
    assert len(desk.trades()) == 1
    assert desk.fills.repeated == 2


@pytest.mark.parametrize("first", ["trades", "orders_matched"])
def test_a_taker_in_both_kinds_of_messages_is_heard_once(first: str) -> None:
    desk = Desk()
    second = "orders_matched" if first == "trades" else "trades"
    for connection in (1, 2):
        for kind in (first, second):
            desk.take(frame(kind, connection=str(connection)), connection)
    assert len(desk.trades()) == 1
    assert desk.fills.other_kind == 2


def test_parts_of_a_taker_and_its_total_in_the_other_kind_are_not_added_up() -> None:
    desk = Desk()
    desk.take(frame("trades", size=10))
    desk.take(frame("orders_matched", size=60))
    for size in (20, 30):
        desk.take(frame("trades", size=size))
    assert sum(trade.size for trade in desk.trades()) == 60_000_000


def test_taker_and_maker_of_one_match_are_two_whales_trades() -> None:
    desk = Desk(FOLLOWED, OTHER)
    desk.take(frame("trades", price=0.03))
    desk.take(frame("trades", proxyWallet=OTHER, asset="5", price=0.97))
    desk.take(frame("orders_matched", price=0.03))
    assert [(trade.wallet, trade.price) for trade in desk.trades()] == [(FOLLOWED.lower(), 30_000), (OTHER, 970_000)]


ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(["0xa", "0xb"]), st.sampled_from([5, 6]), st.booleans()), max_size=30
)


@given(ROWS)
def test_as_many_fills_reach_the_engine_as_the_fullest_connection_showed(
    rows: list[tuple[int, str, int, bool]],
) -> None:
    desk, engine, counted = Desk(), Deliveries(65 * SECOND), 0
    shown: dict[tuple[str, int], dict[int, int]] = {}
    for n, (connection, tx, size, matched_too) in enumerate(rows):
        counts = shown.setdefault((tx, size), {})
        counts[connection] = counts.get(connection, 0) + 1
        desk.take(frame("trades", stamp=n, transactionHash=tx, size=size), connection)
        if matched_too:
            desk.take(frame("orders_matched", stamp=n, transactionHash=tx, size=size), connection)
    for trade in desk.trades():
        counted += engine.is_new(trade, "rtds", NOW)
    assert counted == len(desk.trades()) == sum(max(counts.values()) for counts in shown.values())


# ------------------------------------------------------------------ time


def test_a_late_trade_is_told_and_heard_while_doubles_can_be_told_apart() -> None:
    desk = Desk()
    desk.take(frame(), at=START_S * SECOND + 62 * SECOND)
    assert [kind for kind, _ in desk.notices()] == [NoticeKind.LATE]
    assert len(desk.trades()) == 1


def test_a_trade_of_half_an_hour_ago_is_told_and_not_heard() -> None:
    desk = Desk()
    assert desk.take(frame(), at=START_S * SECOND + 30 * MINUTE)
    assert desk.notices() == [(NoticeKind.LATE, f"a trade of {FOLLOWED.lower()} came 1800 s late")]
    assert desk.trades() == []


def test_with_a_longer_memory_of_the_listener_a_late_trade_is_heard_unless_it_was_before() -> None:
    desk = Desk(detection=DetectionParams(window_ns=2 * HOUR))
    desk.take(frame(transactionHash="0xa"))
    for tx in ("0xa", "0xb"):
        desk.take(frame(transactionHash=tx, stamp=9), 2, START_S * SECOND + 45 * MINUTE)
    assert [trade.tx for trade in desk.trades()] == ["0xa", "0xb"]


def test_a_trade_of_the_future_says_that_clocks_differ() -> None:
    desk = Desk()
    desk.take(frame(timestamp=START_S + 7))
    assert desk.notices() == [(NoticeKind.CLOCK, "a trade is dated 5 s in the future")]
    assert len(desk.trades()) == 1


# ------------------------------------------------------------------ what the venue really sent


def test_recorded_frames_parse_to_their_values(recordings: Path) -> None:
    lines = (recordings / "raw/rtds_activity_trades_frames.jsonl").read_bytes().splitlines()
    rows = [json.loads(line)["payload"] for line in lines]
    desk = Desk(*(row["proxyWallet"] for row in rows))
    for line, row in zip(lines, rows, strict=True):
        assert desk.take(line, at=row["timestamp"] * SECOND + SECOND)
    assert desk.trades() == [
        WhaleTrade(
            row["proxyWallet"].lower(),
            row["conditionId"],
            row["asset"],
            Side(row["side"]),
            round(row["price"] * 1_000_000),
            round(row["size"] * 1_000_000),
            row["transactionHash"],
            DELIVERY,
        )
        for row in rows
    ]
    assert [one.venue_at for one in desk.heard] == [row["timestamp"] * SECOND for row in rows]


def test_it_subscribes_to_both_kinds() -> None:
    asked = json.loads(SUBSCRIBE)["subscriptions"]
    assert [(one["topic"], one["type"]) for one in asked] == [("activity", "trades"), ("activity", "orders_matched")]
