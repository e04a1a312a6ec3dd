"""Our estimates beside the market's prices, and what trades were about, as charts. Pure."""

from collections.abc import Sequence
from typing import Any

from dashboard.beliefs import PASSED, TRADED
from dashboard.drawing import alt
from dashboard.inks import GREY, INK, TEAL
from dashboard.tables import Row

KINDS = alt.Scale(domain=[TRADED, PASSED], range=[TEAL, GREY])
HEIGHT = 320
AROUND = 160
"""Height of legend, axis and title: a chart's height holds them too."""


def belief_scatter(rows: Sequence[Row], theme: str = "light") -> dict[str, Any]:
    """Each estimated trade: the market's price across, our chance to win up; on the dashed line both are equal.

    What was copied is a filled circle, what was not a cross: colour is not needed. Altair does not see the points.
    """
    axis = alt.Axis(format=".0%", grid=False, titleFontWeight="normal", titleFontSize=12)
    whole = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("market_believes:Q", title="The market's price (what it believes)", scale=whole, axis=axis)
    y = alt.Y("we_believe:Q", title="Our chance to win", scale=whole, axis=axis)
    legend = alt.Legend(orient="top", direction="horizontal")
    tooltip = [
        alt.Tooltip("question:N", title="Market"),
        alt.Tooltip("market_believes:Q", title="Price", format=".1%"),
        alt.Tooltip("we_believe:Q", title="Our chance to win", format=".1%"),
        alt.Tooltip("edge:N", title="Difference"),
        alt.Tooltip("reason:N", title="What came of it"),
        alt.Tooltip("whale:N", title="Whale"),
        alt.Tooltip("when:N", title="Time (UTC)"),
    ]
    dots = (
        alt.Chart(alt.Data(values=[]))
        .mark_point(size=42, filled=True, opacity=0.75)
        .encode(
            x=x,
            y=y,
            color=alt.Color("kind:N", title=None, scale=KINDS, legend=legend),
            shape=alt.Shape("kind:N", title=None, scale=alt.Scale(domain=[TRADED, PASSED], range=["circle", "cross"])),
            tooltip=tooltip,
        )
    )
    equal = alt.Chart(alt.Data(values=[{"at": 0}, {"at": 1}]))
    line = equal.mark_line(color=INK[theme], strokeDash=[5, 4], strokeWidth=1).encode(x="at:Q", y="at:Q")
    spec: dict[str, Any] = alt.layer(line, dots).properties(height=HEIGHT).to_dict()
    spec["layer"][1]["data"] = {"values": list(rows)}
    return spec


def topic_bars(rows: Sequence[Row], theme: str = "light") -> alt.Chart:
    """Trades by topic, each bar split into what was copied and what was not."""
    names = list(dict.fromkeys(str(row["topic"]) for row in rows))
    axis = alt.Axis(ticks=False, domain=False, labelLimit=150, labelPadding=8, labelColor=INK[theme])
    bars: alt.Chart = (
        alt.Chart(alt.Data(values=list(rows)))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X(
                "count:Q", title="Whale trades", axis=alt.Axis(grid=False, tickMinStep=1, titleFontWeight="normal")
            ),
            y=alt.Y("topic:N", title=None, sort=names, axis=axis),
            color=alt.Color("kind:N", title=None, scale=KINDS, legend=alt.Legend(orient="top", direction="horizontal")),
            order=alt.Order("kind:N"),
            tooltip=[alt.Tooltip("topic:N", title="About"), alt.Tooltip("text:N", title="Whale trades")],
        )
        .properties(height=30 * len(names) + AROUND)  # not money: pixels
    )
    return bars
