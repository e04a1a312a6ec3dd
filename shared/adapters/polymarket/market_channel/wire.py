"""Bytes of the market channel to typed messages: the whole frame at once, or message by message when one is bad.

A bad message is refused with one sentence that names the field and the value; the others of its frame are kept. A kind
of message not known here is the venue's news: ignored and counted.
"""

import re
from collections.abc import Callable

import msgspec
from msgspec import Struct

from shared.adapters.polymarket.fields import show
from shared.adapters.polymarket.market_channel.messages import KNOWN, BookAlone, ChangesAlone, Message
from shared.domain.errors import BadInput

FRAME_MAX = 8 * 1024 * 1024
"""Bytes. 500 books at once come to some 3 MB; a larger frame would stop everything else while it is read."""
PONG = b"PONG"
SHOWN_BYTES = 60
IGNORED_KINDS_MAX = 50
LOOKS_LIKE_CHANGES = slice(79, 95), b'"price_changes":'
"""Where a frame of level changes says so: right behind the 66 characters of its market."""
decode_changes = msgspec.json.Decoder(ChangesAlone, strict=False).decode
decode_book = msgspec.json.Decoder(BookAlone, strict=False).decode
"""For frames that look like one: the venue writes a message's kind behind its content, and looking for it first costs
half as much again as reading it. Both raise one of ``UNREADABLE`` for any other kind.
"""
decode: Callable[[bytes], Message | list[Message]] = msgspec.json.Decoder(Message | list[Message], strict=False).decode
"""A whole frame at once, or one of ``UNREADABLE``. Not strict, because milliseconds are written as text; prices and
sizes are read as text, so nothing else is bent.
"""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BOOK_KINDS = ("book", "price_change", "tick_size_change")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
"""One step of a path such as ``price_changes[0].price``."""


class Refusal(Struct, frozen=True):
    """Why a message was not taken, and whose books may have missed something by that (``all_books``: who knows)."""

    sentence: str
    tokens: tuple[str, ...] = ()
    all_books: bool = False


class WireCounts(Struct):
    """Messages refused, and messages of kinds not known here by kind."""

    refused: int = 0
    ignored: dict[str, int] = {}


class Wire:
    """Reads the frames that ``decode`` cannot read as a whole; keeps the counts."""

    def __init__(self) -> None:
        self.counts = WireCounts()

    def one_by_one(self, data: bytes) -> tuple[list[Message], list[Refusal]]:
        """The messages of a frame in their order, and what was refused of it. Never raises."""
        messages: list[Message] = []
        refusals: list[Refusal] = []
        try:
            decoded = _json(data)
        except BadInput as error:
            refusals.append(Refusal(f"frame: {error}", all_books=True))
        else:
            for item in decoded if isinstance(decoded, list) else [decoded]:
                self._one(item, messages, refusals)
        self.counts.refused += len(refusals)
        return messages, refusals

    def _one(self, item: object, messages: list[Message], refusals: list[Refusal]) -> None:
        if not isinstance(item, dict):
            refusals.append(Refusal(f"message must be an object, not {show(item)}", all_books=True))
            return
        kind = item.get("event_type")
        if not isinstance(kind, str):
            refusals.append(Refusal(f"event_type must be a text, not {show(kind)}", _tokens(item), not _tokens(item)))
            return
        if kind not in KNOWN:
            ignored = self.counts.ignored
            name = kind if kind in ignored or len(ignored) < IGNORED_KINDS_MAX else "others"
            ignored[name] = ignored.get(name, 0) + 1
            return
        try:
            messages.append(msgspec.convert(_todays(item), Message, strict=False))
        except (msgspec.ValidationError, RecursionError) as error:
            tokens = _tokens(item) if kind in _BOOK_KINDS else ()
            refusals.append(Refusal(f"{kind}: {_sentence(item, error)}", tokens, kind in _BOOK_KINDS and not tokens))


def _json(data: bytes) -> object:
    if len(data) > FRAME_MAX:
        raise BadInput(f"{len(data)} bytes are more than {FRAME_MAX}")
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as error:
        raise BadInput(f"it is not JSON ({error}): {show(data[:SHOWN_BYTES])}") from None


def _tokens(item: dict[str, object]) -> tuple[str, ...]:
    """Tokens a message is about, as far as it can be read."""
    changes = item.get("price_changes")
    parts: list[object] = [item, *(changes if isinstance(changes, list) else ())]
    named = [part.get("asset_id") for part in parts if isinstance(part, dict)]
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))


def _todays(item: dict[str, object]) -> dict[str, object]:
    """A ``price_change`` of before September 2025 (one token, its changes in a list or flat) in today's form."""
    if item.get("event_type") != "price_change" or "price_changes" in item:
        return item
    changes = item.get("changes", [item])
    if not isinstance(changes, list):
        return item
    about = {name: item[name] for name in ("asset_id", "hash") if name in item}
    return {**item, "price_changes": [{**about, **one} if isinstance(one, dict) else one for one in changes]}


def _sentence(item: object, error: Exception) -> str:
    """The library's words, and the value they are about."""
    words, _, path = str(error).partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    for name, place in _STEP.findall(path):
        if isinstance(item, list) and place:
            item = item[int(place)]
        elif isinstance(item, dict) and name:
            item = item.get(name)
    return f"{path}: {words}, the value is {show(item)}" if path else words or type(error).__name__
