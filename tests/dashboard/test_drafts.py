"""Changes before anybody has confirmed them: what they ask for, and what a person types to the same effect."""

import shlex

import pytest
from msgspec.structs import replace

from dashboard.drafts import (
    Draft,
    asked_rows,
    is_changed,
    of_limits,
    of_mode,
    of_pin,
    of_reset,
    of_unpin,
    step_rows,
)
from dashboard.limits import Step
from dashboard.state import Changes
from shared.domain.change import Change, Mode
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from tests.dashboard import settings_fakes as fakes
from tests.dashboard.fakes import NOW, WALLET, FakeQueries
from tests.dashboard.settings_fakes import ANSWERS, asked

OTHER = "0x" + "7" * 40
REASON = shlex.quote("it's calm")


def test_limits_are_asked_for_together_with_what_they_change() -> None:
    draft = of_limits(fakes.unchanged(), {"stop_loss": " 12% ", "kelly": "0.1"})
    assert draft.steps == (Step("Kelly", "25%", "10%"), Step("Stop loss", "15%", "12%"))
    queries = FakeQueries()
    assert draft.ask(queries.changes, "calmer") == "Asked: configure."
    ((what, told),) = queries.changes.asked
    assert (what, told["reason"], told["limits"]) == ("configure", "calmer", {"stop_loss": "12%", "kelly": "0.1"})


def test_what_is_in_force_already_is_no_change() -> None:
    with pytest.raises(BadInput, match="these are the limits in force"):
        of_limits(fakes.unchanged(), {"stop_loss": "0.15"})


def test_a_mode_is_asked_for_as_such() -> None:
    draft = of_mode("trade", "observe")
    assert draft.steps == (Step("Strategy", "trades", "observes"),)
    queries = FakeQueries()
    draft.ask(queries.changes, "look first")
    assert queries.changes.asked == [("mode", {"mode": "observe", "reason": "look first"})]


def test_a_wallet_is_pinned_by_its_address_whatever_its_case() -> None:
    draft = of_pin(fakes.unchanged(), f"  {OTHER.upper().replace('X', 'x')} ")
    assert draft.pinned == (OTHER,)
    queries = FakeQueries()
    draft.ask(queries.changes, "promising")
    of_unpin(OTHER).ask(queries.changes, "not so promising")
    assert [told["pinned"] for _, told in queries.changes.asked] == [[OTHER], []]
    assert [told["unpinned"] for _, told in queries.changes.asked] == [[], [OTHER]]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("0x1", "'0x1' is not a wallet address"), ("", "'' is not a wallet address"), (WALLET, "is pinned already")],
)
def test_what_cannot_be_pinned_is_told_in_one_sentence(address: str, sentence: str) -> None:
    with pytest.raises(BadInput) as raised:
        of_pin(fakes.changed(), address)
    assert sentence in str(raised.value)


def test_a_reset_asks_for_nothing_else() -> None:
    queries = FakeQueries()
    draft = of_reset(fakes.changed())
    draft.ask(queries.changes, "back to normal")
    ((_, told),) = queries.changes.asked
    assert told == {"reason": "back to normal", "limits": {}, "pinned": [], "unpinned": [], "reset": True}
    assert Step("Stop loss", "10%", "15%") in draft.steps


@pytest.mark.parametrize(
    ("draft", "command"),
    [
        (Draft("", (), limits={"stop_loss": "10%", "exit_slip": "1%, 2%"}), "limit stop_loss=10% 'exit_slip=1%, 2%'"),
        (Draft("", (), mode="trade"), "mode trade"),
        (Draft("", (), pinned=(OTHER,), unpinned=(WALLET,)), f"watch +{OTHER} -{WALLET}"),
        (Draft("", (), reset=True), "reset"),
    ],
)
def test_the_same_is_done_by_one_command_that_can_be_copied(draft: Draft, command: str) -> None:
    (said,) = draft.commands("it's calm")
    assert said == f"python -m fargate set {command} --remote --reason {REASON}"
    assert shlex.split(said)[-1] == "it's calm"


def test_steps_are_read_as_before_and_after() -> None:
    assert step_rows((Step("Kelly", "25%", "10%"),)) == [{"what": "Kelly", "change": "25% → 10%"}]


# ---------------------------------------------------------------------- what became of requests


def test_what_waits_comes_before_what_was_judged_and_the_latest_first() -> None:
    waiting = [asked(1, Change((("kelly", "0.1"),)), NOW - 3 * SECOND), asked(2, Change(mode=Mode.OBSERVE), at=0)]
    rows = asked_rows(waiting, fakes.changed(), NOW)
    assert [row["state"] for row in rows] == [
        "◌ Waits for the trader",
        "◌ Waits for the trader",
        "✖ Refused",
        "✔ In force",
    ]
    assert [row["what"] for row in rows] == [
        "kelly=0.1 (for a test)",
        "mode observe (for a test)",
        ANSWERS[1].words,
        ANSWERS[0].words,
    ]
    assert [row["when"] for row in rows[:2]] == ["asked 3 s ago", "–"]
    assert rows[2]["why"] == "kelly must not exceed 0.5, not 0.7"
    assert rows[3]["why"] is None


def test_other_commands_are_no_changes() -> None:
    stop = replace(asked(1, Change()), change=None)
    assert asked_rows([stop], Changes(), NOW) == []


@pytest.mark.parametrize(
    ("changes", "anything"),
    [
        (Changes(), False),
        (Changes(mode="observe"), True),
        (Changes(unfit="kelly"), True),
        (Changes(limits={"kelly": "0.1"}), True),
        (Changes(pinned=(WALLET,)), True),
        (Changes(unpinned=(WALLET,)), True),
    ],
)
def test_there_is_something_to_reset_only_after_a_change(changes: Changes, anything: bool) -> None:
    assert is_changed(changes) is anything
