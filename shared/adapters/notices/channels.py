"""A way to reach people."""

from typing import Protocol

from msgspec import Struct

from shared.domain.conditions import condition
from shared.domain.instants import MINUTE, iso, rough_span
from shared.domain.notice import Notice

TEXT_MAX = 1_500


class Message(Struct, frozen=True):
    """A notice as it is told: ``times`` it came so far, of which ``said`` were told before (over ``within``
    nanoseconds); ``doubt``: whether an earlier attempt may have reached them.
    """

    notice: Notice
    times: int = 1
    said: int = 0
    within: int = 0
    doubt: bool = False

    @property
    def title(self) -> str:
        """One line."""
        again = f" x{self.times - self.said}" if self.times - self.said > 1 or self.said else ""
        return f"SEV{self.notice.severity} {self.notice.name}{again} ({self.notice.account})"

    @property
    def text(self) -> str:
        """The whole, plain text for a phone."""
        notice = self.notice
        text = notice.text if len(notice.text) <= TEXT_MAX else f"{notice.text[: TEXT_MAX - 1]}…"
        lines = [self.title, text]
        if self.said:
            span = rough_span(max(self.within, MINUTE))
            lines.append(f"({self.times - self.said} times more in {span})")
        elif self.times > 1:
            lines.append(f"({self.times} times)")
        if self.doubt:
            lines.append("(You may have this already: nobody answered when it was sent.)")
        row = condition(notice.name)
        if row is not None and notice.severity < 3:
            lines.append(f"Do: {row.do}")
        lines.append(f"{iso(notice.at)[:19]}Z, {notice.source}")
        return "\n".join(lines)


class Channel(Protocol):
    """One place where people read; ``name`` tells it apart and is no secret."""

    @property
    def name(self) -> str:
        """``telegram:<chat>``, ``discord``, ``email``."""

    def send(self, message: Message) -> None:
        """Tell it once.

        Raises ``Temporary`` when it was not taken (``Throttled`` says for how long), ``OutcomeUnknown`` when it may
        have been, ``BadInput`` when it never will be.
        """
