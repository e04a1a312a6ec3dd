"""``kill``, ``resume`` and ``set`` with ``--remote``: a deployment in the cloud, asked over its signed API."""

import argparse
import time
from collections.abc import Callable

from fargate.commands import told
from shared.adapters.control.remote import Answer, Remote
from shared.domain.change import Change, in_words
from shared.domain.errors import BadInput, OutcomeUnknown, Temporary
from shared.settings import Settings

TRIES = 3
PAUSE_S = 1.0
RESUME_WAIT_S = 15.0
SET_WAIT_S = 15.0


def remote_kill(options: argparse.Namespace, settings: Settings) -> int:
    """Stop the deployment, trader or no trader; asked again when nothing answers, which does no harm."""
    stopped = _again(lambda: _deployment(options, settings).ask("POST", "/kill", {"reason": options.reason}))
    return told(options, stopped, f"trading is stopped: {stopped['reason']}; {stopped['orders']}")


def remote_resume(options: argparse.Namespace, settings: Settings) -> int:
    """Ask the deployment's trader to trade again, and wait until it does."""
    deployment = _deployment(options, settings)
    asked = deployment.ask("POST", "/api/resume", {"reason": options.reason})
    ends = time.monotonic() + RESUME_WAIT_S
    while time.monotonic() < ends:
        if _again(lambda: deployment.ask("GET", "/api/mode"))["trading"]:
            return told(options, {"trading": True, "command_id": asked["command_id"]}, "trading has resumed")
        time.sleep(PAUSE_S)
    raise Temporary(f"asked to resume, but trading has not resumed within {RESUME_WAIT_S:g} s: see /api/health")


def remote_set(options: argparse.Namespace, settings: Settings, change: Change) -> int:
    """Ask the deployment's trader for a change, and wait until it is made; ``BadInput`` when it is refused."""
    deployment = _deployment(options, settings)
    if change.mode is None:
        body = {
            "reason": options.reason,
            "limits": dict(change.limits),
            "pinned": list(change.pinned),
            "unpinned": list(change.unpinned),
            "reset": change.reset,
        }
        asked = deployment.ask("PUT", "/api/markets/config", body)
    else:
        asked = deployment.ask("POST", "/api/mode", {"reason": options.reason, "mode": change.mode.value})
    ends = time.monotonic() + SET_WAIT_S
    while time.monotonic() < ends:
        found = _again(lambda: deployment.ask("GET", "/api/markets/config"))
        refused = found["refused"].get(asked["command_id"])
        if refused is not None:
            raise BadInput(f"nothing is changed: {refused}")
        if asked["command_id"] in found["made"]:
            return told(options, {"accepted": True, **asked}, f"from now on: {in_words(change)}")
        time.sleep(PAUSE_S)
    raise Temporary(
        f"asked, but the trader has not answered within {SET_WAIT_S:g} s: it may still do so, see /api/health"
    )


def _deployment(options: argparse.Namespace, settings: Settings) -> Remote:
    url = str(options.url).strip()
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise BadInput(f"CONTROL_URL={url!r} must be the API's address, https://..., which `cdk deploy` prints")
    return Remote(url, settings.state.region)


def _again(ask: Callable[[], Answer]) -> Answer:
    for _ in range(TRIES - 1):
        try:
            return ask()
        except (Temporary, OutcomeUnknown):
            time.sleep(PAUSE_S)
    return ask()
