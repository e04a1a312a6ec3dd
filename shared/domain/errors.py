"""What can go wrong, as a tree: the branch says what the caller must do.

HouseError
├── BadInput        the caller gave us something unusable       -> one sentence, counted; the rest goes on
│   └── NotAllowed       of others: they do not let us           -> somebody with the rights does it
├── Refused         we said no                                  -> an event with a reason, never retried
│   ├── RiskDenied       a limit would be broken
│   ├── TradingDisabled  the kill switch is on
│   └── LeaseLost        another trader holds the lease (or this one let it go)
├── VenueRejected   the venue proved that it said no            -> terminal for that order
├── OutcomeUnknown  time-out, 5xx, reset, unreadable body       -> in doubt; only evidence resolves it
├── Temporary       throttled, connection refused               -> bounded, jittered, counted retries
└── Corrupt         an invariant is false                       -> stop trading, keep the evidence, exit non-zero
"""


class HouseError(Exception):
    """Base of every error this system raises on purpose."""


class BadInput(HouseError):
    """A file, frame, request or setting is unusable; the message names the field and the value."""


class NotAllowed(BadInput):
    """Whom we asked does not let us; the message says what was asked."""


class Refused(HouseError):
    """We declined to act. Never retried."""


class RiskDenied(Refused):
    """A risk limit would have been broken."""


class TradingDisabled(Refused):
    """The kill switch is on."""


class LeaseLost(Refused):
    """This process no longer holds the trading lease."""


class VenueRejected(HouseError):
    """The venue proved that it did not take the order."""


class OutcomeUnknown(HouseError):
    """A request may or may not have had its effect."""


class Temporary(HouseError):
    """A later attempt may succeed."""


class Corrupt(HouseError):
    """Something that must be true is false."""
