"""What a person may change while we trade: limits by name, whether the strategy enters, who is watched by hand.

A change that was accepted is a journal record, so it outlives the process. Settings of the environment are what it is
made to; it holds until it is changed again or reset.
"""

from enum import Enum

from msgspec import Struct


class Mode(Enum):
    """What a strategy's decisions lead to."""

    TRADE = "trade"
    OBSERVE = "observe"
    """Everything is decided and recorded, nothing is entered; what is held is left as always."""


class Change(Struct, frozen=True):
    """One request, as a whole: all of it is accepted or nothing.

    ``limits``: names and texts as people write them in settings (``stop_loss``, ``10%``). ``mode``: of the account's
    strategy (None: as it is). ``pinned`` and ``unpinned``: wallets that are followed by hand from now on, or no more,
    ranked or not; in lower case. ``reset``: whatever was changed before is forgotten first.
    """

    limits: tuple[tuple[str, str], ...] = ()
    mode: Mode | None = None
    pinned: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()
    reset: bool = False

    @property
    def watches(self) -> bool:
        """Whether it bears on who is followed."""
        return self.reset or bool(self.pinned or self.unpinned)


def in_words(change: Change) -> str:
    """A change as one sentence for people."""
    said = ["everything is as the settings say"] if change.reset else []
    said += [f"{name}={text}" for name, text in change.limits]
    if change.mode is not None:
        said.append(f"mode {change.mode.value}")
    said += [f"{wallet} is pinned" for wallet in change.pinned]
    said += [f"{wallet} is followed no more" for wallet in change.unpinned]
    return ", ".join(said)
