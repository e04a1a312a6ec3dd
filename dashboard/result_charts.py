"""Charts of markets: results, a heat map of liquidity, whether prices came true, beliefs. No Streamlit here."""

import math
from collections.abc import Sequence

from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, GREY, INK, TEAL
from dashboard.money_charts import Rows, data_of, names_axis, plain_axis

Picture = alt.LayerChart | alt.FacetChart
ROW = 26
"""Pixels of a row of a heat map."""


def result_bars(rows: Rows, theme: str = "light") -> Picture:
    """Realised and unrealised results on top of each other, with their sum in words; names in the order given."""
    names = list(dict.fromkeys(str(row["name"]) for row in rows))
    sums: dict[str, dict[str, object]] = {}
    for row in rows:
        usd = float(str(row["usd"]))
        one = sums.setdefault(str(row["name"]), {"name": row["name"], "total": row["total"], "up": 0.0, "down": 0.0})
        side = "up" if usd > 0 else "down"
        one[side] = float(str(one[side])) + usd
    ends = [float(str(one[side])) for one in sums.values() for side in ("up", "down")]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    air = 0.45 * ((high - low) or 1.0)  # the sums stand to the right of the bars
    scale = alt.Scale(domain=[low - 0.05 * air, high + air], nice=False)
    x = alt.X("usd:Q", title=None, scale=scale, axis=plain_axis("$,.0f"))
    y = alt.Y("name:N", title=None, sort=names, axis=names_axis())
    colour = alt.Color(
        "part:N",
        title=None,
        scale=alt.Scale(domain=["Realised", "Unrealised"], range=[TEAL, BLUE]),
        legend=alt.Legend(orient="top", direction="horizontal"),
    )
    tooltip = [
        alt.Tooltip("name:N", title="What"),
        alt.Tooltip("part:N", title="Part"),
        alt.Tooltip("label:N", title="Result"),
        alt.Tooltip("total:N", title="Together"),
    ]
    bars = alt.Chart(data_of(rows)).mark_bar(height={"band": 0.65}).encode(x=x, y=y, color=colour, tooltip=tooltip)
    zero = alt.Chart(data_of([{"usd": 0}])).mark_rule(color=GREY).encode(x="usd:Q")
    words = alt.Chart(data_of(list(sums.values()))).mark_text(align="left", dx=6, fontSize=12, color=INK[theme])
    placed = words.encode(x=alt.X("up:Q"), y=y, text="total:N")
    return alt.layer(bars, zero, placed).properties(height=max(90, 30 * len(names) + 50))


def heat_map(rows: Rows, measure: str, theme: str = "light") -> Picture:
    """A measure by market and hour: the stronger the colour the more. What has no negative amounts is coloured by its
    root, so that one busy market does not pale all others.
    """
    markets = list(dict.fromkeys(str(row["market"]) for row in rows))
    hours = sorted({str(row["hour"]) for row in rows})
    x = alt.X(
        "hour:O",
        title="Hour (UTC)",
        sort=hours,
        axis=alt.Axis(labelAngle=0, labelOverlap=True, titleFontWeight="normal"),
    )
    y = alt.Y("market:N", title=None, sort=markets, axis=names_axis())
    least = min(float(str(row["value"])) for row in rows)
    ramp = ["#dbeafe", "#1d4ed8"] if theme == "light" else ["#1e3a5f", "#93c5fd"]
    colour = alt.Color(
        "value:Q",
        title=measure,
        scale=alt.Scale(range=ramp, type="sqrt" if least >= 0 else "linear"),
        legend=alt.Legend(orient="top", direction="horizontal", gradientLength=140),
    )
    tooltip = [
        alt.Tooltip("full:N", title="Market"),
        alt.Tooltip("hour:O", title="Hour (UTC)"),
        alt.Tooltip("label:N", title=measure),
        alt.Tooltip("count:Q", title="Times measured"),
    ]
    cells = alt.Chart(data_of(rows)).mark_rect(cornerRadius=2).encode(x=x, y=y, color=colour, tooltip=tooltip)
    layers: list[alt.Chart] = [cells]
    if len(hours) <= 12:
        # Words are dark on pale and white on strong colours; where that changes depends on both ends of the ramp.
        change, beyond, until = (0.7, "#ffffff", "#17202e") if theme == "light" else (0.5, "#0f141c", "#ffffff")
        border = _along([float(str(row["value"])) for row in rows], change)
        ink = alt.condition(f"datum.value > {border}", alt.value(beyond), alt.value(until))
        layers.append(alt.Chart(data_of(rows)).mark_text(fontSize=11).encode(x=x, y=y, text="label:N", color=ink))
    return alt.layer(*layers).properties(height=ROW * len(markets) + 130)


