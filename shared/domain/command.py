"""What a person or a function asks of the trader, through the store and not to its face."""

from enum import Enum

from msgspec import Struct

from shared.domain.change import Change


class CommandKind(Enum):
    """What a person or a function may ask of the trader."""

    KILL = "kill"
    RESUME = "resume"
    DEPOSIT = "deposit"
    FLATTEN = "flatten"
    """Stop trading and sell every position."""
    SET = "set"
    """Change limits, the strategy's mode or the watch list."""


class Command(Struct, frozen=True, gc=False, tag=True):
    """A request from outside; ``amount`` (micro-dollars) is a deposit's, ``at`` nanoseconds (0: not known when)."""

    command_id: str
    kind: CommandKind
    reason: str
    amount: int = 0
    change: Change | None = None
    at: int = 0
