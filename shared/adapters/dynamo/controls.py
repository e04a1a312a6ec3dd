"""Switch and commands: the control items that people and functions write and the trader reads."""

import time

from msgspec.structs import replace
from pynamodb.exceptions import PutError

from shared.adapters.durable.conditions import SWITCH
from shared.adapters.dynamo.codec import COMMAND, body_of, decode_command
from shared.adapters.dynamo.failures import FAILED, Pause, code_of, patiently
from shared.adapters.dynamo.tables import Control, Tables
from shared.domain.command import Command
from shared.ports import Switch

TRADING = True


def read_switch(tables: Tables, account: str, pause: Pause = time.sleep) -> Switch:
    """An account's kill switch; never set means trading."""

    def read() -> Switch:
        try:
            item = tables.control.get(account, SWITCH, consistent_read=True)
        except tables.control.DoesNotExist:
            return Switch(True)
        return Switch(bool(item.trading), item.reason or "", int(item.at or 0))

    return patiently("reading the switch", read, pause)


def put_switch(tables: Tables, account: str, switch: Switch, pause: Pause = time.sleep) -> None:
    """Set or clear an account's kill switch; the next plan transaction already sees it. One that no longer counts
    (``Switch.replaces``) changes nothing.
    """
    control = tables.control
    item = control(account=account, item=SWITCH, trading=switch.trading, reason=switch.reason, at=switch.at)
    latest = switch.asked_at if switch.trading else switch.at
    counts = control.at.does_not_exist() | (control.trading == TRADING) | (control.at <= latest)
    if switch.trading and not switch.asked_at:
        counts = None

    def put() -> None:
        try:
            item.save(condition=counts)
        except PutError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise

    patiently("setting the switch", put, pause)


def put_command(tables: Tables, account: str, command: Command, at: int, pause: Pause = time.sleep) -> None:
    """Ask the trader of an account for something; ``at`` (nanoseconds) orders requests."""
    body = body_of(replace(command, at=at))
    item = tables.control(account=account, item=f"{COMMAND}{command.command_id}", at=at, body=body)
    patiently(f"putting command {command.command_id}", item.save, pause)


def read_commands(tables: Tables, account: str, pause: Pause = time.sleep) -> list[Command]:
    """Requests not taken yet, oldest first."""
    control = tables.control

    def read() -> list[Control]:
        return list(control.query(account, control.item.startswith(COMMAND), consistent_read=True))

    items = patiently("reading commands", read, pause)
    items.sort(key=lambda item: (item.at or 0, item.item))
    return [decode_command(item.body or "") for item in items]


def remove_command(tables: Tables, account: str, command_id: str, pause: Pause = time.sleep) -> None:
    """Forget a request that was acted on; one that is not there is no error."""
    item = tables.control(account=account, item=f"{COMMAND}{command_id}")
    patiently(f"removing command {command_id}", item.delete, pause)
