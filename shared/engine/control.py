"""What people ask of the engine, and how it stops: the kill switch, resume, deposits, and selling everything."""

from shared.domain.effects import Alert, Effect, SetSwitch
from shared.domain.messages import Command, CommandKind
from shared.domain.money import Usd, format_micro
from shared.domain.order import OrderState
from shared.engine.desk import Desk
from shared.engine.holdings import Holdings


class Control:
    """Commands by their id: each is obeyed once in a life, however often it is delivered."""

    def __init__(self, desk: Desk, holdings: Holdings) -> None:
        self._desk = desk
        self._holdings = holdings
        self._obeyed: dict[str, None] = {}
        self._ways = {
            CommandKind.DEPOSIT: self._deposit,
            CommandKind.KILL: self._kill,
            CommandKind.FLATTEN: self._flatten,
            CommandKind.RESUME: self._resume,
        }

    def known(self, command_id: str) -> None:
        """A command of an earlier life has had its effect."""
        self._obeyed[command_id] = None

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
            desk.resumed(at),
            SetSwitch(True, command.reason, command.command_id),
            Alert(3, "trading_resumed", command.reason),
        ]
