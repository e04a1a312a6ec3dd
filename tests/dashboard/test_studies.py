"""Studies in words: sources, figures, how sure, side by side; and reports of every shape."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.state import Point
from dashboard.studies import (
    Probed,
    Replayed,
    Scored,
    comparison_rows,
    comparison_words,
    deepest,
    execution_rows,
    fan_words,
    figure,
    hourly,
    made_from,
    read,
    same_data,
    study_rows,
    sure_words,
    underwater,
)
from dashboard.study_charts import POINTS_MAX, equity_lines, fan_chart, underwater_area
from shared.adapters.s3.studies import Input
from shared.analytics.deflated import deflated
from shared.analytics.fan import fan
from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, MINUTE
from shared.domain.money import dollars
from tests.dashboard.research_fakes import AT, manifest, probe_report, replay_report, score_report, study

CURVES = st.lists(st.floats(0.0, 1e6), max_size=30).map(lambda values: list(enumerate(values)))


def test_every_kind_is_read_and_what_is_not_known_is_refused_by_name() -> None:
    assert isinstance(read(study(), replay_report()), Replayed)
    assert isinstance(read(study(kind="probe"), probe_report()), Probed)
    assert isinstance(read(study(kind="score"), score_report()), Scored)
    with pytest.raises(BadInput, match="of the kind 'moon'"):
        read(study(kind="moon"), {})
    with pytest.raises(BadInput, match=r"first cannot be read: .*fills"):
        read(study(), replay_report(fills="many"))


def test_a_report_of_an_earlier_version_is_read_as_far_as_it_goes() -> None:
    found = read(study(), {"fills": 3})
    assert isinstance(found, Replayed)
    assert (found.fills, found.curve, deepest(found.curve)) == (3, [], 0.0)


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ("equity_usd", -1_234.5, "-$1,234.50"),
        ("fill_rate", 0.5, "50.0%"),
        ("slippage_bps_p50", -3.0, "-3.0 bps"),
        ("time_to_fill_s_p50", 2.5, "2.50 s"),
        ("fills", 1_200.0, "1,200"),
        ("fills", None, "–"),  # the dash for a missing number
    ],
)
def test_a_figure_reads_as_its_name_says(name: str, number: float | None, shown: str) -> None:
    assert figure(name, number) == shown


def test_the_list_tells_real_data_from_invented_without_colour() -> None:
    real, invented = study_rows([study("a", synthetic=False), study("b")])
    assert (real["source"], invented["source"]) == ("● Recorded", "◈ Synthetic")
    assert "Equity at the end $10,250.00 · Capital $10,000.00 · Fill rate 50.0%" in str(real["says"])
    assert real["kind"] == "Replay"


def test_what_it_was_made_from_is_told_by_content() -> None:
    said = made_from(manifest())
    assert said.endswith("by code abcdef012345 from trades.parquet (1,234 bytes, SHA-256 aaaaaaaaaaaa…).")
    assert made_from(manifest(inputs=())).endswith("from no file.")


def test_attempts_are_studies_of_the_same_kind_on_the_same_data() -> None:
    other = (Input("x", 1, "b" * 64),)
    listed = [study("a"), study("b"), study("c", "probe"), study("d", inputs=other)]
    assert same_data(listed, listed[0].manifest) == 2


@given(CURVES)
def test_nothing_is_above_water_and_a_new_high_is_at_it(curve: list[tuple[int, float]]) -> None:
    depths = [depth for _, depth in underwater(curve)]
    assert len(depths) == len(curve)
    assert all(-1.0 <= depth <= 0.0 for depth in depths)
    highs = [max(value for _, value in curve[: n + 1]) == value for n, (_, value) in enumerate(curve)]
    assert all(depth == 0.0 for depth, high in zip(depths, highs, strict=True) if high)


def test_luck_is_told_with_the_number_of_attempts() -> None:
    bets = replay_report()["bets_usd"]
    alone, many = sure_words(deflated(bets), 60), sure_words(deflated(bets, 500), 60)
    assert "evidence of an edge" in alone[1]
    assert "single attempt" in alone[2]
    assert "The best of 500 attempts" in many[2]
    assert "no evidence of an edge" in many[2]
    assert "a hint, no evidence" in " ".join(sure_words(deflated([*[1.0] * 12, *[-1.0] * 8]), 20))
    assert sure_words(None, 4) == ["4 markets that we were done with are too few, or too much alike, to say anything."]


def test_a_fan_tells_what_it_supposes() -> None:
    drawn = fan(replay_report()["bets_usd"], 10_000.0, 40)
    assert drawn is not None
    said = fan_words(drawn, 40, "markets")
    assert said.startswith("2,000 paths of 40 markets, drawn from the past in blocks of 4: in 90% of them")
    assert "Supposed: what comes is like what was" in said


def test_execution_is_told_for_all_and_by_class() -> None:
    found = read(study(kind="probe"), probe_report())
    assert isinstance(found, Probed)
    rows = execution_rows(found)
    assert [row["of"] for row in rows] == ["All", "Kind: resting", "Phase: phase 1"]
    assert (rows[0]["fill_rate"], rows[2]["fill_rate"], rows[2]["slippage"]) == (75.0, None, None)


def test_two_studies_stand_side_by_side_with_their_difference() -> None:
    one, other = manifest(), manifest("other", figures={"equity_usd": 10_200.0, "fill_rate": 0.75, "fills": 3})
    rows = {row["figure"]: (row["one"], row["other"], row["difference"]) for row in comparison_rows(one, other)}
    assert rows["Equity at the end"] == ("$10,250.00", "$10,200.00", "-$50.00")
    assert rows["Fill rate"] == ("50.0%", "75.0%", "+25.0%")
    assert rows["Fills"][0] == rows["Fills"][2]
    assert comparison_words(one, other) == "Both saw the same data with the same code."
    apart = manifest("apart", code="other", synthetic=False, inputs=())
    assert "different data with different code. One is made from an invented market" in comparison_words(one, apart)


def test_hours_without_a_point_are_no_steps() -> None:
    at = AT // HOUR * HOUR
    points = [Point(at + n * HOUR + MINUTE, dollars(100 + n)) for n in (0, 1, 3, 4)]
    points.insert(1, Point(at + 30 * MINUTE, dollars(110)))
    assert hourly(points) == [-9.0, 1.0]
    assert hourly([]) == []


def values_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["layer"][0]["data"]["values"]
    return found


def test_charts_hold_two_curves_apart_and_no_more_points_than_fit() -> None:
    long = [(n, float(n)) for n in range(5 * POINTS_MAX + 3)]
    spec = equity_lines({"a": long, "b": [(0, 1.0), (1, 2.0)]}, "dark")
    rows = values_of(spec)
    assert {row["study"] for row in rows} == {"a", "b"}
    kept = [row["equity"] for row in rows if row["study"] == "a"]
    assert len(kept) <= POINTS_MAX + 1
    assert (kept[0], kept[-1]) == (0.0, float(len(long) - 1))
    assert [row["equity"] for row in rows if row["study"] == "b"] == [1.0, 2.0]
    assert len(underwater_area(long)["data"]["values"]) <= POINTS_MAX + 1
    assert equity_lines({"none": []})["layer"]


def test_the_fans_chart_begins_where_the_account_stands() -> None:
    drawn = fan(replay_report()["bets_usd"], 10_000.0, 40)
    assert drawn is not None
    spec = fan_chart(drawn, "markets")
    assert values_of(spec)[0]["middle"] == 10_000.0
