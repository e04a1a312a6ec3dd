"""Switch and commands in memory: the control items that people write and the trader reads."""

from threading import Lock

from msgspec.structs import replace

from shared.domain.command import Command
from shared.domain.ledger import OBEYING, Record
from shared.ports import Switch


class MemoryControls:
    """One account's; any number of threads may share it."""

    def __init__(self) -> None:
        self._switch = Switch(True)
        self._commands: dict[str, Command] = {}
        self._lock = Lock()

    def switch(self) -> Switch:
        """The kill switch as it stands; never set means trading."""
        return self._switch

    def set_switch(self, switch: Switch) -> None:
        """Set or clear the kill switch; the next plan already sees it. One that no longer counts changes nothing."""
        with self._lock:
            if switch.replaces(self._switch):
                self._switch = replace(switch, asked_at=0)

    def request(self, command: Command) -> None:
        """Put a command for the trader to take."""
        self._commands[command.command_id] = command

    def commands(self) -> list[Command]:
        """Commands not taken yet, oldest first."""
        return list(self._commands.values())

    def taken(self, command_id: str) -> None:
        """Forget a command that was acted on; one that is not there is no error."""
        self._commands.pop(command_id, None)

    def _obeyed(self, record: Record) -> None:
        """A record that obeys a command takes it along."""
        if record.kind in OBEYING:
            self._commands.pop(record.ref, None)
