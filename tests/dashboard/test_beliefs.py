"""Our estimates beside the market's, topics, and which decisions an address asks for."""

from msgspec.structs import replace

from dashboard.belief_charts import belief_scatter, topic_bars
from dashboard.beliefs import (
    OTHER,
    TOPICS_SHOWN,
    copied_keys,
    only,
    only_in_words,
    points,
    points_in_words,
    topic_of,
    topics,
    topics_in_words,
)
from dashboard.exposure import SHOWN, by_market, by_topic, by_whale, exposure, held, in_words
from shared.domain.decision import Reason
from shared.domain.market import Market, MarketKind
from shared.domain.money import dollars
from tests.dashboard.fakes import TWIN, WALLET, decision, market, position

MARKETS = {f"0xm{n}": market(n) for n in range(30)}
MADE = [decision(1), decision(2, Reason.NO_EDGE), replace(decision(3, Reason.STALE), p_win=0)]


def test_only_trades_that_were_estimated_are_points_with_their_difference() -> None:
    rows = points(MADE, MARKETS)
    assert [(row["kind"], row["edge"]) for row in rows] == [("copied", "+6.0 ¢"), ("not copied", "+6.0 ¢")]
    assert (rows[0]["market_believes"], rows[0]["we_believe"]) == (0.62, 0.68)
    assert points_in_words(rows).startswith("Of the latest 2 trades that were estimated, 2 were believed")
    spec = belief_scatter(rows, "dark")
    assert spec["layer"][1]["data"]["values"] == rows


def test_a_market_is_about_its_category_and_a_window_about_its_coin() -> None:
    assert topic_of(replace(market(1), category="us-politics")) == "us politics"
    assert topic_of(replace(market(1), topic="the_vote")) == "the vote"
    for slug, about in (("btc-updown-5m-1774200000", "BTC up or down"), ("bitcoin-up-or-down-x", "Bitcoin up or down")):
        assert topic_of(Market("m", MarketKind.CRYPTO_UPDOWN, slug)) == about
    assert topic_of(None) == OTHER


def test_topics_count_what_was_copied_and_what_was_not_and_sum_up_the_rest() -> None:
    named = {name: replace(one, category=f"topic {int(name[3:]) % 20}") for name, one in MARKETS.items()}
    made = [decision(n, Reason.COPIED if n % 2 else Reason.STALE) for n in range(30)]
    rows = topics(made, named)
    assert len(rows) == 2 * (TOPICS_SHOWN + 1)
    assert sum(int(str(row["count"])) for row in rows) == 30
    assert sum(int(str(row["count"])) for row in rows if row["kind"] == "copied") == 15
    assert rows[-1]["topic"] == "Other topics (8)"
    assert topics_in_words(rows).endswith("and others.")
    assert topics_in_words(topics(MADE, {})) == f"The latest trades were about {OTHER}."
    assert topic_bars(rows).to_dict()["mark"]["type"] == "bar"


def test_an_address_narrows_to_a_wallet_or_a_market_or_both() -> None:
    other = replace(decision(5), wallet=TWIN)
    made = [*MADE, other]
    assert only(made, "", "") == made
    assert only(made, TWIN, "") == [other]
    assert only(made, WALLET, "0xm2") == [MADE[1]]
    assert only(made, TWIN, "0xm2") == []
    assert only_in_words("", "", {}) == ""
    assert only_in_words(WALLET, "", {}) == "the trades of 0x1111…2222"
    assert only_in_words(WALLET, "0xm2", MARKETS).endswith("in the market Will number 2 win?")


def test_the_orders_of_copies_are_named_once() -> None:
    assert copied_keys([*MADE, decision(1), decision(7)], 2) == ["o1.1", "o7.1"]


# ---------------------------------------------------------------------- where our money is


def test_exposure_is_what_positions_are_worth_by_name_the_largest_first() -> None:
    open_ = held([position(1), position(2, cost=30_000_000), position(3, size=0)], {"1yes": 450_000})
    assert [one.worth for one in open_] == [dollars(45), dollars(30)]
    by_name = exposure(open_, by_market(MARKETS), dollars(1_000))
    assert by_name == [("Will number 1 win?", 45.0, "$45.00 (4.5%)"), ("Will number 2 win?", 30.0, "$30.00 (3.0%)")]
    assert exposure(open_, by_whale({WALLET: 3}), dollars(1_000)) == [("#3 0x1111…2222", 75.0, "$75.00 (7.5%)")]
    assert exposure(open_, by_topic({}), 0) == [(OTHER, 75.0, "$75.00 (–)")]
    assert in_words(by_name).startswith("Will number 1 win? $45.00 (4.5%); ")


def test_beyond_what_fits_the_rest_is_one_bar_and_nothing_is_lost() -> None:
    open_ = held([position(n) for n in range(SHOWN + 5)], {})
    rows = exposure(open_, by_market(MARKETS), dollars(1_000))
    assert rows[-1][0] == "5 others"
    assert sum(worth for _, worth, _ in rows) == 40.0 * (SHOWN + 5)


def test_a_long_question_is_shortened() -> None:
    long = {"0xm1": replace(market(1), question="Will it " + "really " * 9 + "happen?")}
    ((name, _, _),) = exposure(held([position(1)], {}), by_market(long), dollars(1))
    assert len(name) <= 34
    assert name.endswith("…")


def test_what_is_worth_nothing_is_not_shown() -> None:
    assert held([position(1)], {"1yes": 0}) == []
