"""Charts of studies: equity of one or two, what is below the highest point, and a fan of what might come. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, GREY, INK, TEAL
from dashboard.studies import underwater
from shared.analytics.fan import Fan

POINTS_MAX = 500
HEIGHT = 260
LINES = (BLUE, TEAL)
DASHES = ([1, 0], [6, 3])
DAY_S = 86_400
CurveSeconds = Sequence[tuple[int, float]]


def _thinned(curve: CurveSeconds) -> list[tuple[int, float]]:
    """Few enough for a chart, the first and the last among them."""
    step = -(-len(curve) // POINTS_MAX) or 1
    kept = list(curve[::step])
    return kept if not curve or kept[-1] == curve[-1] else [*kept, curve[-1]]


def _time(curves: Sequence[CurveSeconds]) -> alt.X:
    known = [at for curve in curves for at, _ in curve]
    long = bool(known) and max(known) - min(known) > DAY_S
    axis = alt.Axis(
        format="%d %b %H:%M" if long else "%H:%M",
        labelOverlap=True,
        grid=False,
        titleFontWeight="normal",
        titleFontSize=12,
    )
    return alt.X("at:T", title="Event time (UTC)", scale=alt.Scale(type="utc"), axis=axis)


def _dollars(theme: str) -> alt.Axis:
    return alt.Axis(format="$,.0f", tickCount=5, labelColor=INK[theme])


def equity_lines(curves: Mapping[str, CurveSeconds], theme: str = "light") -> dict[str, Any]:
    """Equity in dollars of one study or, dashed differently, of two by name."""
    rows = [
        {"at": 1000 * at, "equity": equity, "study": name, "label": f"${equity:,.2f}"}
        for name, curve in curves.items()
        for at, equity in _thinned(curve)
    ]
    names = list(curves)
    legend = alt.Legend(orient="top", direction="horizontal") if len(names) > 1 else None
    y = alt.Y("equity:Q", title=None, scale=alt.Scale(zero=False), axis=_dollars(theme))
    colour = alt.Color("study:N", title=None, scale=alt.Scale(domain=names, range=list(LINES)), legend=legend)
    dash = alt.StrokeDash(
        "study:N", title=None, scale=alt.Scale(domain=names, range=[list(one) for one in DASHES]), legend=legend
    )
    tooltip = [
        alt.Tooltip("study:N", title="Study"),
        alt.Tooltip("at:T", title="Time (UTC)", format="%Y-%m-%d %H:%M", timeUnit="utcyearmonthdatehoursminutes"),
        alt.Tooltip("label:N", title="Equity"),
    ]
    base = alt.Chart(alt.Data(values=[])).encode(x=_time(list(curves.values())), y=y, color=colour)
    line = base.mark_line(strokeWidth=2).encode(strokeDash=dash)
    dots = base.mark_point(size=50, opacity=0).encode(tooltip=tooltip)
    spec: dict[str, Any] = alt.layer(line, dots).properties(height=HEIGHT).to_dict()
    for layer in spec["layer"]:
        layer["data"] = {"values": rows}
    return spec


def underwater_area(curve: CurveSeconds, theme: str = "light") -> dict[str, Any]:
    """How far below its highest point so far equity is, as an area hanging from zero."""
    rows = [{"at": 1000 * at, "depth": depth, "label": f"{depth:.2%}"} for at, depth in _thinned(underwater(curve))]
    y = alt.Y("depth:Q", title=None, axis=alt.Axis(format=".1%", tickCount=4, tickMinStep=0.001, labelColor=INK[theme]))
    tooltip = [
        alt.Tooltip("at:T", title="Time (UTC)", format="%Y-%m-%d %H:%M", timeUnit="utcyearmonthdatehoursminutes"),
        alt.Tooltip("label:N", title="Below the peak"),
    ]
    area = (
        alt.Chart(alt.Data(values=[]))
        .mark_area(color=AMBER, opacity=0.45, line={"color": AMBER}, interpolate="step-after")
        .encode(x=_time([curve]), y=y, tooltip=tooltip)
    )
    spec: dict[str, Any] = area.properties(height=150).to_dict()
    spec["data"] = {"values": rows}
    return spec


def fan_chart(found: Fan, unit: str, theme: str = "light") -> dict[str, Any]:
    """The bands of a fan: half of the paths within the darker one, nine tenths within the lighter; a line between."""
    low, lower, middle, upper, high = found.bands
    rows = [
        {"step": k, "low": low[k], "lower": lower[k], "middle": middle[k], "upper": upper[k], "high": high[k]}
        for k in range(0, len(middle), -(-len(middle) // POINTS_MAX))
    ]
    x = alt.X(
        "step:Q", title=f"{unit[:1].upper()}{unit[1:]} from now", axis=alt.Axis(grid=False, titleFontWeight="normal")
    )
    axis = _dollars(theme)
    scale = alt.Scale(zero=False)
    tooltip = [
        alt.Tooltip("step:Q", title="After"),
        *(
            alt.Tooltip(f"{name}:Q", title=title, format="$,.0f")
            for name, title in (
                ("high", "95% end below"),
                ("upper", "75% below"),
                ("middle", "Half below"),
                ("lower", "25% below"),
                ("low", "5% below"),
            )
        ),
    ]
    chart = alt.Chart(alt.Data(values=rows))
    wide = chart.mark_area(color=BLUE, opacity=0.18).encode(
        x=x, y=alt.Y("low:Q", title=None, axis=axis, scale=scale), y2="high:Q"
    )
    half = chart.mark_area(color=BLUE, opacity=0.3).encode(x=x, y=alt.Y("lower:Q", scale=scale), y2="upper:Q")
    line = chart.mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=alt.Y("middle:Q", scale=scale))
    dots = chart.mark_point(size=60, opacity=0).encode(x=x, y=alt.Y("middle:Q", scale=scale), tooltip=tooltip)
    start = (
        alt.Chart(alt.Data(values=[{"at": middle[0]}]))
        .mark_rule(color=GREY, strokeDash=[6, 4])
        .encode(y=alt.Y("at:Q", scale=scale))
    )
    spec: dict[str, Any] = alt.layer(wide, half, start, line, dots).properties(height=HEIGHT).to_dict()
    return spec
