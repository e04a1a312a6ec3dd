"""Whales: the wallets we follow, what a ranking says of them, and the burst of fills that makes a signal."""

import re

from msgspec import Struct

from shared.domain.money import Fraction, Shares, Usd
from shared.domain.order import Side

_WALLET = re.compile(r"0x[0-9a-f]{40}", re.ASCII)


def is_wallet(text: str) -> bool:
    """Whether the text is a wallet's address as we write it: 0x and 40 hex digits in lower case."""
    return _WALLET.fullmatch(text) is not None


class RankedWallet(Struct, frozen=True, gc=False):
    """One followed wallet and its record of resolved markets at the time of the ranking.

    ``edge_total`` sums, over ``n_markets`` markets, the size-weighted mean of (won - price paid) of its BUY fills in
    millionths; the engine goes on adding to both as markets resolve. ``pinned`` wallets are watched by a person's wish.
    ``watched_only`` wallets are heard, never copied into a position (we still follow them out of one).
    ``mean_return`` per market with the lower end of its 95% interval (millionths of the money paid) and ``volume``
    (micro-dollars) are for people to read.
    """

    wallet: str
    rank: int
    n_markets: int = 0
    edge_total: int = 0
    pinned: bool = False
    mean_return: int = 0
    return_low: int = 0
    volume: int = 0
    watched_only: bool = False


class Ranking(Struct, frozen=True):
    """A published watch list: who is followed from now on, and why (``source`` names the method)."""

    as_of: int
    source: str
    wallets: tuple[RankedWallet, ...]


class Signal(Struct, frozen=True, gc=False):
    """Detection's claim: a whale is buying (or selling) a token; one per burst. ``confidence`` in millionths.

    ``last_price``, ``size`` and ``notional`` cover the fills of the burst so far; ``fraction_sold`` is the part of the
    whale's own holding that a SELL burst has sold so far, in millionths.
    """

    signal_id: str
    wallet: str
    market: str
    token: str
    side: Side
    opened_at: int
    first_tx: str
    fills: int
    last_price: int
    size: Shares
    notional: Usd
    confidence: Fraction
    fraction_sold: Fraction
