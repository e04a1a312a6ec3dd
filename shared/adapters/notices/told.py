"""What was told to whom: the memory of one notice, by which it is told once everywhere and repetitions are counted.

The same notice (account, name and text) within ten minutes of being told is one. It is counted, and when the ten
minutes are over what was counted is told in one line. All of this is pure; ``delivery`` keeps it in the table.
"""

from collections.abc import Collection

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared.adapters.notices.channels import Message
from shared.domain.ids import fact_id
from shared.domain.instants import MINUTE, SECOND
from shared.domain.notice import Notice

WINDOW_NS = 10 * MINUTE
CLAIM_NS = 2 * MINUTE
"""Longer than any run of the function: a claim that is older was left by one that died."""
HEARD_MAX = 200
WAIT_FIRST_NS = 15 * SECOND
WAIT_MAX_NS = 15 * MINUTE
NEVER = 2**63
PAGES = 1
"""The severity that is told again when it is not known whether it was told: a page lost is worse than a page twice."""


class Progress(Struct, frozen=True):
    """How far one channel is. ``said``: occurrences told so far; ``quiet_until``: nothing more is told before then.

    ``claimed_by`` is telling ``claimed`` occurrences just now, until ``claimed_until`` at the latest. ``tries`` failed
    in a row, the next one is due at ``due_at``. ``doubt``: one of them may have been taken all the same.
    """

    said: int = 0
    quiet_until: int = 0
    claimed: int = 0
    claimed_by: str = ""
    claimed_until: int = 0
    tries: int = 0
    due_at: int = 0
    doubt: bool = False


class Told(Struct, frozen=True):
    """One notice since ``opened_at``: how often it came (``heard``: at which instants, the latest ones), and to whom it
    was told. ``back_at``: when a copy of it comes back from the queue. All nanoseconds.
    """

    notice: Notice
    opened_at: int
    heard: tuple[int, ...]
    times: int = 1
    channels: dict[str, Progress] = {}
    back_at: int = 0


encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Told).decode


def told_of(body: str) -> Told | None:
    """What an item holds; None for an empty one."""
    return _decode(body) if body else None


def id_of(notice: Notice) -> str:
    """The same for the same thing."""
    return fact_id("notice", notice.account, notice.name, notice.text)


def hear(told: Told | None, notice: Notice, now: int, channels: tuple[str, ...]) -> Told:
    """The memory after a message brought the notice: a new one, one more of the same, or nothing new (a message that
    was delivered twice, or that came back to be told).
    """
    if told is None:
        return Told(notice, now, (notice.at,), channels={name: Progress() for name in channels})
    told = replace(told, channels={name: told.channels.get(name, Progress()) for name in channels})
    if notice.at in told.heard:
        return told
    heard = (*told.heard, notice.at)[-HEARD_MAX:]
    over = all(one.said >= told.times and now >= one.quiet_until for one in told.channels.values())
    if over:
        return Told(notice, now, heard, channels={name: Progress() for name in channels})
    return replace(told, heard=heard, times=told.times + 1)


def is_due(told: Told, name: str, now: int) -> bool:
    """Whether the channel has something to tell now and nobody is telling it."""
    one = told.channels[name]
    return _open_at(told, name) <= now and not _claimed(one, now)


def _open_at(told: Told, name: str) -> int:
    """From when on the channel may tell; far away where it has nothing to tell."""
    one = told.channels[name]
    if one.said >= told.times:
        return NEVER
    return max(one.due_at, one.quiet_until if one.said else 0)


def _claimed(one: Progress, now: int) -> bool:
    return bool(one.claimed_by) and now < one.claimed_until


def claim(told: Told, name: str, owner: str, now: int) -> Told:
    """``owner`` is about to tell what there is; only for a channel that ``is_due``.

    A claim left by somebody who died: nobody knows whether he told it. A page is told again, with a word about that;
    anything else counts as told, since dying between telling and noting it takes milliseconds of minutes.
    """
    one = told.channels[name]
    if one.claimed_by and told.notice.severity != PAGES:
        return _with(told, name, Progress(said=one.claimed, quiet_until=now + WINDOW_NS))
    doubt = one.doubt or bool(one.claimed_by)
    claimed = replace(one, claimed=told.times, claimed_by=owner, claimed_until=now + CLAIM_NS, doubt=doubt)
    return _with(told, name, claimed)


def message(told: Told, name: str) -> Message:
    """What the claim is about to tell."""
    one = told.channels[name]
    return Message(told.notice, one.claimed, one.said, max(told.heard) - min(told.heard), one.doubt)


def succeed(told: Told, name: str, owner: str, now: int) -> Told:
    """It was told."""
    one = told.channels[name]
    if one.claimed_by != owner:
        return told
    return _with(told, name, Progress(said=one.claimed, quiet_until=now + WINDOW_NS))


def fail(told: Told, name: str, owner: str, due_at: int, *, doubt: bool) -> Told:
    """It was not told, or (``doubt``) nobody knows; the next attempt is due then."""
    one = told.channels[name]
    if one.claimed_by != owner:
        return told
    after = Progress(one.said, one.quiet_until, tries=one.tries + 1, due_at=due_at, doubt=one.doubt or doubt)
    return _with(told, name, after)


def wait_after(told: Told, name: str) -> int:
    """How long to wait after one more failure: longer and longer (nanoseconds)."""
    return min(WAIT_FIRST_NS << min(told.channels[name].tries, 10), WAIT_MAX_NS)


def postpone(told: Told, name: str, until: int) -> Told:
    """This has to wait until then, because the channel is out of order or has told so much lately."""
    return _with(told, name, replace(told.channels[name], due_at=until))


def next_at(told: Told, now: int, refused: Collection[str] = ()) -> int | None:
    """When somebody has to look at it again: something could not be told, is being told, or was only counted.
    ``refused``: channels that are no reason to.
    """
    times = []
    for name, one in told.channels.items():
        opened = _open_at(told, name)
        if opened < NEVER and name not in refused:
            times.append(max(opened, one.claimed_until if _claimed(one, now) else 0))
    return min(times, default=None)


def _with(told: Told, name: str, progress: Progress) -> Told:
    return replace(told, channels={**told.channels, name: progress})
