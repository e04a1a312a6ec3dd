"""Charts of results: underwater, by day, wins, parts of a whole, executions by the hour. No Streamlit here."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.charts import POINTS_MAX
from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, GREY, INK, TEAL
from dashboard.performance import ROLLING, Result, drawdowns
from dashboard.state import Point
from dashboard.words import gain, stamp
from shared.domain.instants import DAY, HOUR, MILLISECOND
from shared.domain.money import float_of_micro

Rows = Sequence[Mapping[str, object]]
LABELLED_MAX = 15
"""Bars that carry their numbers; more are too narrow for it."""
FEW = 5


def data_of(rows: Rows) -> alt.Data:
    """Rows as a chart's data."""
    return alt.Data(values=[dict(row) for row in rows])


def plain_axis(form: str, ticks: int = 5) -> alt.Axis:
    """A value axis as every chart here has it, with about so many ticks."""
    return alt.Axis(format=form, tickCount=ticks, titleFontWeight="normal", titleFontSize=12, labelOverlap=True)


def time_axis(clock: str) -> alt.Axis:
    """A time axis; its scale must be UTC."""
    return alt.Axis(format=clock, labelOverlap=True, grid=False, titleFontWeight="normal", titleFontSize=12)


def names_axis() -> alt.Axis:
    """An axis of names beside their bars."""
    return alt.Axis(labelLimit=190, labelOverlap=False, ticks=False, domain=False, labelPadding=8)


def _over_time(title: str, clock: str) -> alt.X:
    return alt.X("at:T", title=title, scale=alt.Scale(type="utc"), axis=time_axis(clock))


