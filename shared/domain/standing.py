"""Conditions over time: told when they begin, again while they stand for long, and when they are over."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from shared.domain.conditions import BY_NAME, Severity
from shared.domain.instants import DAY, HOUR, rough_span
from shared.domain.notice import Notice
from shared.domain.states import Found

AGAIN_NS = {Severity.HALTS: 4 * HOUR, Severity.REDUCES: DAY}


class Since(Struct, frozen=True):
    """A condition that holds: since when, and when people were last told (nanoseconds)."""

    since: int
    told_at: int


def turned(
    before: Mapping[str, Since], found: Sequence[Found], account: str, now: int, source: str
) -> tuple[dict[str, Since], list[Notice]]:
    """What stands now, and what people are told of the change: the same look twice tells nothing new."""
    standing: dict[str, Since] = {}
    notices: list[Notice] = []
    for one in found:
        severity = BY_NAME[one.name].severity
        earlier = before.get(one.name)
        if earlier is not None and now - earlier.told_at < AGAIN_NS[severity]:
            standing[one.name] = earlier
            continue
        standing[one.name] = Since(now if earlier is None else earlier.since, now)
        notices.append(Notice(account, int(severity), one.name, one.text, now, source))
    for name, earlier in before.items():
        if name not in standing:
            text = f"{name} is over after {rough_span(now - earlier.since)}"
            notices.append(Notice(account, int(Severity.LOGS), "condition_ended", text, now, source))
    return standing, notices
