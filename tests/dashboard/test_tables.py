import math

from msgspec.structs import replace

from dashboard.state import WhaleRow
from dashboard.tables import (
    chosen,
    decision_rows,
    leg_rows,
    matching,
    moment,
    order_rows,
    outcome,
    position_rows,
    question,
    unrealised,
    whale,
    whale_rows,
)
from shared.domain.decision import Reason
from shared.domain.instants import HOUR
from shared.domain.money import Shares, Usd
from shared.domain.order import OrderState
from tests.dashboard.fakes import NOW, WALLET, decision, market, order, position

MARKETS = {"0xm1": market(1)}


def close(cell: object, wanted: float) -> bool:
    return isinstance(cell, float) and math.isclose(cell, wanted)


def test_a_position_is_shown_with_its_question_outcome_and_unrealised_profit() -> None:
    (row,) = position_rows([position(1)], {"1yes": 450_000}, MARKETS, {WALLET: 3})
    assert row["market"] == "Will number 1 win?"
    assert row["outcome"] == "Yes"
    assert row["whale"] == "#3 0x1111…2222"
    assert close(row["cost"], 40.0)
    assert close(row["paid"], 0.4)
    assert close(row["unrealised"], 5.0)


def test_without_a_last_price_nothing_is_made_up() -> None:
    (row,) = position_rows([position(1)], {}, MARKETS, {})
    assert row["mark"] is None
    assert row["unrealised"] is None
    assert unrealised(position(1), {}) is None


def test_closed_positions_are_left_out_and_the_youngest_comes_first() -> None:
    rows = position_rows([position(1), position(2, size=0, cost=0), position(3, NOW)], {}, {}, {})
    assert [row["outcome"] for row in rows] == ["3yes", "1yes"]
    assert [row["opened"] for row in rows] == [moment(NOW), moment(NOW - HOUR)]


def test_a_recording_without_market_data_names_slug_and_outcome() -> None:
    token = "btc-updown-15m-1774211400:Up"
    assert question("0xm9", token, {}) == "btc-updown-15m-1774211400"
    assert outcome("0xm9", token, {}) == "Up"


def test_open_orders_come_before_final_ones() -> None:
    rows = order_rows([order(1, OrderState.FILLED, 80_000_000), order(9, OrderState.PARTIAL, 20_000_000)], NOW, {}, {})
    assert [row["state"] for row in rows] == ["◐ Partly filled", "✔ Filled"]
    assert [row["filled"] for row in rows] == [25.0, 100.0]
    assert [row["age"] for row in rows] == ["9 min", "1 min"]


def test_a_decision_carries_its_numbers() -> None:
    (row,) = decision_rows([decision(1)], MARKETS, {})
    assert row["reason"] == "Copied"
    assert close(row["p_win"], 68.0)
    assert close(row["stake"], 42.1)
    assert row["whale"] == "0x1111…2222"


def test_the_numbers_of_a_decision_are_shown_and_not_searched() -> None:
    made = [replace(decision(1, Reason.OVERLAP), numbers=(("overlap", 310_000), ("overlap_max", 300_000)))]
    rows = decision_rows(made, MARKETS, {})
    assert rows[0]["numbers"] == "overlap 31.0% (at most 30.0%)"
    assert matching(rows, made, "most") == ([], [])


def test_the_orders_of_a_decision_tell_how_far_execution_went_and_what_it_got() -> None:
    first = replace(order(1, OrderState.FILLED, 80_000_000), cost=Usd(51_200_000), reference=630_000, slices=4)
    second = replace(order(1, OrderState.REJECTED), phase=2, attempt=3, dead=True, note="not allowed")
    got, none = leg_rows([first, second])
    assert (got["state"], got["worked"], got["note"]) == ("✔ Filled", "phase 1, slice 1 of 4", "")
    assert close(got["average"], 0.64)
    assert close(got["slippage"], 1.5874)
    assert (none["worked"], none["note"]) == ("phase 2, try 3", "Failed for good. not allowed")
    assert none["average"] is none["slippage"] is none["reference"] is None
    (sizeless,) = leg_rows([replace(order(1), size=Shares(0))])
    assert close(sizeless["filled"], 0.0)


def test_every_word_of_a_search_must_occur_whatever_the_case() -> None:
    made = [decision(1), decision(2, Reason.STALE)]
    rows = decision_rows(made, MARKETS, {})
    assert matching(rows, made, "  ") == (rows, made)
    (late,), (one,) = matching(rows, made, "too LATE")
    assert (late["reason"], one.reason) == ("Too late", Reason.STALE)
    assert matching(rows, made, "too copied") == ([], [])


def test_decisions_are_chosen_by_outcome_and_reason() -> None:
    every = [decision(1), decision(2, Reason.STALE), decision(3, Reason.NO_EDGE)]
    assert chosen(every, "All", []) == every
    assert chosen(every, "Copied", []) == every[:1]
    assert chosen(every, "Not copied", [Reason.STALE, Reason.COPIED]) == [every[1]]


def test_whales_are_in_the_order_of_their_rank_with_pinned_ones_last() -> None:
    rows = whale_rows([WhaleRow("pinned"), WhaleRow("b", 2), WhaleRow("a", 1, mean_return=300_000, return_low=150_000)])
    assert [row["wallet"] for row in rows] == ["a", "b", "pinned"]
    assert close(rows[0]["low"], 15.0)
    assert close(rows[0]["high"], 45.0)
    assert whale("a", {"a": 0}) == "a"
