"""What an engine has seen."""

from msgspec import Struct


class Counts(Struct):
    """What the engine has seen, for reports."""

    ignored: int = 0
    fills_from_followed: int = 0
    duplicates: int = 0
    whale_trades: int = 0
    late: int = 0
