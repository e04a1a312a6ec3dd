"""What people ask of the engine, and how it stops: the kill switch, resume, deposits, selling everything, and other
limits, modes and watch lists.
"""

from shared.domain.change import in_words
from shared.domain.command import Command, CommandKind
from shared.domain.effects import Alert, Effect, SetSwitch
from shared.domain.errors import BadInput
from shared.domain.ledger import OBEYING, Record, RecordKind
from shared.domain.money import Usd, format_micro
from shared.domain.order import OrderState
from shared.engine.changes import Answer, Changes
from shared.engine.desk import Desk
from shared.engine.following import Following
from shared.engine.holdings import Holdings


class Control:
    """Commands by their id: each is obeyed once in a life, however often it is delivered."""

    def __init__(self, desk: Desk, holdings: Holdings, changes: Changes, following: Following) -> None:
        self._desk = desk
        self._holdings = holdings
        self._changes = changes
        self._following = following
        self._obeyed: dict[str, None] = {}
        self._ways = {
            CommandKind.DEPOSIT: self._deposit,
            CommandKind.KILL: self._kill,
            CommandKind.FLATTEN: self._flatten,
            CommandKind.RESUME: self._resume,
            CommandKind.SET: self._set,
        }

    def recover(self, records: list[Record]) -> list[Effect]:
        """Commands of earlier lives that have had their effect are not obeyed again; what people changed then holds, on
        top of the settings of today.
        """
        for record in records:
            if record.kind is RecordKind.DEPOSITED and record.posting is not None:
                self._obeyed[record.posting.ref] = None
            elif record.kind in OBEYING:
                self._obeyed[record.ref] = None
        self._following.again()
        if not self._changes.unfit:
            return []
        text = "what was changed does not fit the settings, so they alone hold and nothing is entered until it does"
        return [Alert(1, "changes_unfit", f"{text} (or is reset): {self._changes.unfit}")]

    def stop(self, reason: str, at: int) -> list[Effect]:
        """Trading stops, for a reason of our own: nothing is planned any more, what is open is cancelled."""
        if not self._desk.risk.trading:
            return []
        self._desk.risk.stop(reason, at)
        return [*self._desk.cancel_all(), Alert(1, "trading_stopped", reason)]

    def told_to_stop(self, reason: str, at: int) -> list[Effect]:
        """Somebody set the switch: their reason is shown, even when a refused plan told us first that it is on."""
        effects = self.stop(reason, at)
        self._desk.risk.stop(reason, at)
        return effects

    def obey(self, command: Command, at: int) -> list[Effect]:
        """Do what a person asks, once."""
        if command.command_id in self._obeyed:
            return []
        self._obeyed[command.command_id] = None
        return self._ways[command.kind](command, at)

    def _kill(self, command: Command, at: int) -> list[Effect]:
        stopped = self.told_to_stop(command.reason, at)
        return [SetSwitch(False, command.reason, command.command_id), *stopped]

    def _flatten(self, command: Command, at: int) -> list[Effect]:
        stopped = self.told_to_stop(command.reason, at)
        return [SetSwitch(False, command.reason), *stopped, *self._holdings.flatten(at)]

    def _deposit(self, command: Command, at: int) -> list[Effect]:
        if command.amount <= 0:
            text = f"command {command.command_id}: amount must be positive, not {format_micro(command.amount)}"
            return [Alert(3, "deposit_refused", text)]
        return self._desk.deposit(Usd(command.amount), at, command.command_id)

    def _resume(self, command: Command, at: int) -> list[Effect]:
        """Only where nothing is in doubt and the books can be believed."""
        desk = self._desk
        doubtful = [o.order_key for o in desk.execution.open_orders() if o.state is OrderState.IN_DOUBT]
        if doubtful:
            text = f"not resumed: {len(doubtful)} order(s) in doubt, first {doubtful[0]}"
            return [Alert(2, "resume_refused", text)]
        if desk.settlements.broken:
            return [Alert(2, "resume_refused", f"not resumed: {desk.settlements.broken}")]
        self._holdings.stay()
        return [
            desk.resumed(at, command.command_id),
            SetSwitch(True, command.reason, command.command_id, command.at),
            Alert(3, "trading_resumed", command.reason),
        ]

    def _set(self, command: Command, at: int) -> list[Effect]:
        """All of it or nothing; what is accepted is written down before it is told, and holds at once everywhere."""
        change = command.change
        try:
            limits = self._changes.limits_after(change)
        except BadInput as error:
            self._changes.answer(command.command_id, Answer(at, _told(command), str(error)))
            return [Alert(2, "change_refused", f"nothing is changed: {error}")]
        assert change is not None  # a request for nothing is refused
        written = self._desk.change(change, limits, at, command.command_id)
        if change.watches:
            self._following.again()
        told = _told(command)
        self._changes.answer(command.command_id, Answer(at, told))
        return [*written, Alert(3, "changed", told), *self._holdings.look(at)]


def _told(command: Command) -> str:
    """What a request asks for, and why."""
    asked = "nothing" if command.change is None else in_words(command.change) or "nothing"
    return f"{asked} ({command.reason})"
