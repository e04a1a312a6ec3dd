"""What people are told, wherever they are."""

from msgspec import Struct


class Notice(Struct, frozen=True):
    """One thing people should know. ``severity``: 1 halts and pages, 2 reduces, 3 is for the record. ``at``: when
    (nanoseconds).

    ``name`` is the kind of thing (``feed_down``): the same name and text again within minutes is one thing.
    """

    account: str
    severity: int
    name: str
    text: str
    at: int
    source: str = "trader"
    v: int = 1
