"""Tells people what the alerts queue holds: each notice once on every channel, whoever runs at the same time.

Before a channel is told, the notice is claimed in the table; afterwards it is noted there. What cannot be told now goes
back to the queue as a message of its own with a delay, so that an outage, however long, uses up none of the receives
after which the queue gives a message up. What can never be told stays with the queue, and ends in its dead letters.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.notices.channels import Channel
from shared.adapters.notices.items import Keeping, change
from shared.adapters.notices.line import DELAY_MAX_S
from shared.adapters.notices.pace import take_room
from shared.adapters.notices.post import Throttled
from shared.adapters.notices.told import (
    PAGES,
    Told,
    claim,
    encode,
    fail,
    hear,
    id_of,
    is_due,
    message,
    next_at,
    postpone,
    succeed,
    told_of,
    wait_after,
)
from shared.domain.conditions import is_told
from shared.domain.errors import BadInput, HouseError, OutcomeUnknown, Temporary
from shared.domain.instants import DAY, SECOND
from shared.domain.notice import Notice

ITEM = "notice#"
KEPT_NS = 3 * DAY
"""How long a notice is remembered: longer than the queue keeps a message."""
PATIENCE_NS = 3 * DAY
SEND_S = 15.0
"""Longer than one message to one channel takes, at the worst."""


class Line(Protocol):
    """The queue, as a place to come back from."""

    def put(self, notice: Notice, delay_s: int) -> None:
        """Have it delivered again after so many seconds; ``Temporary`` when the queue does not take it."""


class Outcome(Struct):
    """What became of a message: channels ``told`` just now, those that ``failed`` for now, whether it comes back, and
    whether it is only ``recorded``, because nobody needs to be told.
    """

    told: int = 0
    failed: int = 0
    waits: bool = False
    recorded: bool = False


class Run(Struct, frozen=True):
    """One run of the function: ``owner`` is another one for each, ``now`` the wall clock in nanoseconds, ``time_left``
    seconds until the platform ends it, ``say`` logs a line.
    """

    owner: str
    now: Callable[[], int]
    time_left: Callable[[], float]
    say: Callable[[str], None]


class Delivery:
    """See the module. One for each run: a channel that fails is left alone for the rest of it."""

    def __init__(self, items: Keeping, channels: Sequence[Channel], line: Line, run: Run) -> None:
        self._items = items
        self._channels = {channel.name: channel for channel in channels}
        self._line = line
        self._run = run
        self._now = run.now
        self._away: dict[str, int] = {}

    def deliver(self, notice: Notice) -> Outcome:
        """Tell it wherever it was not told yet.

        Raises ``Temporary`` when the table or the queue does not answer, or nobody could be told for three days,
        ``BadInput`` when a channel refuses it for good: the message then stays with the queue.
        """
        if not is_told(notice.name, notice.severity) or not self._channels:
            return Outcome(recorded=True)
        outcome, refused = Outcome(), {}
        names = tuple(self._channels)
        told = self._change(notice, lambda before: hear(before, notice, self._now(), names))
        for name in names:
            if is_due(told, name, self._now()):
                try:
                    told = self._tell(told, name, outcome)
                except BadInput as error:
                    refused[name] = str(error)
        self._come_back(told, outcome, refused)
        if refused:
            raise BadInput("; ".join(refused.values()))
        return outcome

    # ------------------------------------------------------------------ one channel

    def _tell(self, told: Told, name: str, outcome: Outcome) -> Told:
        """Tell one channel, if nothing is in the way and nobody else is faster; ``BadInput`` when it never takes it."""
        notice, owner = told.notice, self._run.owner
        waits_until = self._busy_until(name) or take_room(
            self._items, name, self._now(), always=notice.severity == PAGES
        )
        if waits_until:
            return self._change(notice, lambda one: postpone(_there(one), name, waits_until))
        told = self._change(notice, lambda one: self._claimed(_there(one), name))
        if told.channels[name].claimed_by != owner:
            return told
        try:
            self._channels[name].send(message(told, name))
        except BadInput as error:
            self._failed(told, name, error, outcome, self._now())
            raise
        except (OutcomeUnknown, Temporary) as error:
            wait = round(error.retry_after_s * SECOND) if isinstance(error, Throttled) else 0
            self._away[name] = self._now() + max(wait, wait_after(told, name))
            return self._failed(told, name, error, outcome, self._away[name])
        outcome.told += 1
        return self._change(notice, lambda one: succeed(_there(one), name, owner, self._now()))

    def _busy_until(self, name: str) -> int:
        """Until when the channel is left alone (0: it is not). A run that is about to be ended begins nothing: a claim
        it left behind would count as told.
        """
        if self._run.time_left() < SEND_S:
            return self._now() + SECOND
        until = self._away.get(name, 0)
        return until if until > self._now() else 0

    def _claimed(self, told: Told, name: str) -> Told:
        return claim(told, name, self._run.owner, self._now()) if is_due(told, name, self._now()) else told

    def _failed(self, told: Told, name: str, error: HouseError, outcome: Outcome, due_at: int) -> Told:
        outcome.failed += 1
        self._run.say(f"{told.notice.name} was not told by {name}: {error}")
        doubt = isinstance(error, OutcomeUnknown)
        return self._change(told.notice, lambda one: fail(_there(one), name, self._run.owner, due_at, doubt=doubt))

    # ------------------------------------------------------------------ the table and the queue

    def _come_back(self, told: Told, outcome: Outcome, refused: Collection[str]) -> None:
        """See to it that a copy comes back from the queue when there is something left to do: one for all messages."""
        now = self._now()
        at = next_at(told, now, refused)
        if at is None:
            return
        if now - told.opened_at > PATIENCE_NS and not all(one.said for one in told.channels.values()):
            raise Temporary(f"{told.notice.name} could not be told for three days")
        outcome.waits = True
        if now < told.back_at <= at + SECOND:
            return
        delay_s = min(max(-(-(at - now) // SECOND), 1), DELAY_MAX_S)
        self._line.put(replace(told.notice, at=told.heard[-1]), delay_s)
        back_at = now + delay_s * SECOND
        self._change(told.notice, lambda one: replace(_there(one), back_at=back_at))

    def _change(self, notice: Notice, step: Callable[[Told | None], Told]) -> Told:
        """The memory after the step; ``Temporary`` when others are always faster."""
        now = self._now()

        def apply(body: str) -> str | None:
            before = told_of(body)
            after = step(before)
            return None if after == before else encode(after).decode()

        body = change(self._items, f"{ITEM}{id_of(notice)}", apply, now + KEPT_NS)
        told = told_of(body)
        assert told is not None
        return told


def _there(told: Told | None) -> Told:
    """What was there a moment ago; the table forgets after days, not within a run."""
    if told is None:
        raise Temporary("a notice was forgotten while it was being told")
    return told
