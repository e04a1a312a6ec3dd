"""What a venue's rejection means for what we wanted: its texts and codes, sorted by what to do about them.

A rejection proves that nothing was taken. Only what is known to pass is tried again; whatever is not known has failed
for good, so that an unknown refusal is looked at by a person and never repeated.
"""

import re
from enum import Enum

from shared.domain.instants import SECOND


class Verdict(Enum):
    """What to do after a rejection."""

    RETRY = "retry"
    """The same wish may be taken a little later."""
    UNFILLED = "unfilled"
    """The order was in order; it only found nobody to trade with."""
    DEAD = "dead"
    """It will not be taken, however often it is asked."""


_RETRY = (
    "service_not_ready",
    "service not ready",
    "post_only_mode",
    "post-only mode",
    "market_not_ready",
    "not yet ready",
    "order timed out",
    "too many requests",
    "match delayed",
    "not enough balance",
    "tick size rule",
)
"""Restarts, throttling, a stale balance (polymarket.md 8, rows 8 to 10) and a tick size that changed (row 16)."""
_UNFILLED = (
    "couldn't be fully filled",
    "no orders found to match",
    "no matching orders",
    "crosses book",
    "fok_order_not_filled",
    "fak_order_not_filled",
)
_STATUS = re.compile(r"^(\d{3}) ")
_AFTER = re.compile(r"retry after (\d{1,6}) s")


def verdict_on(reason: str) -> Verdict:
    """What a rejection's text says about trying again."""
    text = reason.lower()
    if any(part in text for part in _UNFILLED):
        return Verdict.UNFILLED
    if status_of(reason) in (425, 429) or any(part in text for part in _RETRY):
        return Verdict.RETRY
    return Verdict.DEAD


def status_of(reason: str) -> int:
    """The HTTP status a rejection's text begins with; 0 without one."""
    found = _STATUS.match(reason)
    return int(found.group(1)) if found else 0


def retry_after_ns(reason: str) -> int:
    """How long the venue asks to wait; 0 where it does not say."""
    found = _AFTER.search(reason)
    return int(found.group(1)) * SECOND if found else 0  # not money: seconds to nanoseconds


def is_api_error(reason: str) -> bool:
    """Whether the interface itself failed. Restarts (425), throttling (429) and announced modes (503 with a code that
    is known) are states of the venue, not errors.
    """
    status = status_of(reason)
    return status >= 500 and verdict_on(reason) is not Verdict.RETRY
