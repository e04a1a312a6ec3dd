"""Page Whales below the leaderboard: the way to the watch list, who moves with whom, results, changes by hand."""

import pytest
from msgspec.structs import replace

from dashboard.pins import answered, standing, waiting
from dashboard.state import Answered, Changes, RiskView
from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.errors import BadInput
from tests.dashboard.conftest import RunPage
from tests.dashboard.fakes import NOW, RUN, TWIN, WALLET, FakeQueries, quiet, ranked
from tests.dashboard.test_whales_page import linked_to, words

LET_GO, PIN = "Follow no more", "Follow by hand"


def asked(queries: FakeQueries, wallet: str, reason: str, sure: bool) -> str:
    """Fill in the form of a wallet and send it; the words of the page afterwards."""
    at = linked_to(wallet, queries)
    at.text_input(key=f"pin_reason/{wallet}").input(reason)
    at.checkbox(key=f"pin_sure/{wallet}").set_value(sure)
    next(button for button in at.button if button.form_id == f"by_hand/{wallet}").click().run()
    assert not at.exception
    return " ".join([words(at), *(error.value.replace("\\", "") for error in at.error)])


def test_the_way_from_seen_to_followed_is_told(run_page: RunPage) -> None:
    told = words(run_page("whales", ranked()))
    assert "Last discovery 2026-03-22 21:00:00 UTC" in told
    assert "110 of 120 wallets were read" in told
    assert "Named by: Holders of busy markets 80, Leaderboards 40, Large trades 30" in told
    assert "Given capital" in told


def test_pairs_are_told_in_words_under_the_matrix(run_page: RunPage) -> None:
    told = words(run_page("whales", ranked()))
    assert "counted as one voice (correlation +0.80, 25% of their markets in common)." in told
    assert "often move against each other" in told


def test_results_are_shown_by_day_and_by_category(run_page: RunPage) -> None:
    at = run_page("whales", ranked())
    assert "11 of 23 cells are gains." in words(at)
    at.segmented_control(key="results_by").set_value("Categories").run()
    assert not at.exception
    assert "1 of 1 cells are gains." in words(at)


def test_what_an_earlier_ranking_did_not_keep_is_announced(run_page: RunPage) -> None:
    queries = ranked()
    queries.found.discovered = None
    queries.found.pairs, queries.found.gained = {}, {}
    told = words(run_page("whales", queries))
    assert "python -m fargate rank" in told
    assert told.count("made before they were kept") == 2


def test_where_nobody_gained_anything_yet_it_says_so(run_page: RunPage) -> None:
    queries = ranked()
    queries.found.pairs = {RUN: []}
    queries.found.gained = {RUN: [row for row in queries.found.gained[RUN] if row["by"] == "category"]}
    told = words(run_page("whales", queries))
    assert "No two of them are known to move together." in told
    assert "None of them has a result of this kind yet." in told


# ---------------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("changes", "followed", "said"),
    [
        (Changes(), (), "Not followed."),
        (Changes(), (WALLET,), "Followed because of its ranking."),
        (Changes(pinned=(WALLET,)), (WALLET,), "Pinned by hand"),
        (Changes(unpinned=(WALLET,)), (WALLET,), "Let go by hand"),
    ],
)
def test_how_a_wallet_came_to_be_followed_is_one_sentence(
    changes: Changes, followed: tuple[str, ...], said: str
) -> None:
    assert standing(WALLET, followed, changes).startswith(said)


def test_only_requests_about_the_wallet_wait_beside_it() -> None:
    pending = [
        Command("a", CommandKind.SET, "trust", change=Change(pinned=(WALLET,))),
        Command("b", CommandKind.SET, "doubt", change=Change(unpinned=(WALLET,))),
        Command("c", CommandKind.SET, "other", change=Change(pinned=(TWIN,))),
        Command("d", CommandKind.KILL, "stop"),
    ]
    assert waiting(WALLET, pending) == [
        "Asked and not taken by the trader yet: followed by hand (trust).",
        "Asked and not taken by the trader yet: followed no more (doubt).",
    ]


def test_what_became_of_requests_about_the_wallet_is_told(run_page: RunPage) -> None:
    answers = (
        Answered("a", NOW, f"{WALLET} is pinned (trust)"),
        Answered("b", NOW, f"{TWIN} is pinned (trust)"),
        Answered("c", NOW, f"{WALLET} is followed no more (doubt)", "the request names nothing to change"),
    )
    queries = ranked()
    queries.risky = RiskView(changes=Changes(answers=answers))
    told = words(run_page("whales", queries))
    assert f"In force since 2026-03-22 22:00:00 UTC: {WALLET} is pinned (trust)." in told
    assert "(doubt)): the request names nothing to change." in told
    assert answered(TWIN, queries.risky.changes) == [
        f"In force since 2026-03-22 22:00:00 UTC: {TWIN} is pinned (trust)."
    ]


def test_a_followed_wallet_is_let_go_with_a_reason() -> None:
    queries = ranked()
    assert "Asked: configure." in asked(queries, WALLET, "it went cold", sure=True)
    what, told = queries.changes.asked[0]
    assert (what, told["reason"], told["pinned"], told["unpinned"]) == ("configure", "it went cold", [], [WALLET])


def test_a_wallet_that_is_not_followed_is_pinned_with_a_reason() -> None:
    queries = ranked()
    asked(queries, TWIN, "worth a try", sure=True)
    assert (queries.changes.asked[0][1]["pinned"], queries.changes.asked[0][1]["unpinned"]) == ([TWIN], [])


@pytest.mark.parametrize(("reason", "sure"), [("", True), ("no", True), ("a good reason", False)])
def test_nothing_is_asked_without_a_reason_and_a_tick(reason: str, sure: bool) -> None:
    queries = ranked()
    assert "Nothing was done" in asked(queries, WALLET, reason, sure)
    assert queries.changes.asked == []


def test_what_the_control_api_refuses_is_told() -> None:
    queries = ranked()
    queries.changes.refuses = BadInput("it takes a second factor")
    assert "It was not done: it takes a second factor" in asked(queries, TWIN, "worth a try", sure=True)


@pytest.mark.parametrize(
    ("changes", "action"), [(Changes(pinned=(TWIN,)), LET_GO), (Changes(unpinned=(TWIN,)), PIN), (Changes(), PIN)]
)
def test_the_form_offers_what_would_change_something(changes: Changes, action: str) -> None:
    queries = ranked()
    queries.risky = RiskView(changes=changes)
    at = linked_to(TWIN, queries)
    assert any(expander.label.startswith(action) for expander in at.expander)


def test_a_wallet_without_a_stored_ranking_can_be_let_go_too(run_page: RunPage) -> None:
    queries = quiet()
    queries.waiting = [Command("b", CommandKind.SET, "doubt", change=Change(unpinned=(WALLET,)))]
    queries.followed = [replace(queries.followed[0], copies=0)]
    at = run_page("whales", queries)
    assert not at.exception
    assert "followed no more (doubt)" in words(at)


def test_who_was_let_go_is_not_counted_as_followed_and_who_was_pinned_is(run_page: RunPage) -> None:
    queries = ranked()
    queries.risky = RiskView(changes=Changes(pinned=(TWIN,), unpinned=(WALLET,)))
    at = run_page("whales", queries)
    assert list(at.dataframe[0].value["wallet"]) == [TWIN]
    assert list(at.dataframe[0].value["verdict"]) == ["✔ Followed"]
