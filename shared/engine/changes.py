"""What people have changed since the settings were read: limits, the strategy's mode, wallets pinned by hand.

The settings' limits are the base; changes hold on top of them, as texts, until they are changed again or reset. They
are taken from journal records in their order, in the life that made them and in every later one.
"""

from collections.abc import Iterable

from msgspec import Struct

from shared.domain.change import Change, Mode, in_words
from shared.domain.errors import BadInput
from shared.domain.ledger import Record
from shared.domain.whale import is_wallet
from shared.engine.limits import Limits, checked
from shared.engine.overrides import overridden
from shared.engine.profiles import Stage, staged

REMEMBERED = 20
"""Requests that are still told to people."""


class InForce(Struct, frozen=True):
    """What holds on top of the settings, for people: texts by limit, the mode, wallets pinned and let go by hand."""

    limits: dict[str, str]
    mode: Mode
    pinned: tuple[str, ...]
    unpinned: tuple[str, ...]


class Answer(Struct, frozen=True):
    """What became of a request: when (event time), what it asked for in words, why it was refused ("": it holds)."""

    at: int
    words: str
    refused: str = ""


class Changes:
    """``base``: the settings' limits; ``limits``: those in force. ``stage``: the capital stage that bounds them all.

    ``unfit``: why the changes of an earlier life do not fit the settings of this one, empty if they do. Then the
    settings' limits are in force, and nothing is entered until a person has looked. ``made``: the commands that were
    accepted; ``answers``: what became of the latest requests.
    """

    def __init__(self, base: Limits, stage: Stage | None = None) -> None:
        self.base = base
        self.limits = base
        self.stage = stage
        self.unfit = ""
        self.pinned: dict[str, None] = {}
        self.unpinned: dict[str, None] = {}
        self.made: dict[str, None] = {}
        self.answers: dict[str, Answer] = {}
        self._texts: dict[str, str] = {}
        self._mode = Mode.TRADE

    @property
    def mode(self) -> Mode:
        """What the strategy's decisions lead to."""
        return Mode.OBSERVE if self.unfit else self._mode

    def in_force(self) -> InForce:
        """What holds on top of the settings."""
        return InForce(dict(self._texts), self.mode, tuple(self.pinned), tuple(self.unpinned))

    # ------------------------------------------------------------------ requests

    def limits_after(self, change: Change | None) -> Limits:
        """The limits that a request would leave in force; ``BadInput``, in one sentence, where it cannot be granted."""
        if change is None or not (change.limits or change.mode or change.watches):
            raise BadInput("the request names nothing to change")
        for wallet in (*change.pinned, *change.unpinned):
            if not is_wallet(wallet):
                raise BadInput(f"{wallet[:80]!r} is not a wallet address (0x and 40 hex digits)")
            if wallet in change.pinned and wallet in change.unpinned:
                raise BadInput(f"{wallet} cannot be pinned and let go by one request")
        texts = {} if change.reset else self._texts
        return self._limits_of({**texts, **dict(change.limits)})

    def _limits_of(self, texts: dict[str, str]) -> Limits:
        if not texts:
            return self.base
        made = checked(overridden(self.base, texts.items()))
        return made if self.stage is None else staged(made, self.stage)

    @property
    def refused(self) -> dict[str, str]:
        """Those of the latest requests that were not granted, each with its sentence."""
        return {name: answer.refused for name, answer in self.answers.items() if answer.refused}

    def answer(self, command_id: str, answer: Answer) -> None:
        """Remember what became of a request, for people."""
        self.answers[command_id] = answer
        if len(self.answers) > REMEMBERED:
            del self.answers[next(iter(self.answers))]

    # ------------------------------------------------------------------ records

    def take(self, change: Change, command_id: str, at: int) -> None:
        """A change was recorded at event time ``at``: it is in force from now on."""
        self.made[command_id] = None
        self.answer(command_id, Answer(at, in_words(change)))
        if change.reset:
            self._texts, self._mode = {}, Mode.TRADE
            self.pinned, self.unpinned = {}, {}
        self._texts.update(change.limits)
        self._mode = change.mode or self._mode
        _move(change.pinned, self.unpinned, self.pinned)
        _move(change.unpinned, self.pinned, self.unpinned)
        try:
            self.limits, self.unfit = self._limits_of(self._texts), ""
        except BadInput as error:  # the settings, or what limits there are, changed between two lives
            self.limits, self.unfit = self.base, str(error)


def _move(wallets: tuple[str, ...], out_of: dict[str, None], into: dict[str, None]) -> None:
    for wallet in wallets:
        out_of.pop(wallet, None)
        into[wallet] = None


def pinned_in(records: Iterable[Record]) -> tuple[str, ...]:
    """The wallets that people have pinned by these records and not let go since."""
    changes = Changes(Limits())
    for record in records:
        if isinstance(record.change, Change):
            changes.take(record.change, record.ref, record.at)
    return tuple(changes.pinned)
