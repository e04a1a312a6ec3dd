"""What a page may change: everything goes through the control API, which checks who asks and writes down why.

Stopping takes one signature. Whatever lets the house trade more than it does takes a second factor in the cloud, which
the dashboard's own role never has: there the API refuses, and the page says how a person does it.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from shared.domain.errors import NotAllowed

if TYPE_CHECKING:
    from shared.adapters.control.remote import Remote

NOWHERE = (
    "No control API is known to this dashboard: set CONTROL_URL, which `cdk deploy` prints (`make run` has its own)."
)


class Changes(Protocol):
    """What a page may change; each with a reason that is kept. All calls give what the API says of it in words.

    Raises ``NotAllowed`` when we may not ask for it, ``BadInput`` when it makes no sense, ``Temporary`` when nothing
    answers, ``OutcomeUnknown`` for a request that was cut off: asking again does no harm.
    """

    def kill(self, reason: str) -> str:
        """Stop trading and cancel every order, trader or no trader."""

    def resume(self, reason: str) -> str:
        """Ask the trader to trade again, which it does only with reconciled books and nothing in doubt."""

    def mode(self, mode: str, reason: str) -> str:
        """Let the strategy ``trade``, or only ``observe``."""

    def configure(
        self,
        reason: str,
        limits: dict[str, str] | None = None,
        pinned: Sequence[str] = (),
        unpinned: Sequence[str] = (),
        reset: bool = False,
    ) -> str:
        """Change limits (name to text such as ``10%``), pin wallets or let them go; ``reset`` forgets what was changed
        before. All of it or nothing.
        """

    def review(self, order_key: str, note: str) -> str:
        """Note that an order which failed for good was looked at; the first note of an order stays."""


class ApiChanges:
    """Changes asked of the control API at ``url``, signed with ``key`` or, empty, with the usual AWS credentials."""

    def __init__(self, url: str, key: str, region: str) -> None:
        self.url = url
        self._key = key
        self._region = region

    @cached_property
    def _remote(self) -> "Remote":
        """The signed client, loaded with the first change: AWS's library takes its time."""
        from shared.adapters.control.remote import Remote
        from shared.adapters.control.signing import local_credentials

        if not self.url:
            raise NotAllowed(NOWHERE)
        return Remote(self.url, self._region, local_credentials(self._key) if self._key else None)

    def kill(self, reason: str) -> str:
        """Stop trading and cancel every order."""
        done = self._remote.ask("POST", "/api/kill", {"reason": reason})
        return f"Trading is stopped: {done['orders']}."

    def resume(self, reason: str) -> str:
        """Ask the trader to trade again."""
        return self._asked("POST", "/api/resume", {"reason": reason})

    def mode(self, mode: str, reason: str) -> str:
        """Let the strategy trade or observe."""
        return self._asked("POST", "/api/mode", {"mode": mode, "reason": reason})

    def configure(
        self,
        reason: str,
        limits: dict[str, str] | None = None,
        pinned: Sequence[str] = (),
        unpinned: Sequence[str] = (),
        reset: bool = False,
    ) -> str:
        """Change limits and pins."""
        lists = {"pinned": list(pinned), "unpinned": list(unpinned), "reset": reset}
        return self._asked("PUT", "/api/markets/config", {"reason": reason, "limits": limits or {}, **lists})

    def review(self, order_key: str, note: str) -> str:
        """Note that a failed order was looked at."""
        kept = self._remote.ask("POST", "/api/dead-letters", {"order_key": order_key, "reason": note})
        return f"{kept['who']} had reviewed it before: {kept['note']}." if kept["was_reviewed"] else "It is reviewed."

    def _asked(self, method: str, path: str, body: dict[str, Any]) -> str:
        says = str(self._remote.ask(method, path, body)["says"])
        return f"{says[:1].upper()}{says[1:]}."
