"""A change before anybody has confirmed it: what it makes of what, how it is asked for, and how a person asks for it in
the terminal. Pure, but for the asking.
"""

import shlex

from msgspec import Struct

from dashboard.limits import Step, after_reset, changed
from dashboard.queries.changes import Changes as Asking
from dashboard.state import Changes
from dashboard.words import NOTHING, age, stamp
from shared.domain.change import in_words
from shared.domain.command import Command, CommandKind
from shared.domain.errors import BadInput
from shared.domain.whale import is_wallet

MODES = {"trade": "trades", "observe": "observes"}
REASON_LEAST = 3
"""Letters of a reason; the control API refuses shorter ones."""
STATES = {"waiting": "◌ Waits for the trader", "made": "✔ In force", "refused": "✖ Refused"}


class Draft(Struct, frozen=True):
    """A change to be confirmed. ``steps``: what it makes different; the rest is what is asked for, as the API takes it.

    ``mode``: of the strategy ("": as it is).
    """

    title: str
    steps: tuple[Step, ...]
    limits: dict[str, str] = {}
    mode: str = ""
    pinned: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()
    reset: bool = False

    def ask(self, changes: Asking, reason: str) -> str:
        """Ask for it; what the control API says."""
        if self.mode:
            return changes.mode(self.mode, reason)
        return changes.configure(reason, self.limits, self.pinned, self.unpinned, self.reset)

    def commands(self, reason: str) -> list[str]:
        """What a person with the right to it types, to the same effect, on a machine of his own."""
        said = []
        if self.reset:
            said.append("reset")
        if self.limits:
            said.append(f"limit {shlex.join(f'{name}={text}' for name, text in self.limits.items())}")
        if self.mode:
            said.append(f"mode {self.mode}")
        if self.pinned or self.unpinned:
            wallets = [*(f"+{one}" for one in self.pinned), *(f"-{one}" for one in self.unpinned)]
            said.append(f"watch {' '.join(wallets)}")
        return [f"python -m fargate set {one} --remote --reason {shlex.quote(reason)}" for one in said]


def of_limits(changes: Changes, texts: dict[str, str]) -> Draft:
    """Other limits; ``BadInput``, in one sentence, where they cannot be granted or nothing would change."""
    asked = {name: text.strip() for name, text in texts.items()}
    steps = changed(changes, asked)
    if not steps:
        raise BadInput("these are the limits in force: write another value")
    return Draft("Change limits", tuple(steps), limits=asked)


def of_mode(now: str, mode: str) -> Draft:
    """Another mode of the strategy."""
    return Draft("Change the mode", (Step("Strategy", MODES.get(now, now), MODES[mode]),), mode=mode)


def of_pin(changes: Changes, address: str) -> Draft:
    """A wallet to follow by hand; ``BadInput`` for what is no address, or is followed by hand already."""
    wallet = address.strip().lower()
    if not is_wallet(wallet):
        raise BadInput(f"{address.strip()[:80]!r} is not a wallet address (0x and 40 hex digits)")
    if wallet in changes.pinned:
        raise BadInput(f"{wallet} is pinned already")
    return Draft("Pin a wallet", (Step(f"Wallet {wallet}", "not pinned by hand", "pinned"),), pinned=(wallet,))


def of_unpin(wallet: str) -> Draft:
    """A wallet to follow by hand no more."""
    return Draft("Let a wallet go", (Step(f"Wallet {wallet}", "pinned", "not pinned by hand"),), unpinned=(wallet,))


def of_reset(changes: Changes) -> Draft:
    """Everything as the settings say."""
    return Draft("Forget all changes", tuple(after_reset(changes)), reset=True)


def is_changed(changes: Changes) -> bool:
    """Whether there is anything that a reset would forget."""
    return bool(changes.limits or changes.pinned or changes.unpinned or changes.unfit or changes.mode == "observe")


def step_rows(steps: tuple[Step, ...]) -> list[dict[str, object]]:
    """Each thing as it is and as it will be."""
    return [{"what": step.what, "change": f"{step.before} → {step.after}"} for step in steps]


def asked_rows(pending: list[Command], changes: Changes, now: int) -> list[dict[str, object]]:
    """Requests, those that wait first, then those that were judged, the latest first. ``now``: the wall clock."""
    waiting = [one for one in pending if one.kind is CommandKind.SET and one.change is not None]
    rows: list[dict[str, object]] = [
        {
            "state": STATES["waiting"],
            "what": f"{'nothing' if one.change is None else in_words(one.change)} ({one.reason})",
            "when": f"asked {age(now - one.at)} ago" if one.at else NOTHING,
            "why": "It is taken within a second, if the trader runs.",
        }
        for one in waiting
    ]
    for answer in reversed(changes.answers):
        state = STATES["refused" if answer.refused else "made"]
        when = f"{stamp(answer.at)} UTC"
        rows.append({"state": state, "what": answer.words, "when": when, "why": answer.refused or None})
    return rows
