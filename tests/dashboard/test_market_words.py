import pytest
from msgspec.structs import replace

from dashboard.market_words import (
    Share,
    best_ask,
    best_bid,
    cents,
    coin_price,
    countdown,
    distance,
    heading,
    net_words,
    outcomes_of,
    picked,
    pressure,
    sentiment,
    series_of,
    tab_label,
)
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.money import ONE, dollars
from shared.domain.screens import TokenScreen, Voiced, Why
from tests.dashboard.fakes import NOW
from tests.dashboard.market_fakes import BTC, OPENS, UP, WILL, coin, event, tab, view

NAMES = ("Up", "Down")


def test_a_window_is_named_by_its_coin_its_length_and_its_times() -> None:
    assert tab_label(tab()) == "BTC 5 min, 21:58–22:03"
    assert heading(tab()) == "BTC up or down, 5 min, 21:58–22:03 UTC"


def test_other_markets_are_named_by_their_question_their_slug_or_their_id() -> None:
    assert (tab_label(event()), heading(event())) == ("Will number 2 win?", "Will number 2 win?")
    assert heading(event(question="")) == "will-it"
    assert tab_label(event(question="", slug="", market="0x" + "ab" * 32)) == "0xabab…abab"
    assert heading(tab(end_at=0)) == "Bitcoin Up or Down"


def test_a_long_question_is_cut_in_its_tab_only() -> None:
    asked = "Will the assembly of a far away place pass its motion this year?"
    assert tab_label(event(question=asked)) == "Will the assembly of a far away place pass…"
    assert heading(event(question=asked)) == asked


@pytest.mark.parametrize("why", [Why.HELD, Why.WAITING])
def test_what_is_ours_is_marked(why: Why) -> None:
    assert tab_label(event(why=why)) == "◆ Will number 2 win?"


def test_when_a_window_closes_the_next_one_of_its_series_takes_its_place() -> None:
    later = tab(3, market="next", start_at=OPENS + 5 * MINUTE, end_at=OPENS + 10 * MINUTE)
    tabs = (event(why=Why.HELD), tab(), later)
    assert picked(tabs, BTC, "BTC 5 min") is tabs[1]
    assert picked((tabs[0], later), BTC, series_of(tab())) is later
    assert picked(tabs, "gone", "BTC 5 min") is later


def test_without_a_choice_the_most_important_market_is_shown() -> None:
    assert picked((event(), tab(), event(2, market="ours", why=Why.HELD)), "", "").market == "ours"
    assert picked((event(), tab()), "gone", "gone").market == BTC
    assert picked((event(),), "", "").market == WILL


@pytest.mark.parametrize(
    ("left", "shown", "note"),
    [
        (2 * DAY + HOUR, "2 d 1 h", "at 23:00 UTC"),
        (HOUR + MINUTE + SECOND, "1:01:01", "at 23:01 UTC"),
        (MINUTE, "01:00", "at 22:01 UTC"),
        (MINUTE - 1, "00:59", "■ closing"),
        (0, "Ended", "0 s ago, result awaited"),
        (-90 * SECOND, "Ended", "1 min ago, result awaited"),
    ],
)
def test_a_countdown_runs_to_the_second_and_says_when_a_market_is_closing(left: int, shown: str, note: str) -> None:
    told = countdown(tab(end_at=NOW + left), NOW)
    assert (told.left, told.note) == (shown, note)


def test_a_countdown_knows_what_has_not_begun_and_what_has_no_known_end() -> None:
    told = countdown(tab(start_at=NOW + MINUTE, end_at=NOW + 6 * MINUTE), NOW)
    assert (told.left, told.note) == ("06:00", "opens in 1 min")
    assert countdown(event(), NOW).note == "end not known"


@pytest.mark.parametrize(("micro", "shown"), [(470_000, "47¢"), (473_000, "47.3¢"), (0, "–"), (1_000, "0.1¢")])
def test_prices_of_shares_are_told_in_cents(micro: int, shown: str) -> None:
    assert cents(micro) == shown


@pytest.mark.parametrize(
    ("micro", "shown"), [(79_697_575_317, "$79,697.58"), (152_300, "$0.15230"), (0, "–"), (100 * ONE, "$100.00")]
)
def test_cheap_coins_are_told_more_exactly(micro: int, shown: str) -> None:
    assert coin_price(micro) == shown


def test_the_best_prices_are_the_first_of_each_ladder() -> None:
    assert (best_ask(UP, 10_000), best_bid(UP, 10_000)) == (490_000, 470_000)
    assert (best_ask(TokenScreen(), 10_000), best_bid(TokenScreen(), 10_000)) == (0, 0)


def test_the_distance_says_who_is_ahead() -> None:
    assert distance(coin()) == ("+$100.00", "▲ Up ahead +0.13%")
    assert distance(coin(price=78_921 * ONE)) == ("-$79.00", "▼ Down ahead -0.10%")
    assert distance(coin(price=79_000 * ONE)) == ("$0.00", "▲ Up ahead +0.00%")
    assert distance(coin(price=152_300, beat=152_000)) == ("+$0.00030", "▲ Up ahead +0.20%")
    assert distance(coin(price=151_000, beat=152_000)) == ("-$0.00100", "▼ Down ahead -0.66%")
    assert distance(coin(beat=0)) == ("–", "price to beat not heard")


def test_pressure_is_what_was_bought_of_one_and_sold_of_the_other() -> None:
    assert pressure(view().screen, NAMES) == Share(75, "Up $450.00", "Down $150.00")
    assert pressure(replace(view().screen, tokens=(TokenScreen(), TokenScreen())), NAMES) is None
    assert pressure(replace(view().screen, tokens=(UP,)), NAMES) is None
    only = replace(view().screen, tokens=(replace(UP, bought=0, sold=dollars(2)), TokenScreen()))
    assert pressure(only, NAMES) == Share(0, "Up $0.00", "Down $2.00")


def test_sentiment_counts_whales_and_their_balance_of_shares() -> None:
    assert sentiment(Voiced(1, 3, -5), NAMES) == Share(25, "Up 1 whale", "Down 3 whales")
    assert sentiment(Voiced(), NAMES) is None
    assert net_words(Voiced(1, 3, -1_500 * ONE), NAMES) == (
        "On balance they hold 1,500 shares more of Down, by what we heard."
    )
    assert "3 shares more of Up" in net_words(Voiced(1, 1, 3 * ONE), NAMES)
    assert net_words(Voiced(1, 1, 0), NAMES) == "On balance they hold as much of one as of the other."


@pytest.mark.parametrize(
    ("known", "shown"), [(("Yes", "No"), ("Yes", "No")), (("Up",), ("Up", "Second")), ((), ("First", "Second"))]
)
def test_outcomes_always_have_two_names(known: tuple[str, ...], shown: tuple[str, str]) -> None:
    assert outcomes_of(tab(outcomes=known)) == shown
