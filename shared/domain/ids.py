"""Identifiers are facts: the same facts give the same id on every machine, today and after a restart."""

from hashlib import blake2b

ID_BYTES = 16


def fact_id(kind: str, *facts: str | int) -> str:
    """32 hex digits over a kind and its facts; each is length-prefixed, so no two lists collide by joining."""
    text = f"{len(kind)}:{kind}"
    for fact in facts:
        fact_text = str(fact)
        text += f"{len(fact_text)}:{fact_text}"
    return blake2b(text.encode(), digest_size=ID_BYTES).hexdigest()


def intent_id(account: str, strategy: str, signal_id: str, token: str, side: str, purpose: str) -> str:
    """The identity of a strategy's wish: one per (account, strategy, signal, token, side, purpose)."""
    return fact_id("intent", account, strategy, signal_id, token, side, purpose)


def order_key(intent: str, leg: int) -> str:
    """The store key of the n-th leg of an intent, ``<intent_id>.<n>``."""
    return f"{intent}.{leg}"


def salt_of(key: str) -> int:
    """53 bits derived from the order key: the venue's salt must survive a JSON number (polymarket.md 1.3)."""
    return int(fact_id("salt", key)[:14], 16) >> 3
