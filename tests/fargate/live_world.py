"""A local venue with one leader, one open market with a good book, and trades that appear when the test says so."""

import json
import time
from typing import Any

from tests.exchange.content import Content, Wire

LEADER = "0x" + "ab" * 20
CROWD = "0x" + "cd" * 20
CONDITION = "0x" + "c1" * 32
TOKENS = (
    "39059140761102735867213780342524176318432598655322903326399219585443003760474",
    "85041495124636364465524207427291847277512583258226863950929723670181441670161",
)


def trade(number: int, at_s: float, **changes: Any) -> Wire:
    """The leader buys 1,000 shares at 0.50 in a transaction of its own."""
    row: Wire = {
        "proxy_wallet": LEADER,
        "timestamp": int(at_s),
        "condition_id": CONDITION,
        "type": "TRADE",
        "size": 1000.0,
        "usdc_size": 500.0,
        "transaction_hash": f"0x{number:064x}",
        "price": 0.5,
        "token_id": TOKENS[0],
        "side": "BUY",
        "outcome_index": 0,
        "title": "Will it rain?",
        "slug": "will-it-rain",
        "event_slug": "will-it-rain",
        "outcome": "Yes",
    }
    return row | changes


def furnish(content: Content) -> None:
    """Leaderboard, market and book."""
    content.leaderboard = [{"rank": 1, "user_id": LEADER, "pnl": 1000.5, "volume": 5.0, "user_name": "first"}]
    content.markets = [
        {
            "conditionId": CONDITION,
            "slug": "will-it-rain",
            "question": "Will it rain?",
            "outcomes": '["Yes", "No"]',
            "outcomePrices": '["0.5", "0.5"]',
            "clobTokenIds": json.dumps(TOKENS),
            "closed": False,
            "acceptingOrders": True,
            "version": "v1",
            "endDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30 * 86_400)),
            "volume24hr": 250_000.0,
            "orderPriceMinTickSize": 0.01,
            "orderMinSize": 5,
            "bestBid": 0.49,
            "bestAsk": 0.5,
        }
    ]
    content.books = {
        TOKENS[0]: {
            "market": CONDITION,
            "asset_id": TOKENS[0],
            "timestamp": str(int(time.time() * 1000)),
            "hash": "h",
            "bids": [{"price": "0.49", "size": "5000"}],
            "asks": [{"price": "0.50", "size": "5000"}],
            "min_order_size": "5",
            "tick_size": "0.01",
            "neg_risk": False,
        }
    }