def _along(values: Sequence[float], share: float) -> float:
    """The value that far along the ramp from the least to the most, as the ramp is scaled."""
    low, high = min(values), max(values)
    if low < 0:
        return low + share * (high - low)
    return (math.sqrt(low) + share * (math.sqrt(high) - math.sqrt(low))) ** 2


def calibration_chart(rows: Rows) -> Picture:
    """Share that won by price paid, with its interval, the more bets the larger the dot; on the dashed line prices come
    true exactly.
    """
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("price:Q", title="Price paid", scale=scale, axis=plain_axis("$.2f"))
    y = alt.Y("rate:Q", title="Share that won", scale=scale, axis=plain_axis(".0%"))
    tooltip = [
        alt.Tooltip("price:Q", title="Price paid", format="$.3f"),
        alt.Tooltip("rate:Q", title="Share that won", format=".1%"),
        alt.Tooltip("low:Q", title="95% from", format=".1%"),
        alt.Tooltip("high:Q", title="95% to", format=".1%"),
        alt.Tooltip("label:N", title="Bets"),
    ]
    line = alt.Chart(data_of([{"price": 0, "rate": 0}, {"price": 1, "rate": 1}]))
    fair = line.mark_line(color=GREY, strokeDash=[6, 4]).encode(x=x, y=y)
    base = alt.Chart(data_of(rows))
    whisker = base.mark_rule(color=BLUE, strokeWidth=2).encode(
        x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", tooltip=tooltip
    )
    size = alt.Size("bets:Q", legend=None, scale=alt.Scale(range=[50, 320]))
    dots = base.mark_point(filled=True, color=BLUE, opacity=1).encode(x=x, y=y, size=size, tooltip=tooltip)
    return alt.layer(fair, whisker, dots).properties(height=320)


def belief_chart(rows: Rows) -> Picture:
    """The chance we believed in against the market's price; above the dashed line we believed more than it."""
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("price:Q", title="Market's price", scale=scale, axis=plain_axis("$.2f"))
    y = alt.Y("p_win:Q", title="Our chance to win", scale=scale, axis=plain_axis(".0%"))
    kinds = alt.Scale(domain=["copied", "not copied"], range=[TEAL, AMBER])
    legend = alt.Legend(orient="top", direction="horizontal")
    tooltip = [
        alt.Tooltip("market:N", title="Market"),
        alt.Tooltip("price:Q", title="Price", format="$.3f"),
        alt.Tooltip("p_win:Q", title="Chance to win", format=".1%"),
        alt.Tooltip("reason:N", title="Decision"),
        alt.Tooltip("when:N", title="Time (UTC)"),
    ]
    line = alt.Chart(data_of([{"price": 0, "p_win": 0}, {"price": 1, "p_win": 1}]))
    fair = line.mark_line(color=GREY, strokeDash=[6, 4]).encode(x=x, y=y)
    dots = (
        alt.Chart(data_of(rows))
        .mark_point(filled=True, size=45, opacity=0.6)
        .encode(
            x=x,
            y=y,
            color=alt.Color("kind:N", title=None, scale=kinds, legend=legend),
            shape=alt.Shape(
                "kind:N", title=None, scale=alt.Scale(domain=kinds.domain, range=["circle", "cross"]), legend=legend
            ),
            tooltip=tooltip,
        )
    )
    return alt.layer(fair, dots).properties(height=320)
