"""Charts: records in, an Altair chart out. No Streamlit here, and nothing fetched: Vega ships with the dashboard."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.drawing import alt
from dashboard.inks import BLUE, GREY, INK, TEAL
from dashboard.state import Point
from dashboard.words import copied, dollars, gain, stamp
from shared.domain.instants import DAY, HOUR, MILLISECOND
from shared.domain.money import ONE, float_of_micro, mul_div_floor
from shared.domain.reasons import label_of

POINTS_MAX = 600
"""More than a screen has pixels for is thinned out."""
BARS_MAX = 15
COPIED, LEFT = "copied", "not copied"


def thin(points: Sequence[Point], most: int = POINTS_MAX) -> list[Point]:
    """At most ``most`` points (an even number, at least 4) keeping the first, the last and every stretch's extremes."""
    if len(points) <= most:
        return list(points)
    buckets = (most - 2) // 2
    inner = points[1:-1]
    kept = [points[0]]
    for n in range(buckets):
        bucket = inner[n * len(inner) // buckets : (n + 1) * len(inner) // buckets]
        low = min(bucket, key=lambda p: p.equity)
        high = max(bucket, key=lambda p: p.equity)
        kept.extend(sorted({low.at: low, high.at: high}.values(), key=lambda p: p.at))
    kept.append(points[-1])
    return kept


def equity_curve(points: Sequence[Point], capital: int, theme: str = "light") -> dict[str, Any]:
    """Equity over event time (UTC) with the capital put in as a dashed line; amounts in micro-dollars.

    A Vega-Lite specification, whose points Altair does not see: checking each of them took it a fifth of a second.
    """
    rows = [
        {
            "at": p.at // MILLISECOND,
            "equity": float_of_micro(p.equity),
            "label": dollars(p.equity),
            "profit": gain(p.equity - capital),
            "when": stamp(p.at),
        }
        for p in thin(points)
    ]
    data = alt.Data(values=[])
    span = points[-1].at - points[0].at
    clock = "%H:%M" if span <= DAY + HOUR else "%d %b %H:%M"
    axis = alt.Axis(format=clock, labelOverlap=True, grid=False, titleFontWeight="normal", titleFontSize=12)
    x = alt.X("at:T", title="Time (UTC)", scale=alt.Scale(type="utc"), axis=axis)
    room = _room(points, capital)
    y = alt.Y("equity:Q", title=None, scale=alt.Scale(domain=room, nice=False), axis=_money_axis(room))
    tooltip = [
        alt.Tooltip("when:N", title="Time (UTC)"),
        alt.Tooltip("label:N", title="Equity"),
        alt.Tooltip("profit:N", title="Against capital"),
    ]
    line = alt.Chart(data).mark_line(color=BLUE, strokeWidth=2, interpolate="step-after").encode(x=x, y=y)
    dots = alt.Chart(data).mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tooltip)
    base = alt.Chart(alt.Data(values=[{"equity": float_of_micro(capital), "label": f"Capital {dollars(capital)}"}]))
    rule = base.mark_rule(color=GREY, strokeDash=[6, 4], strokeWidth=1.5).encode(y=y)
    words = _label(base.encode(y=y, text="label:N"), points, capital, INK[theme])
    spec: dict[str, Any] = alt.layer(rule, line, dots, words).properties(height=280).to_dict()
    for layer in spec["layer"][1:3]:
        layer["data"] = {"values": rows}
    return spec


def _label(chart: alt.Chart, points: Sequence[Point], capital: int, ink: str) -> alt.Chart:
    """The words on the capital line, at the end and on the side where the curve is farther away."""
    first, last = points[0].equity - capital, points[-1].equity - capital
    at_left = abs(first) >= abs(last)
    above = (first if at_left else last) < 0
    words = chart.mark_text(
        align="left" if at_left else "right",
        baseline="bottom" if above else "top",
        dx=4 if at_left else -4,
        dy=-4 if above else 5,
        fontSize=12,
        color=ink,
    )
    placed: alt.Chart = words.encode(x=alt.value(0 if at_left else "width"))
    return placed


def _room(points: Sequence[Point], capital: int) -> list[float]:
    """The value axis: every point and the capital, with air for the label of the capital line."""
    low = min(capital, *(p.equity for p in points))
    high = max(capital, *(p.equity for p in points))
    air = mul_div_floor(max(high - low, ONE), 1, 8)
    return [float_of_micro(low - air), float_of_micro(high + air)]


def _money_axis(room: list[float]) -> alt.Axis:
    """Cents are shown only where whole dollars would repeat themselves."""
    return alt.Axis(format="$,.0f" if room[1] - room[0] >= 10 else "$,.2f", tickCount=6)


def breakdown_rows(decisions: Mapping[str, int]) -> list[dict[str, object]]:
    """Reasons by count, the most frequent first; beyond BARS_MAX they are summed up as "Other reasons"."""
    ordered = sorted(((n, name) for name, n in decisions.items() if n > 0), key=lambda pair: (-pair[0], pair[1]))
    shown, rest = ordered[:BARS_MAX], ordered[BARS_MAX:]
    total = sum(n for n, _ in ordered)
    rows: list[dict[str, object]] = [
        {"reason": label_of(name), "count": n, "kind": COPIED if copied(name) else LEFT} for n, name in shown
    ]
    if rest:
        rows.append({"reason": f"Other reasons ({len(rest)})", "count": sum(n for n, _ in rest), "kind": LEFT})
    for row in rows:
        number = int(str(row["count"]))
        row["text"] = f"{number:,}  ({number / total:.1%})"  # not money: counts
    return rows


def decision_breakdown(decisions: Mapping[str, int], theme: str = "light") -> alt.LayerChart | alt.FacetChart:
    """How many whale trades ended with each reason, as bars that carry their numbers."""
    rows = breakdown_rows(decisions)
    chart = alt.Chart(alt.Data(values=rows))
    longest = max((int(str(row["count"])) for row in rows), default=1)
    x = alt.X("count:Q", title=None, axis=None, scale=alt.Scale(domain=[0, longest * 1.45]))  # not money: a count
    y = alt.Y(
        "reason:N",
        title=None,
        sort=[str(row["reason"]) for row in rows],
        axis=alt.Axis(labelLimit=180, ticks=False, domain=False, labelPadding=8),
    )
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=[COPIED, LEFT], range=[TEAL, GREY]),
        legend=alt.Legend(orient="top", direction="horizontal"),
    )
    tooltip = [alt.Tooltip("reason:N", title="Reason"), alt.Tooltip("count:Q", title="Whale trades", format=",")]
    bars = chart.mark_bar(cornerRadiusEnd=3, height={"band": 0.7}).encode(x=x, y=y, color=colour, tooltip=tooltip)
    words = chart.mark_text(align="left", dx=6, fontSize=12, color=INK[theme]).encode(x=x, y=y, text="text:N")
    return alt.layer(bars, words).properties(height=max(110, 30 * len(rows) + 50))  # not money: pixels
