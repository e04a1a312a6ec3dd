"""Lines of a day: how fast, how late, how busy. Each line has a colour and a dash of its own. Pure."""

from collections.abc import Mapping
from typing import Any

from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, GREY, INK, TEAL
from dashboard.machinery import Line, rows_of
from dashboard.words import stamp

COLOURS = (BLUE, TEAL, AMBER, "#a855f7", "#dc2626", GREY)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 1], [1, 3])
HEIGHT = 280


def day_chart(lines: Mapping[str, Line], unit: str, theme: str = "light") -> dict[str, Any]:
    """Lines over event time (UTC), from zero on.

    A Vega-Lite specification, whose points Altair does not see: checking each of them takes it long.
    """
    names = list(lines)
    data = alt.Data(values=[])
    clock = alt.Axis(format="%H:%M", labelOverlap=True, grid=False, titleFontWeight="normal", titleFontSize=12)
    x = alt.X("at:T", title="Time (UTC)", scale=alt.Scale(type="utc"), axis=clock)
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, titleFontWeight="normal"))
    legend = alt.Legend(orient="top", direction="horizontal", labelColor=INK[theme], symbolType="stroke", columns=2)
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(names))]
    dashes = [DASHES[place % len(DASHES)] for place in range(len(names))]
    colour = alt.Color("line:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=legend)
    dash = alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=names, range=dashes), legend=legend)
    tooltip = [
        alt.Tooltip("line:N", title="What"),
        alt.Tooltip("label:N", title="Value"),
        alt.Tooltip("when:N", title="Time (UTC)"),
    ]
    drawn = alt.Chart(data).mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour, strokeDash=dash)
    dots = alt.Chart(data).mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tooltip)
    spec: dict[str, Any] = alt.layer(drawn, dots).properties(height=HEIGHT).to_dict()
    rows = rows_of(lines, unit, stamp)
    for layer in spec["layer"]:
        layer["data"] = {"values": rows}
    return spec
