"""The command ``set``: limits, mode and watch list of the running system, changed while it trades."""

import argparse
import time
from typing import Any

from fargate.commands import SILENT_NS, told
from fargate.lakes import endpoint_of
from fargate.remote import remote_set
from shared.adapters.dynamo.readers import Readers
from shared.domain.change import Change, Mode, in_words
from shared.domain.command import Command, CommandKind
from shared.domain.errors import BadInput, Temporary
from shared.domain.ids import fact_id
from shared.domain.whale import is_wallet
from shared.engine.limits import Limits
from shared.engine.overrides import overridden
from shared.settings import Settings

ANSWER_WAIT_S = 10.0
ANSWER_LOOK_S = 0.2


def set_limit(options: argparse.Namespace, settings: Settings) -> int:
    """Set limits by name and text, as settings do; whether they fit together is for the trader to say."""
    pairs = []
    for text in options.limits:
        name, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise BadInput(f"{text!r} must be NAME=VALUE, such as stop_loss=10%")
        pairs.append((name.strip(), value.strip()))
    overridden(Limits(), pairs)  # unknown names and unreadable values are told here, at once
    return _ask(options, settings, Change(limits=tuple(pairs)))


def set_mode(options: argparse.Namespace, settings: Settings) -> int:
    """Let the strategy trade, or observe only."""
    return _ask(options, settings, Change(mode=Mode(options.mode)))


def set_watch(options: argparse.Namespace, settings: Settings) -> int:
    """Follow wallets by hand, or no more."""
    pinned, unpinned = _wallets(options.pin), _wallets(options.unpin)
    if not pinned and not unpinned:
        raise BadInput("name a wallet to follow (+0x...) or to let go (-0x...)")
    return _ask(options, settings, Change(pinned=pinned, unpinned=unpinned))


def set_reset(options: argparse.Namespace, settings: Settings) -> int:
    """Forget every change: the settings hold again."""
    return _ask(options, settings, Change(reset=True))


def _wallets(texts: list[str]) -> tuple[str, ...]:
    wallets = tuple(text.lower() for text in texts)
    for wallet in wallets:
        if not is_wallet(wallet):
            raise BadInput(f"{wallet!r} is not a wallet address (0x and 40 hex digits)")
    return wallets


def _ask(options: argparse.Namespace, settings: Settings, change: Change) -> int:
    """Ask the trader, and wait until the change is on record; 1 where no trader runs that could answer now."""
    if options.remote:
        return remote_set(options, settings, change)
    account, at = settings.account, time.time_ns()
    command_id = fact_id("command", account, CommandKind.SET.value, at, in_words(change))
    readers = Readers(settings.state.table_prefix, endpoint_of(settings))
    readers.request(account, Command(command_id, CommandKind.SET, options.reason, change=change), at)
    ends = time.monotonic() + ANSWER_WAIT_S
    while True:
        found = _answer(readers, account, command_id)
        if found is not None:
            return told(options, {"accepted": True, **found}, f"from now on: {in_words(change)}")
        if time.time_ns() - int((readers.live(account) or {}).get("at", 0)) >= SILENT_NS:
            waits = "the trader is not running; it is asked when it is started"
            told(options, {"accepted": None, "trader_running": False}, waits)
            return 1
        if time.monotonic() >= ends:
            wait = f"asked, but the trader has not answered within {ANSWER_WAIT_S:g} s"
            raise Temporary(f"{wait}: it may still do so, see `limits`")
        time.sleep(ANSWER_LOOK_S)


def _answer(readers: Readers, account: str, command_id: str) -> dict[str, Any] | None:
    """What holds, once the change is on record (which takes the command); None before. ``BadInput`` if refused."""
    view: dict[str, Any] = (readers.risk(account) or {}).get("changes", {})
    refused = view.get("refused", {}).get(command_id)
    if refused is not None:
        raise BadInput(f"nothing is changed: {refused}")
    waiting = any(command.command_id == command_id for command in readers.commands(account))
    if waiting or command_id not in view.get("made", []):
        return None
    return {name: view[name] for name in ("limits", "mode", "pinned", "unpinned")}
