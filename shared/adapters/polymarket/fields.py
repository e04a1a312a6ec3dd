"""Reading JSON from the venue: every value in our units, or one sentence that names the field and the value.

Numbers with a fraction are decoded as their own text, never as binary floating point, so a decimal reaches
``domain.money`` exactly as the venue wrote it.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from shared.domain.errors import BadInput
from shared.domain.instants import MICROSECOND, MILLISECOND
from shared.domain.money import MICRO_MAX, ONE, parse_micro

_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=str)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_WALLET = re.compile(r"0x[0-9a-f]{40}")
_SECONDS_MAX = 10**11
"""Epoch seconds reach this in the year 5138, so anything larger is written in milliseconds."""
_NUMBER_CHARS = 100
"""The catalogue writes old prices with 36 decimals; a longer number is no measurement."""
_SHOWN_CHARS = 60


def show(value: object) -> str:
    """A value as it may appear inside an error sentence: its repr, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "..."


def decode_json(body: bytes) -> object:
    """A JSON body with fractions as text; ``BadInput`` when it is not JSON.

    A bare NaN or Infinity (not JSON, but some encoders write it) is decoded as that word, so that only the
    row which carries it is refused and not the whole page.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"body is not JSON ({type(error).__name__}): {show(body[:_SHOWN_CHARS])}") from None


def micro(name: str, value: object) -> int:
    """Millionths of a JSON number, decimal text or float (by its repr), half-even; ``BadInput`` unless finite."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > MICRO_MAX:
            raise BadInput(f"{name} is not a usable number: {show(value)}")
        return value * ONE
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, str) and len(value) <= _NUMBER_CHARS and _NUMBER.fullmatch(value):
        try:
            return parse_micro(value)
        except BadInput:
            raise BadInput(f"{name} is not a usable number: {show(value)}") from None
    raise BadInput(f"{name} must be a finite number, not {show(value)}")


def decimal(name: str, value: object) -> Decimal:
    """A JSON number or decimal text without any rounding; ``BadInput`` for anything but a finite number."""
    micro(name, value)
    return Decimal(str(value))


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)
"""A date, or a date and a time as Gamma and the data API write them, with or without a zone."""


def instant(name: str, value: object) -> int:
    """Nanoseconds UTC of an ISO-8601 text (no zone means UTC); ``BadInput`` when it is not one."""
    if not isinstance(value, str):
        raise BadInput(f"{name} must be an ISO-8601 time, not {show(value)}")
    try:
        # Python itself reads more than a time, such as "22.061728:22.061769Z".
        moment = datetime.fromisoformat(value) if _INSTANT.fullmatch(value) else None
    except ValueError:
        moment = None
    if moment is None:
        raise BadInput(f"{name} must be an ISO-8601 time, not {show(value)}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * MICROSECOND


def text_list(name: str, value: object) -> tuple[str, ...]:
    """A list of texts, written as a real array or (Gamma) as a JSON-encoded string; ``BadInput`` otherwise."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise BadInput(f"{name} must hold a JSON list, not {show(value)}") from None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"{name} must be a list of texts, not {show(value)}")
    return tuple(value)


class Fields:
    """One JSON object, read field by field; each reader takes the names a field has had, newest first.

    null and "" count as absent. A plain reader raises ``BadInput`` when the field is absent or unusable; its
    ``..._or`` twin answers the given default when it is absent, and still raises when it is unusable.
    """

    __slots__ = ("_row",)

    def __init__(self, row: object) -> None:
        if not isinstance(row, Mapping):
            raise BadInput(f"an object was expected, not {show(row)}")
        self._row: Mapping[str, object] = row

    def _find(self, names: tuple[str, ...]) -> tuple[str, object]:
        for name in names:
            value = self._row.get(name)
            if value is not None and value != "":
                return name, value
        return names[0], None

    def raw(self, *names: str) -> object:
        """The value as decoded, or None when absent."""
        return self._find(names)[1]

    def text(self, *names: str) -> str:
        """A non-empty text."""
        name, value = self._find(names)
        if value is None:
            raise BadInput(f"{name} is missing")
        if not isinstance(value, str):
            raise BadInput(f"{name} must be a text, not {show(value)}")
        return value

    def text_or(self, default: str, *names: str) -> str:
        """A text, or the default when absent."""
        return default if self._find(names)[1] is None else self.text(*names)

    def micro(self, *names: str) -> int:
        """A finite number in millionths."""
        name, value = self._find(names)
        if value is None:
            raise BadInput(f"{name} is missing")
        return micro(name, value)

    def micro_or(self, default: int, *names: str) -> int:
        """A finite number in millionths, or the default when absent."""
        return default if self._find(names)[1] is None else self.micro(*names)

    def optional_micro(self, *names: str) -> int | None:
        """A finite number in millionths, or None when absent."""
        return None if self._find(names)[1] is None else self.micro(*names)

    def integer(self, *names: str) -> int:
        """A whole number, written as a number or as text."""
        name, value = self._find(names)
        whole, rest = divmod(self.micro(*names), ONE)
        if rest:
            raise BadInput(f"{name} must be a whole number, not {show(value)}")
        return whole

    def optional_integer(self, *names: str) -> int | None:
        """A whole number, or None when absent."""
        return None if self._find(names)[1] is None else self.integer(*names)

    def seconds(self, *names: str) -> int:
        """Epoch seconds, from seconds or milliseconds (told apart by size); fractions of a second are cut."""
        name, value = self._find(names)
        whole = self.micro(*names) // ONE
        if whole >= _SECONDS_MAX:
            whole //= 1000
        if not 0 < whole < _SECONDS_MAX:
            raise BadInput(f"{name} is not a usable time: {show(value)}")
        return whole

    def optional_milliseconds_ns(self, *names: str) -> int | None:
        """Epoch milliseconds as nanoseconds, or None when absent."""
        value = self.optional_integer(*names)
        return None if value is None else value * MILLISECOND

    def optional_instant(self, *names: str) -> int | None:
        """Nanoseconds UTC of an ISO-8601 text, or None when absent."""
        name, value = self._find(names)
        return None if value is None else instant(name, value)

    def optional_flag(self, *names: str) -> bool | None:
        """A boolean, or None when absent."""
        name, value = self._find(names)
        if value is not None and not isinstance(value, bool):
            raise BadInput(f"{name} must be true or false, not {show(value)}")
        return value

    def flag_or(self, default: bool, *names: str) -> bool:
        """A boolean, or the default when absent."""
        value = self.optional_flag(*names)
        return default if value is None else value

    def wallet(self, *names: str) -> str:
        """A wallet address in lower case (feeds mix the case)."""
        name, _ = self._find(names)
        address = self.text(*names).lower()
        if not _WALLET.fullmatch(address):
            raise BadInput(f"{name} must be 0x and 40 hex digits, not {show(address)}")
        return address

    def texts(self, *names: str) -> tuple[str, ...]:
        """A list of texts (a real or a JSON-encoded array); absent is empty."""
        name, value = self._find(names)
        return () if value is None else text_list(name, value)
