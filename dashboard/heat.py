"""Heat maps as Vega-Lite: colours that part at zero, with a sign in each cell that says the same. Pure."""

from collections.abc import Sequence
from typing import Any

from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, INK
from dashboard.together import Cell

PAPER = {"light": "#eef2f7", "dark": "#1f2937"}
"""Zero: nearly the page's own colour."""
CELL = 20
"""Height of a row in pixels."""
NAMES = 100
"""Height of the slanted names under the columns: a chart's height holds its axes too."""
LETTER, DISTANCE, NARROW = 6.8, 12.0, 200.0
"""Width of a letter, of the room before the words, and of the bars with their words on a phone, in pixels."""


def _axis(theme: str, angle: int = 0, padding: int = 2) -> alt.Axis:
    return alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labelLimit=150,
        labelColor=INK[theme],
        labelFontSize=11,
        labelAngle=angle,
        labelPadding=padding,
    )


def heat_map(
    cells: Sequence[Cell],
    rows: Sequence[str],
    columns: Sequence[str],
    value: str,
    titles: Sequence[tuple[str, str]],
    theme: str = "light",
) -> dict[str, Any]:
    """Cells by ``row`` and ``column`` in the order given; ``value`` (-1..1) gives the colour, ``mark`` the sign.

    ``titles``: the fields a tooltip shows, with what they are called. A specification whose cells Altair does not see:
    checking each of them would take longer than drawing them.
    """
    scale = alt.Scale(domain=[-1, 0, 1], range=[AMBER, PAPER[theme], BLUE])
    base = alt.Chart(alt.Data(values=[])).encode(
        x=alt.X("column:N", sort=None, scale=alt.Scale(domain=list(columns)), axis=_axis(theme, angle=-60)),
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(rows)), axis=_axis(theme)),
        tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in titles],
    )
    squares = base.mark_rect(stroke=PAPER[theme], strokeWidth=1).encode(
        color=alt.Color(f"{value}:Q", scale=scale, legend=None)
    )
    signs = base.mark_text(fontSize=11, color=INK[theme]).encode(text="mark:N")
    height = CELL * len(rows) + NAMES  # not money: pixels
    spec: dict[str, Any] = alt.layer(squares, signs).properties(height=height).to_dict()
    for layer in spec["layer"]:
        layer["data"] = {"values": list(cells)}
    return spec


def _air(rows: Sequence[tuple[str, float, str]]) -> float:
    """Room for the longest words, as a part of the bars' own, on a chart as narrow as a phone's."""
    share = min(0.6, (DISTANCE + LETTER * max((len(words) for _, _, words in rows), default=0)) / NARROW)
    return share / (1.0 - share)


def bars(
    rows: Sequence[tuple[str, float, str]], theme: str = "light", ink: str = BLUE
) -> alt.LayerChart | alt.FacetChart:
    """Names with a number each, as bars in the order given that carry their words; losses go to the left."""
    data = [{"name": name, "value": value, "text": words} for name, value, words in rows]
    ends = [0.0, *(value for _, value, _ in rows)]
    air = _air(rows) * ((max(ends) - min(ends)) or 1.0)  # not money: the words stand at the end of their bar
    scale = alt.Scale(
        domain=[min(ends) - (air if min(ends) < 0 else 0.0), max(ends) + (air if max(ends) > 0 else 0.0)], nice=False
    )
    chart = alt.Chart(alt.Data(values=data))
    x = alt.X("value:Q", title=None, axis=None, scale=scale)
    y = alt.Y("name:N", sort=None, axis=_axis(theme, padding=8))
    tooltip = [alt.Tooltip("name:N", title="What"), alt.Tooltip("text:N", title="How much")]
    colour = alt.condition("datum.value < 0", alt.value(AMBER), alt.value(ink))
    drawn = chart.mark_bar(cornerRadius=2, height={"band": 0.7}).encode(x=x, y=y, color=colour, tooltip=tooltip)
    right = chart.transform_filter("datum.value >= 0").mark_text(align="left", dx=6, fontSize=12, color=INK[theme])
    left = chart.transform_filter("datum.value < 0").mark_text(align="right", dx=-6, fontSize=12, color=INK[theme])
    words = [marks.encode(x=x, y=y, text="text:N") for marks in (right, left)]
    return alt.layer(drawn, *words).properties(height=max(70, 30 * len(rows) + 16))  # not money: pixels
