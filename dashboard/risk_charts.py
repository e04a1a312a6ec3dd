"""How far limits are used up, and what scenarios would bring, as bars that carry their words. Pure."""

from collections.abc import Sequence

from dashboard.drawing import alt
from dashboard.inks import AMBER, GREY, INK, TEAL
from dashboard.risk import NEAR, REACHED, STATES
from dashboard.tables import Row

RED = "#dc2626"
ROW = 30
"""Pixels of a bar."""
ROOM = 250.0
"""Percent of the axis: the words stand to the right of the full bar."""


def limit_bars(rows: Sequence[Row], theme: str = "light") -> alt.LayerChart | alt.FacetChart:
    """One bar per limit, as far as it is used up; four fifths and all of it are marked. ``rows``: ``limit_rows``."""
    data = [{**row, "words": f"{str(row['state'])[:1]}  {row['used']} of {row['of']}", "all": REACHED} for row in rows]
    names = [str(row["limit"]) for row in rows]
    axis = alt.Axis(ticks=False, domain=False, labelLimit=170, labelPadding=8, labelColor=INK[theme])
    y = alt.Y("limit:N", title=None, sort=names, axis=axis)
    scale = alt.Scale(domain=[0, ROOM], nice=False)
    chart = alt.Chart(alt.Data(values=data))
    colour = alt.Color(
        "state:N",
        legend=None,
        scale=alt.Scale(domain=list(STATES), range=[RED, AMBER, TEAL]),
    )
    tooltip = [
        alt.Tooltip("limit:N", title="Limit"),
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("share:Q", title="Percent used", format=".0f"),
        alt.Tooltip("used:N", title="Used"),
        alt.Tooltip("of:N", title="Of"),
    ]
    room = chart.mark_bar(color=GREY, opacity=0.18, height={"band": 0.6}).encode(
        x=alt.X("all:Q", title=None, axis=None, scale=scale), y=y, tooltip=tooltip
    )
    used = chart.mark_bar(height={"band": 0.6}).encode(
        x=alt.X("share:Q", scale=scale), y=y, color=colour, tooltip=tooltip
    )
    marks = (
        alt.Chart(alt.Data(values=[{"at": NEAR}]))
        .mark_rule(color=GREY, strokeDash=[3, 3])
        .encode(x=alt.X("at:Q", scale=scale))
    )
    words = chart.mark_text(align="left", dx=8, fontSize=12, color=INK[theme]).encode(
        x=alt.X("all:Q", scale=scale), y=y, text="words:N"
    )
    return alt.layer(room, used, marks, words).properties(height=max(70, ROW * len(rows) + 10))  # not money: pixels
