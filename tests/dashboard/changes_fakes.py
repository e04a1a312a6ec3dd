"""A control API that writes down what it is asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shared.domain.command import Command, CommandKind
from shared.domain.errors import HouseError
from shared.domain.notes import Review
from shared.ports import Switch

if TYPE_CHECKING:
    from tests.dashboard.fakes import FakeQueries


class FakeChanges:
    """A control API that writes down what it is asked, and stops what ``queries`` show; ``refuses`` with an error
    instead, once told so.
    """

    def __init__(self, queries: "FakeQueries") -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refuses: HouseError | None = None
        self._queries = queries

    def kill(self, reason: str) -> str:
        said = self._ask("kill", reason=reason)
        self._queries.switched = Switch(False, reason, self._queries.wall)
        return said

    def resume(self, reason: str) -> str:
        said = self._ask("resume", reason=reason)
        self._queries.waiting.append(Command("c1", CommandKind.RESUME, reason))
        return said

    def mode(self, mode: str, reason: str) -> str:
        return self._ask("mode", mode=mode, reason=reason)

    def configure(
        self,
        reason: str,
        limits: dict[str, str] | None = None,
        pinned: Sequence[str] = (),
        unpinned: Sequence[str] = (),
        reset: bool = False,
    ) -> str:
        return self._ask(
            "configure", reason=reason, limits=limits or {}, pinned=[*pinned], unpinned=[*unpinned], reset=reset
        )

    def review(self, order_key: str, note: str) -> str:
        said = self._ask("review", order_key=order_key, note=note)
        self._queries.operations.reviewed[order_key] = Review(order_key, "local:dashboard", note, self._queries.wall)
        return said

    def _ask(self, what: str, **told: Any) -> str:
        if self.refuses is not None:
            raise self.refuses
        self.asked.append((what, told))
        return f"Asked: {what}."