def underwater(points: Sequence[Point]) -> dict[str, Any]:
    """How far equity is below its highest value of the span shown, as an area that hangs from zero.

    A Vega-Lite specification, whose points Altair does not see: checking each of them takes it too long.
    """
    falls = drawdowns(points)
    step = max(1, -(-len(points) // POINTS_MAX))
    rows = []
    for first in range(0, len(points), step):
        # Of each stretch the deepest point is drawn.
        place = max(range(first, min(first + step, len(points))), key=lambda n: falls[n])
        share = -float_of_micro(falls[place])
        at = points[place].at
        rows.append({"at": at // MILLISECOND, "share": share, "label": f"{share:.2%}", "when": stamp(at)})
    span = points[-1].at - points[0].at
    x = _over_time("Time (UTC)", "%H:%M" if span <= DAY + HOUR else "%d %b")
    y = alt.Y("share:Q", title=None, axis=plain_axis(".1%", 3), scale=alt.Scale(zero=True))
    tooltip = [alt.Tooltip("when:N", title="Time (UTC)"), alt.Tooltip("label:N", title="Below its highest")]
    chart = alt.Chart(alt.Data(values=[])).encode(x=x, y=y, tooltip=tooltip)
    area = chart.mark_area(color=AMBER, opacity=0.35, line={"color": AMBER}, interpolate="step-after")
    spec: dict[str, Any] = area.properties(height=150).to_dict()
    spec["data"] = {"values": rows}
    return spec


def day_bars(days: Sequence[Result], theme: str = "light") -> alt.LayerChart | alt.FacetChart:
    """What each UTC day brought, gains up and losses down; few days carry their numbers."""
    rows = [
        {
            "day": stamp(one.at)[:10],
            "usd": float_of_micro(one.gained),
            "label": gain(one.gained),
            "kind": "Gain" if one.gained >= 0 else "Loss",
        }
        for one in days
    ]
    chart = alt.Chart(data_of(rows))
    x = alt.X("day:O", title="Day (UTC)", axis=alt.Axis(labelAngle=0, labelOverlap=True, titleFontWeight="normal"))
    y = alt.Y("usd:Q", title=None, axis=plain_axis("$,.0f"))
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=["Gain", "Loss"], range=[TEAL, AMBER]),
        legend=alt.Legend(orient="top", direction="horizontal"),
    )
    tooltip = [alt.Tooltip("day:O", title="Day (UTC)"), alt.Tooltip("label:N", title="Result")]
    layers = [_bars(chart, len(rows)).encode(x=x, y=y, color=colour, tooltip=tooltip)]
    if len(rows) <= LABELLED_MAX:
        gains = chart.transform_filter("datum.usd >= 0").mark_text(
            baseline="bottom", dy=-5, fontSize=12, color=INK[theme]
        )
        losses = chart.transform_filter("datum.usd < 0").mark_text(baseline="top", dy=5, fontSize=12, color=INK[theme])
        layers += [words.encode(x=x, y=y, text="label:N") for words in (gains, losses)]
    return alt.layer(*layers).properties(height=220)


def _bars(chart: alt.Chart, count: int) -> alt.Chart:
    """Bars that share the width there is; a few of them are kept from growing broad."""
    few = count <= FEW
    made: alt.Chart = chart.mark_bar(cornerRadiusEnd=2, **({"size": 48} if few else {"width": {"band": 0.7}}))
    return made


def win_line(rates: Sequence[tuple[int, float]]) -> alt.LayerChart | alt.FacetChart:
    """The share of wins among the latest positions closed, as it moved; half of them as a dashed line."""
    step = max(1, -(-len(rates) // POINTS_MAX))
    kept = list(rates[::step])
    if kept[-1] != rates[-1]:
        kept.append(rates[-1])
    rows = [{"at": at // MILLISECOND, "rate": rate, "label": f"{rate:.0%}", "when": stamp(at)} for at, rate in kept]
    base = alt.Chart(data_of(rows))
    span = rates[-1][0] - rates[0][0]
    x = _over_time("Closed (UTC)", "%H:%M" if span <= DAY + HOUR else "%d %b")
    y = alt.Y("rate:Q", title=None, axis=plain_axis(".0%"), scale=alt.Scale(domain=[0, 1]))
    tooltip = [alt.Tooltip("when:N", title="Closed (UTC)"), alt.Tooltip("label:N", title=f"Wins of the last {ROLLING}")]
    line = base.mark_line(color=BLUE, strokeWidth=2, interpolate="step-after").encode(x=x, y=y)
    dots = base.mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tooltip)
    half = alt.Chart(data_of([{"rate": 0.5}])).mark_rule(color=GREY, strokeDash=[6, 4]).encode(y=y)
    return alt.layer(half, line, dots).properties(height=200)


def part_bars(rows: Rows, theme: str = "light") -> alt.LayerChart | alt.FacetChart:
    """Parts of a whole as bars with their amounts, the largest on top."""
    shown = [{**row, "label": _part(row)} for row in rows]
    chart = alt.Chart(data_of(shown))
    longest = max((float(str(row["usd"])) for row in rows), default=1.0)
    x = alt.X("usd:Q", title=None, axis=None, scale=alt.Scale(domain=[0, longest * 1.6]))
    y = alt.Y("name:N", title=None, sort=[str(row["name"]) for row in rows], axis=names_axis())
    tooltip = [alt.Tooltip("name:N", title="What"), alt.Tooltip("label:N", title="Worth")]
    bars = chart.mark_bar(color=BLUE, cornerRadiusEnd=3, height={"band": 0.65}).encode(x=x, y=y, tooltip=tooltip)
    words = chart.mark_text(align="left", dx=6, fontSize=12, color=INK[theme]).encode(x=x, y=y, text="label:N")
    return alt.layer(bars, words).properties(height=max(70, 30 * len(rows) + 20))


def _part(row: Mapping[str, object]) -> str:
    return f"${float(str(row['usd'])):,.0f}  ({float(str(row['share'])):.1%})"


def hour_bars(rows: Rows) -> alt.Chart:
    """Executions by the hour, purchases below sales."""
    chart = alt.Chart(data_of(rows))
    x = alt.X("at:T", title="Hour (UTC)", scale=alt.Scale(type="utc"), axis=time_axis("%H:%M"))
    colour = alt.Color(
        "side:N",
        title=None,
        scale=alt.Scale(domain=["Bought", "Sold"], range=[BLUE, GREY]),
        legend=alt.Legend(orient="top", direction="horizontal"),
    )
    tooltip = [
        alt.Tooltip("when:N", title="Hour (UTC)"),
        alt.Tooltip("side:N", title="Side"),
        alt.Tooltip("count:Q", title="Executions"),
    ]
    bars = chart.mark_bar(size=12).encode(
        x=x, y=alt.Y("count:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1)), color=colour, tooltip=tooltip
    )
    made: alt.Chart = bars.properties(height=180)
    return made
