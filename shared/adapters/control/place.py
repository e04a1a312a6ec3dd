"""What the functions of control stand on: an account's tables, and the few things they may do to it."""

import time
from collections.abc import Callable
from functools import cached_property, lru_cache

from shared.adapters.control.aws import parameter, secret
from shared.adapters.control.kill_token import KillHashes, read_hashes
from shared.adapters.control.remembered import Remembered
from shared.adapters.control.stopping import Canceller, NoVenue, Stopped, stop
from shared.adapters.dynamo.cancelling import PaperCanceller
from shared.adapters.dynamo.controls import put_command, put_switch, read_switch
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.telegram.update import Allowed, read_allowed
from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.errors import BadInput
from shared.domain.ids import fact_id
from shared.ports import Switch

Now = Callable[[], int]


class Place:
    """One account's tables under a prefix. Every call raises ``Temporary`` when AWS does not answer."""

    def __init__(
        self,
        account: str,
        prefix: str,
        endpoint: Endpoint,
        kill_hashes: str,
        telegram_secret: str,
        deployment: str = "paper",
    ) -> None:
        self.account = account
        self.deployment = deployment
        self.endpoint = endpoint
        self.readers = Readers(prefix, endpoint)
        self._kill_hashes = kill_hashes
        self._telegram_secret = telegram_secret

    @cached_property
    def hashes(self) -> Remembered[KillHashes]:
        """The hashes of the kill token; ``BadInput`` when KILL_HASHES names none."""
        return Remembered(lambda: read_hashes(parameter(self.endpoint, _named("KILL_HASHES", self._kill_hashes))))

    @cached_property
    def telegram(self) -> Remembered[Allowed]:
        """Who may talk to the bot; ``BadInput`` when TELEGRAM_SECRET names no secret."""
        name = self._telegram_secret
        return Remembered(lambda: read_allowed(secret(self.endpoint, _named("TELEGRAM_SECRET", name))))

    # ------------------------------------------------------------------ the switch

    def switch(self) -> Switch:
        """The kill switch as it stands."""
        return read_switch(self.readers.tables, self.account)

    def set_switch(self, switch: Switch) -> None:
        """Set the kill switch."""
        put_switch(self.readers.tables, self.account, switch)

    def stop(self, reason: str, now: Now = time.time_ns) -> Stopped:
        """Stop trading and cancel everything that is open, with or without a trader. ``BadInput`` where trading is
        stopped, but orders cannot be cancelled, because nothing is known that could do so.
        """
        return stop(self, self.canceller, reason, now)

    @cached_property
    def canceller(self) -> Canceller:
        """Where this account's open orders are ended."""
        if self.deployment != "paper":
            return NoVenue(self.deployment)
        return PaperCanceller(self.account, self.readers.tables)

    # ------------------------------------------------------------------ what the trader is asked

    def ask(self, kind: CommandKind, request: str, reason: str, at: int, change: Change | None = None) -> str:
        """Put a command for the trader, once per ``request`` (the gateway's name for it); the command's id."""
        command_id = fact_id("command", self.account, kind.value, request)
        command = Command(command_id, kind, reason, change=change)
        put_command(self.readers.tables, self.account, command, at)
        return command_id


def _named(setting: str, name: str) -> str:
    if not name:
        raise BadInput(f"setting {setting} is empty: it must name what to read")
    return name


@lru_cache(maxsize=8)
def place_of(
    account: str, prefix: str, endpoint: Endpoint, kill_hashes: str, telegram_secret: str, deployment: str = "paper"
) -> Place:
    """The place, made once per process, so that warm runs keep its connections."""
    return Place(account, prefix, endpoint, kill_hashes, telegram_secret, deployment)
