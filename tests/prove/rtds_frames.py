"""The activity stream under mutated frames, beside a slow parser with Decimal that knows nothing of ours."""

import json
import os
import re
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from shared.adapters.polymarket.rtds import Activity
from shared.adapters.polymarket.rtds_fills import Fills
from shared.adapters.polymarket.rtds_frames import watch_list
from shared.domain.instants import HOUR, SECOND
from shared.domain.messages import WhaleTrade
from shared.engine.detection import DetectionParams
from shared.ports import Heard
from tests.shared.adapters.polymarket.rtds_rows import FOLLOWED, OTHER, envelope, frame, payload
from tests.shared.adapters.polymarket.venue import START_S
from tests.shared.adapters.slow import content_of

RECORDED = "raw/rtds_activity_trades_frames.jsonl"
NOW = (START_S + 2) * SECOND
DELIVERY = 7
CONNECTION = 3
LENIENT = DetectionParams(window_ns=10**6 * HOUR)
"""Seeds are of different years; how late that is, is not the matter here."""
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_WALLET = re.compile(r"0x[0-9a-f]{40}")
_MOST = Decimal(10**17)
_MILLISECONDS_FROM = 10**11
Claim = tuple[Any, ...]


class ActivityStream:
    """A fresh dialect for every frame; every wallet of a good frame but ``OTHER`` is followed."""

    name = "activity stream"

    def __init__(self) -> None:
        self._said = 0
        self._seeds = [*_recorded(), *_written()]
        rows = [row for seed in self._seeds for row, _ in _rows(content_of(seed))]
        wallets = [str(row["proxyWallet"]) for row in rows]
        self._watched = watch_list(wallet for wallet in wallets if wallet != OTHER)

    def seeds(self) -> list[bytes]:
        return self._seeds

    def accepted(self) -> bool:
        return self._said > 0

    def problem(self, frame: bytes) -> str:
        heard: list[Heard] = []
        fills = Fills("rtds")
        activity = Activity(
            "ws://nowhere",
            heard.append,
            lambda: NOW,
            DELIVERY,
            watched=self._watched,
            fills=fills,
            detection=LENIENT,
        )
        activity.frame(frame, CONNECTION, NOW)
        claims = Counter((*_facts(one.payload), one.venue_at) for one in heard if isinstance(one.payload, WhaleTrade))
        self._said = claims.total()
        try:
            content = content_of(frame)
        except ValueError:
            content = None
        allowed = Counter(claim for row, _ in _rows(content) if (claim := _claim(row)) is not None)
        for claim in claims - allowed:
            return f"accepted {claim}, which the frame does not say (so often)"
        refused = activity.refused_rows.total + activity.complaints.total
        counted = refused + activity.others + activity.unfollowed + fills.other_kind + fills.repeated
        if not self._said and not counted and not _says_nothing(frame, content):
            return "nothing was taken, and nothing counted it"
        return ""


def _recorded() -> list[bytes]:
    """The frames the venue really sent, where recordings are."""
    folder = os.environ.get("RECORDINGS")
    path = Path(folder) / RECORDED if folder else None
    return path.read_bytes().splitlines() if path is not None and path.is_file() else []


def _written() -> list[bytes]:
    """Frames as polymarket.md 5.3 has them, and other ways to write the same."""
    others = [payload(proxyWallet=OTHER), payload(transactionHash="0xd"), payload(side="SELL", size=20)]
    messages = [json.loads(frame(proxyWallet=OTHER)), json.loads(frame("orders_matched"))]
    backwards = dict(reversed(payload(timestamp=str(START_S), price="0.45", size=17).items()))
    complaint = b'{"message":"Invalid request body","statusCode":400,"body":{"connectionId":"1"}}'
    return [
        frame(),
        frame("orders_matched", side="SELL", price=0.999, size=1234.567891),
        frame(proxyWallet=FOLLOWED.lower(), timestamp=START_S * 1000, price=1e-05, size=1e6),
        envelope(backwards),
        envelope(others),
        json.dumps(messages).encode(),
        complaint,
    ]


def _facts(trade: WhaleTrade) -> Claim:
    if trade.delivery != DELIVERY:
        return ("delivery", trade.delivery)
    return (trade.wallet, trade.market, trade.token, trade.side.value, trade.price, trade.size, trade.tx)


# ---------------------------------------------------------------------- the slow parser


def _rows(content: object) -> list[tuple[dict[str, Any], str]]:
    """Every row of an execution in a frame, with the kind of its message."""
    found: list[tuple[dict[str, Any], str]] = []
    for message in content if isinstance(content, list) else [content]:
        if isinstance(message, dict) and message.get("topic") == "activity":
            kind, inside = message.get("type"), message.get("payload")
            if kind in ("trades", "orders_matched"):
                rows = inside if isinstance(inside, list) else [inside]
                found.extend((row, kind) for row in rows if isinstance(row, dict))
    return found


def _claim(row: dict[str, Any]) -> Claim | None:
    """What a row says, or None when it cannot be used."""
    wallet, market, token = row.get("proxyWallet"), row.get("conditionId"), row.get("asset")
    side, tx = row.get("side"), row.get("transactionHash")
    price, size, at = (_micro(row.get(name)) for name in ("price", "size", "timestamp"))
    texts = [text for text in (wallet, market, token, side, tx) if isinstance(text, str)]
    if len(texts) < 5:
        return None
    wallet, market, token, side, tx = texts
    if not (_WALLET.fullmatch(wallet.lower()) and re.fullmatch("[0-9]+", token) and side.upper() in ("BUY", "SELL")):
        return None
    if price is None or size is None or at is None or not (0 < price < 10**6 and size > 0 and market and tx):
        return None
    seconds = at // 10**6
    if seconds >= _MILLISECONDS_FROM:
        seconds //= 1000
    return (wallet.lower(), market, token, side.upper(), price, size, tx.lower(), seconds * SECOND)


def _micro(value: object) -> int | None:
    """Millionths of a number or of its text, half to even; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > _MOST:
        return None
    return int((number * 10**6).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _says_nothing(frame: bytes, content: object) -> bool:
    """Frames nobody owes an account of: an empty one, a pong, and lists of nothing."""
    if frame.strip().upper() in (b"", b"PONG") or content == []:
        return True
    messages = content if isinstance(content, list) else [content]
    return all(isinstance(one, dict) and one.get("payload") == [] for one in messages)
