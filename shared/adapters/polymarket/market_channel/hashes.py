"""The venue's own hash of a book (polymarket.md 4.1): SHA-1 over compact JSON in a fixed order of keys.

Every recorded ``book`` message of market btc-updown-5m-1776325200 has exactly this hash (4,757 of 4,757), but only
together with three values the message does not carry: the least order size, the neg-risk flag, and the last trade
price, which the channel announces separately. So a hash that agrees proves a book; one that does not may only mean
that a trade was not heard of.
"""

from hashlib import sha1

from msgspec import Struct

from shared.adapters.polymarket.market_channel.messages import Book, WireLevel


class HashFacts(Struct):
    """What a book's hash covers besides the message: texts as the venue writes them, "" while unknown."""

    tick_size: str = "0.01"
    min_order_size: str = "5"
    last_trade_price: str = ""


def hash_agrees(message: Book, facts: HashFacts) -> bool | None:
    """Whether the hash is that of the message; None when something it covers is not known."""
    last = message.last_trade_price or facts.last_trade_price
    if not message.hash or not last:
        return None
    hasher = sha1(_head(message).encode(), usedforsecurity=False)
    size, tick = message.min_order_size or facts.min_order_size, message.tick_size or facts.tick_size
    flags = ("false", "true") if message.neg_risk is None else (("false", "true")[message.neg_risk],)
    for flag in flags:
        # Texts heard elsewhere have no trailing zeros; the hash is taken over three decimals.
        for price in dict.fromkeys((last, _padded(last))):
            whole = hasher.copy()
            tail = f'"min_order_size":"{size}","tick_size":"{tick}","neg_risk":{flag},"last_trade_price":"{price}"}}'
            whole.update(tail.encode())
            if whole.hexdigest() == message.hash:
                return True
    return False


def _head(message: Book) -> str:
    about = (
        f'{{"market":"{message.market}","asset_id":"{message.asset_id}","timestamp":"{message.timestamp}","hash":"",'
    )
    return f'{about}"bids":[{_levels(message.bids)}],"asks":[{_levels(message.asks)}],'


def _levels(levels: tuple[WireLevel, ...]) -> str:
    return ",".join([f'{{"price":"{level.price}","size":"{level.size}"}}' for level in levels])


def _padded(text: str) -> str:
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(3, '0')}"
