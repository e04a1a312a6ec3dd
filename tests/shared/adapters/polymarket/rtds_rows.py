"""Frames of the activity stream as the venue writes them."""

import json
from typing import Any

from tests.shared.adapters.polymarket.venue import CONDITION, START_S, TOKEN

FOLLOWED = "0x1015bb260154F51E5F432cB0a3227C1619FCBac8"
"""In the mixed case of the wire."""
OTHER = "0x" + "cd" * 20


def payload(**changes: Any) -> dict[str, Any]:
    """A trade as it stands in a message; ``...`` leaves a field out."""
    row: dict[str, Any] = {
        "asset": TOKEN,
        "bio": "",
        "conditionId": CONDITION,
        "eventSlug": "btc-updown-5m-1785027300",
        "name": "riceapplepie",
        "outcome": "Up",
        "outcomeIndex": 0,
        "price": 0.45,
        "proxyWallet": FOLLOWED,
        "pseudonym": "Agile-Analogy",
        "side": "BUY",
        "size": 4.33,
        "slug": "btc-updown-5m-1785027300",
        "timestamp": START_S,
        "title": "Bitcoin Up or Down",
        "transactionHash": f"0x{1:064x}",
    }
    return {name: value for name, value in (row | changes).items() if value is not ...}


def frame(kind: str = "trades", *, stamp: int = START_S * 1000, connection: str = "a", **changes: Any) -> bytes:
    """One message; ``stamp`` and ``connection`` stand in its envelope."""
    return envelope(payload(**changes), kind, stamp=stamp, connection=connection)


def envelope(inside: Any, kind: str = "trades", *, stamp: int = START_S * 1000, connection: str = "a") -> bytes:
    """Anything as an activity message, written without spaces as the venue does."""
    message = {"connection_id": connection, "payload": inside, "timestamp": stamp, "topic": "activity", "type": kind}
    return json.dumps(message, separators=(",", ":")).encode()
