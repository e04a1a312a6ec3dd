"""Stopping without the trader: the switch first, so that nothing is planned any more, then everything open is void.

Both may be done again and again: a stop that failed half-way is finished by asking once more, and who asks for what is
so already changes nothing but the time and the reason.
"""

import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import SECOND, iso
from shared.ports import Switch

REASON_MAX = 200
CLOCKS_APART_NS = 1 * SECOND
"""A trader plans nothing when its clock is further off (so says the clock watch); what it planned a moment ago may
carry a time that is so much ahead of ours.
"""
Now = Callable[[], int]


class Canceller(Protocol):
    """Where open orders are; one per venue."""

    def cancel_all(self, before: int, reason: str) -> str:
        """End every order planned before an instant (nanoseconds), trader or no trader; what was done, in words.

        ``Temporary`` when the venue does not answer.
        """


class NoVenue:
    """Where no venue is known whose orders could be cancelled."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment

    def cancel_all(self, before: int, reason: str) -> str:
        """``BadInput``, which says how far the stop went."""
        raise BadInput(
            f"nothing is planned any more, but open orders cannot be cancelled ({reason}, {iso(before)[:19]}Z): "
            f"there is no venue of deployment {self._deployment} yet"
        )


class Switching(Protocol):
    """The durable kill switch of an account."""

    def switch(self) -> Switch:
        """As it stands."""

    def set_switch(self, switch: Switch) -> None:
        """Set it; ``Temporary`` when the store does not answer."""


class Stopped(Struct, frozen=True):
    """What a stop did: when the switch was set, whether it had been set before, and what became of open orders."""

    trading: bool
    reason: str
    at: str
    was_stopped: bool
    orders: str


def stop(switching: Switching, canceller: Canceller, reason: str, now: Now = time.time_ns) -> Stopped:
    """Set the switch, then cancel everything; ``Temporary`` when either could not be done: ask again. What else the
    canceller raises, it raises once the switch is set.

    The switch is set even where it is set already: a resume that somebody asked for before must not undo this stop.
    """
    said = " ".join(reason.split())[:REASON_MAX] or "no reason given"
    before = switching.switch()
    at = now()
    switching.set_switch(Switch(False, said, at))
    # From here on no plan commits, so every order there is was planned by now, as far as clocks agree.
    orders = canceller.cancel_all(now() + CLOCKS_APART_NS, said)
    return Stopped(False, said, iso(at), not before.trading, orders)
