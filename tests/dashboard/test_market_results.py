"""Markets: results, groups, liquidity by the hour, whether prices came true, and when they end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dashboard.deals import Ended, standing
from dashboard.market_results import (
    BRIEF,
    LATER,
    MEASURES,
    NOT_TOLD,
    UNKNOWN,
    Bet,
    Cell,
    beliefs,
    bets,
    brief,
    by_market,
    calibration,
    category,
    edge,
    ending_rows,
    extremes,
    flow,
    grouped,
    heat_rows,
    kind,
    market_rows,
    refusals,
    result_rows,
    searched,
    series_of,
    slip_of,
    slips,
    soonest,
    time_to_end,
    told_apart,
)
from shared.domain.decision import Decision, Reason
from shared.domain.instants import DAY, HOUR, SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, Usd
from shared.domain.order import Side
from tests.dashboard.fakes import NOW, decision, market, position
from tests.dashboard.trading_fakes import OTHER, TODAY, after, books_of, bought, settled, sold, traded, up_down

KNOWN = {"0xm1": market(1), "0xm4": up_down(4)}


# ---------------------------------------------------------------------- results


def test_results_are_added_up_over_whales_and_outcomes_of_a_market_the_latest_first() -> None:
    held = [
        position(1),
        replace(position(1, size=0, cost=0), source=OTHER, realized=Usd(-3 * ONE), changed_at=NOW),
        replace(position(4), changed_at=NOW - DAY),
    ]
    first, second = by_market(held, {"1yes": 450_000}, KNOWN)
    assert (first.asked, first.whales, first.changed_at, first.end_at) == ("Will number 1 win?", 2, NOW, None)
    assert (first.sum.realized, first.sum.unrealized, first.sum.open, first.sum.count) == (-3 * ONE, 5 * ONE, 1, 2)
    assert (second.series, second.kind, second.end_at) == ("BTC up/down 15m", "Crypto up/down", NOW + HOUR)


def test_a_row_leaves_out_what_a_closed_market_does_not_have() -> None:
    open_one, closed_one = market_rows(by_market([position(1), position(2, size=0, cost=0)], {}, KNOWN))
    assert open_one["held"] == 40.0
    assert (closed_one["held"], closed_one["unrealized"], closed_one["ends"]) == (None, None, None)
    assert closed_one["category"] == UNKNOWN


def test_every_word_of_a_search_must_occur_in_what_is_known_of_the_market() -> None:
    found = by_market([position(1), position(4)], {}, KNOWN)
    assert [one.market for one in searched(found, "NUMBER win")] == ["0xm1"]
    assert [one.market for one in searched(found, "crypto up/down")] == ["0xm4"]
    assert searched(found, "number bitcoin") == []
    assert len(searched(found, " ")) == 2


def test_of_many_markets_the_best_and_the_worst_are_drawn_and_those_without_a_result_never() -> None:
    held = [replace(position(n, size=0, cost=0), realized=Usd((n - 5) * ONE)) for n in range(11)]
    found = by_market(held, {}, {})
    assert [one.sum.total for one in extremes(found, 2)] == [5 * ONE, 4 * ONE, -4 * ONE, -5 * ONE]
    assert len(extremes(found, 5)) == 10


def test_markets_are_grouped_the_best_group_first() -> None:
    held = [replace(position(n, size=0, cost=0), realized=Usd((n - 2) * ONE)) for n in (1, 4)]
    sums = grouped(by_market(held, {}, KNOWN), lambda one: one.kind)
    assert [(name, one.total, one.count) for name, one in sums] == [("Crypto up/down", 2 * ONE, 1), ("Event", -ONE, 1)]
    rows = result_rows(sums)
    assert [(row["name"], row["part"], row["usd"]) for row in rows[:2]] == [
        ("Crypto up/down", "Realised", 2.0),
        ("Crypto up/down", "Unrealised", 0.0),
    ]
    assert rows[0]["total"] == "+$2.00"


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        (None, UNKNOWN),
        (Market("m", MarketKind.EVENT, "x", "?", "Middle_east"), "Middle east"),
        (Market("m", MarketKind.EVENT, "x", "Who wins the election?"), "Politics"),
        (Market("m", MarketKind.EVENT, "btc-updown-5m-1", ""), "Crypto up/down"),
        (Market("m", MarketKind.EVENT, "x", "?"), "Other"),
    ],
)
def test_a_category_is_told_or_inferred_or_said_to_be_neither(known: Market | None, wanted: str) -> None:
    assert category(known) == wanted


def test_a_kind_that_is_not_known_is_told_so() -> None:
    assert (kind(None), kind(KNOWN["0xm4"])) == (UNKNOWN, "Crypto up/down")


@pytest.mark.parametrize(
    ("slug", "series"),
    [
        ("btc-updown-5m-1774220400", "BTC up/down 5m"),
        ("ethereum-up-or-down-june-1-7am-et", "Ethereum up/down"),
        ("", "Bitcoin Up or Down, 10 PM"),
    ],
)
def test_windows_of_a_coin_are_one_series(slug: str, series: str) -> None:
    assert series_of(position(4), {"0xm4": replace(up_down(4), slug=slug)}) == series


# ---------------------------------------------------------------------- liquidity


def whale_trade(n: int, reason: Reason = Reason.STALE, at: int = NOW) -> Decision:
    return replace(decision(n, reason, at), price=500_000, size=10 * ONE)


def test_whale_flow_adds_up_dollars_by_the_hour() -> None:
    made = [whale_trade(1), whale_trade(1, at=NOW + HOUR), whale_trade(1, at=NOW + HOUR), whale_trade(2)]
    rows = heat_rows(flow(made, KNOWN), MEASURES["Whale flow"], 1)
    assert [(row["hour"], row["value"], row["label"], row["count"]) for row in rows] == [
        ("03-22 22h", 5.0, "$5", 1),
        ("03-22 23h", 10.0, "$10", 2),
    ]


def test_an_exit_by_rule_is_no_whale_trade() -> None:
    exit_of_ours = replace(whale_trade(1, Reason.STOP_LOSS), tx="")
    assert flow([exit_of_ours], KNOWN) == refusals([exit_of_ours], KNOWN) == []


def test_refusals_for_want_of_liquidity_are_a_share_of_all_whale_trades() -> None:
    made = [whale_trade(1, reason) for reason in (Reason.THIN_BOOK, Reason.WIDE_SPREAD, Reason.COPIED, Reason.STALE)]
    (row,) = heat_rows(refusals(made, KNOWN), MEASURES["Refused"], 5)
    assert (row["value"], row["label"], row["full"]) == (50.0, "50%", "Will number 1 win?")


def test_slippage_is_worse_for_us_on_either_side_and_needs_a_displayed_price() -> None:
    dear = standing([books_of(*bought(1, price=410_000))[TODAY]])[0]
    cheap = standing([books_of(*bought(1, price=390_000))[TODAY]])[0]
    sale = standing([books_of(sold(after(bought(3)), NOW, 390_000))[TODAY]])[0]
    assert [slip_of(deal) for deal in (dear, cheap, sale)] == pytest.approx([2.5, -2.5, 2.5])
    assert slips([dear, replace(dear, reference=0)], {}) == [Cell("0xm1", dear.at, slip_of(dear) or 0.0)]
    (row,) = heat_rows(slips([dear, cheap, dear], {}), MEASURES["Our slippage"], 5)
    assert row["label"] == "+2.50%"


@given(st.text(max_size=80))
def test_a_brief_name_is_short_and_a_short_one_is_whole(name: str) -> None:
    assert len(brief(name)) <= BRIEF + 1
    assert len(name) > BRIEF or brief(name) == name


def test_brief_names_that_would_be_the_same_are_told_apart() -> None:
    long = "Will the thing that everybody speaks about happen by the end of {}?"
    names = told_apart([long.format("May 2026"), long.format("May 2026"), "x"])
    assert len(dict.fromkeys(names)) == 3
    assert names[1] == f"{names[0]} (2)"


# ---------------------------------------------------------------------- efficiency


def test_a_bet_is_what_was_held_at_the_resolution_at_its_average_price() -> None:
    first = bought(1, NOW - 2 * HOUR)
    held = after(first)
    deals = standing([books_of(*first, *bought(2))[TODAY]])
    later = [replace(deal, trade_id="t9", price=600_000, at=NOW - HOUR) for deal in deals if deal.token == "1yes"]
    too_late = [replace(deal, trade_id="t8", price=900_000, at=NOW + 1) for deal in later]
    ended = list(books_of(settled(held, NOW, ONE))[TODAY].ended.values())
    assert bets([*deals, *later, *too_late], ended) == [Bet(0.5, won=True)]


def test_what_was_not_seen_bought_or_paid_half_is_no_bet() -> None:
    deals = standing([books_of(*bought(1))[TODAY]])
    sleeve = f"{deals[0].strategy}/{deals[0].source}"
    half = Ended(NOW, "1yes", sleeve, 10 * ONE, 5 * ONE)
    other = Ended(NOW, "1yes", "whale_copy/nobody", 10 * ONE, 10 * ONE)
    early = Ended(NOW - HOUR, "1yes", sleeve, 10 * ONE, 0)
    assert bets(deals, [half, other, early]) == []
    assert bets(deals, [replace(half, paid=0)]) == [Bet(0.4, won=False)]


def test_the_quiet_account_won_one_bet_and_lost_one() -> None:
    books = list(traded().money.books.values())
    found = bets(standing(books), [one for book in books for one in book.ended.values()])
    assert sorted((bet.price, bet.won) for bet in found) == [(0.4, True), (0.5, False)]
    assert edge(found) == pytest.approx(0.05)


@given(st.lists(st.builds(Bet, st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_bet_is_in_one_tenth_and_the_share_lies_within_its_interval(found: list[Bet]) -> None:
    rows = calibration(found)
    assert sum(int(str(row["bets"])) for row in rows) == len(found)
    for row in rows:
        low, rate, high = (float(str(row[name])) for name in ("low", "rate", "high"))
        assert low < high
        assert low <= rate <= high or rate in (0.0, 1.0)
    assert edge(found) == pytest.approx(sum(bet.won - bet.price for bet in found) / len(found))


def test_without_bets_there_is_no_edge() -> None:
    assert edge([]) is None
    assert calibration([]) == []


def test_beliefs_are_of_purchases_that_were_judged() -> None:
    judged = decision(1)
    made = [judged, replace(judged, p_win=0), replace(judged, side=Side.SELL), decision(2, Reason.NO_EDGE)]
    rows = beliefs(made, KNOWN, 10)
    assert [(row["price"], row["p_win"], row["kind"]) for row in rows] == [
        (0.62, 0.68, "copied"),
        (0.62, 0.68, "not copied"),
    ]
    assert len(beliefs(made, KNOWN, 1)) == 1


# ---------------------------------------------------------------------- time to resolution


@pytest.mark.parametrize(
    ("end_at", "stretch"),
    [
        (None, NOT_TOLD),
        (NOW - 1, "Past its end"),
        (NOW, "Past its end"),
        (NOW + HOUR, "Within 1 h"),
        (NOW + HOUR + 1, "1 to 6 h"),
        (NOW + DAY, "6 to 24 h"),
        (NOW + 30 * DAY, "7 to 30 days"),
        (NOW + 30 * DAY + 1, LATER),
    ],
)
def test_a_stretch_ends_with_its_own_time(end_at: int | None, stretch: str) -> None:
    assert time_to_end(end_at, NOW) == stretch


def test_open_positions_are_counted_by_the_time_their_markets_have_left_the_soonest_first() -> None:
    held = [position(1), position(4), position(4, size=0, cost=0)]
    rows = ending_rows(held, {}, KNOWN, NOW)
    assert [(row["name"], row["usd"], row["share"]) for row in rows] == [
        ("Within 1 h (1)", 40.0, 0.5),
        (f"{NOT_TOLD} (1)", 40.0, 0.5),
    ]
    assert ending_rows([position(1, cost=0)], {}, KNOWN, NOW)[0]["share"] == 0.0


def test_the_market_that_ends_next_is_named() -> None:
    held = [position(1), position(4)]
    assert soonest(held, KNOWN, NOW) == "Next: Bitcoin Up or Down, 10 PM, in 1 h 0 min (2026-03-22 23:00:00 UTC)."
    assert soonest(held, KNOWN, NOW + HOUR + SECOND) == ""
    assert soonest([], KNOWN, NOW) == ""
