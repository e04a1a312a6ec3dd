"""What people ask while the trader runs: the kill switch and the commands, read again and again, and obeyed.

Who cannot be heard could not be stopped: entries stop when the switch was not read for a while.
"""

from collections.abc import Callable
from typing import Protocol

from fargate.flattening import Flattening
from fargate.lanes import Lane, ignore
from shared.domain.command import Command, CommandKind
from shared.domain.errors import Temporary
from shared.domain.instants import SECOND
from shared.domain.messages import ControlChanged, FeedHealth, Payload
from shared.engine.engine import Engine
from shared.ports import Store, Switch

DEAF_AFTER_NS = 10 * SECOND
"""Entries stop when the kill switch could not be read for this long: nobody could stop us any other way."""
SWITCH = "switch"
"""The feed whose health says whether people can be heard."""


class Handling(Protocol):
    """A driver, as far as people's wishes need it."""

    @property
    def engine(self) -> Engine:
        """The engine that is driven."""

    @property
    def now(self) -> int:
        """Event time: when the last event was observed."""

    def handle_now(self, payload: Payload, at: int) -> None:
        """Hand an event of our own to the engine."""

    def afterwards(self, call: Callable[[], None]) -> None:
        """Make a call once everything asked of the store so far is durable; one that fails for now is left undone."""


class People:
    """See the module. ``clock`` says what time it is (nanoseconds); ``answered`` is called with the event time when a
    change was judged, since whoever asked for it waits for the answer.
    """

    def __init__(
        self,
        driver: Handling,
        store: Store,
        lane: Lane,
        clock: Callable[[], int],
        answered: Callable[[int], None] = ignore,
    ) -> None:
        self.trouble = ""
        """Why the switch cannot be read; empty while it can."""
        self._driver = driver
        self._store = store
        self._lane = lane
        self._clock = clock
        self._answered = answered
        self._flattening = Flattening()
        self._heard_at = 0
        self._asked_at = 0
        self._deaf = False

    def again(self, driver: Handling, lane: Lane, answered: Callable[[int], None]) -> "People":
        """The same wishes, heard for another driver of the same engine; calls are made in ``lane``."""
        made = People(driver, self._store, lane, self._clock, answered)
        made._flattening = self._flattening
        return made

    def ask(self, at: int) -> None:
        """Read the switch and the commands; obey them when they are here."""
        now = self._clock()
        self._heard_at = self._heard_at or now
        if self._asked_at and now - self._asked_at >= DEAF_AFTER_NS:
            self._cannot_hear("no answer", at)
        self._asked_at = self._asked_at or now

        def obey(found: tuple[Switch, list[Command]]) -> None:
            self._heard_at, self._asked_at = self._clock(), 0
            self._obey(*found, max(at, self._driver.now))

        def failed(error: Temporary) -> None:
            self._asked_at = 0
            self.trouble = str(error)[:120]
            if self._clock() - self._heard_at >= DEAF_AFTER_NS:
                self._cannot_hear(str(error), at)

        self._lane.post(lambda: (self._store.switch(), self._store.commands()), obey, failed, newest="commands")

    def _cannot_hear(self, why: str, at: int) -> None:
        if not self._deaf:
            self._deaf = True
            told = FeedHealth(SWITCH, healthy=False, reason=f"the kill switch cannot be read: {why}")
            self._driver.handle_now(told, max(at, self._driver.now))

    def _obey(self, switch: Switch, commands: list[Command], at: int) -> None:
        self.trouble = ""
        if self._deaf:
            self._deaf = False
            self._driver.handle_now(FeedHealth(SWITCH, healthy=True, reason="can be read again"), at)
        risk = self._driver.engine.desk.risk
        if not switch.trading and (risk.trading or risk.stopped_because != switch.reason):
            self._driver.handle_now(ControlChanged(False, switch.reason), at)
        for command in commands:
            if command.kind is CommandKind.FLATTEN:
                self._flatten(command, switch, at)
            elif command.kind is CommandKind.SET:
                self._set(command, at)
            else:
                self._do(command, at)

    def _do(self, command: Command, at: int) -> None:
        self._driver.handle_now(command, at)
        self._taken(command.command_id)
        if command.kind is CommandKind.RESUME and self._driver.engine.desk.risk.trading:
            for command_id in self._flattening.resumed():
                self._taken(command_id)

    def _flatten(self, command: Command, switch: Switch, at: int) -> None:
        """A request to sell everything stays until that is done and the switch is durable, because a crash in between
        must not lose it; or until a person resumes, because a later life must not do it then.
        """
        flattening, engine = self._flattening, self._driver.engine
        if not flattening.is_over(command.command_id):
            asked = flattening.ask(command, engine, at)
            if asked is not None:
                self._driver.handle_now(asked, at)
            if switch.trading or not flattening.is_flat(engine):
                return
            flattening.done(command.command_id)
        self._taken(command.command_id)

    def _set(self, command: Command, at: int) -> None:
        """A change is taken by its own record, when that is committed; what is refused is taken here."""
        made = self._driver.engine.changes.made
        if command.command_id not in made:
            self._driver.handle_now(command, at)
            self._answered(at)
        if command.command_id not in made:
            self._taken(command.command_id)

    def _taken(self, command_id: str) -> None:
        """What was acted on need not be delivered again, once what it led to is durable: a crash in between delivers it
        again, and it is known by its id.
        """
        self._driver.afterwards(lambda: self._store.taken(command_id))
