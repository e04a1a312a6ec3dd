"""What people and functions leave behind for whoever looks next: an order that was reviewed, a run that ended."""

from msgspec import Struct


class Review(Struct, frozen=True):
    """A person has looked at an order that failed for good. ``at`` in nanoseconds UTC."""

    order_key: str
    who: str
    note: str
    at: int


class Run(Struct, frozen=True):
    """The last run of a function that others count on: when it ended (nanoseconds UTC), how long it took in
    milliseconds, and what it found, or how it failed.
    """

    name: str
    at: int
    ok: bool
    took_ms: int = 0
    says: str = ""
