"""Candlesticks of one market: candles in, a Vega-Lite specification and its rows out. Pure.

The specification is the same as long as the market is, and only rows change: the browser then moves the picture, and
does not draw it anew every two seconds.
"""

from collections.abc import Sequence
from typing import Any

from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, GREY, INK, PAPER, TEAL
from dashboard.market_words import cents, coin_price
from dashboard.words import NOTHING, dollars, stamp
from shared.domain.candles import Candle
from shared.domain.instants import MILLISECOND, MINUTE
from shared.domain.money import float_of_micro, mul_div_floor
from shared.domain.screens import Tab, View

GAP = 8
"""One part in so many of a candle's span is left empty beside it."""
VOLUME_PART = 5
"""The tallest volume bar takes one part in so many of the height."""
AHEAD = 60
"""An end that is more candles away than this is not on the chart: it would press the candles together."""
SHOWN = 120
"""A quiet market has candles of long ago; the chart goes back so many spans and no further."""
HEIGHT = 360
Row = dict[str, object]


def candle_rows(candles: Sequence[Candle], step: int, cheap: bool) -> list[Row]:
    """Rows of the chart. ``cheap``: prices of shares, told in cents; else of a coin, in dollars."""
    low, high = min((one.low for one in candles), default=0), max((one.high for one in candles), default=0)
    most = max((one.volume for one in candles), default=0)
    floor = low - max(mul_div_floor(high - low, 1, 4), 1)
    return [_row(one, step, cheap, floor, high - low, most) for one in candles]


def _row(one: Candle, step: int, cheap: bool, floor: int, reach: int, most: int) -> Row:
    tall = mul_div_floor(max(reach, 1), one.volume, most * VOLUME_PART) if most else 0  # not money: pixels in prices
    margin = step // (2 * GAP)
    words = cents if cheap else coin_price
    return {
        "kind": "candle",
        "from": (one.at + margin) // MILLISECOND,
        "middle": (one.at + step // 2) // MILLISECOND,
        "to": (one.at + step - margin) // MILLISECOND,
        "open": _shown(one.open, cheap),
        "high": _shown(one.high, cheap),
        "low": _shown(one.low, cheap),
        "close": _shown(one.close, cheap),
        "rose": "up" if one.close >= one.open else "down",
        "floor": _shown(floor, cheap),
        "traded": _shown(floor + tall, cheap),
        "when": stamp(one.at),
        "ends": f"{words(one.open)} → {words(one.close)}",
        "range": f"{words(one.low)} – {words(one.high)}",
        "volume": dollars(one.volume) if one.volume else NOTHING,
    }


def chart_rows(candles: Sequence[Candle], view: View, tab: Tab, cheap: bool) -> list[Row]:
    """Everything the chart shows: candles, the latest price, the price to beat, and the end where it is near."""
    coin, since = view.screen.coin, candles[-1].at - SHOWN * view.step
    rows = candle_rows([one for one in candles if one.at >= since], view.step, cheap)
    rows.append(level_row("Now", candles[-1].close if cheap or coin is None else coin.price, cheap))
    if not cheap and coin is not None and coin.beat:
        rows.append(level_row("Price to beat", coin.beat, cheap))
    if candles[-1].at < tab.end_at <= candles[-1].at + AHEAD * view.step:
        rows.append(end_row(tab.end_at))
    return rows


def level_row(name: str, price: int, cheap: bool) -> Row:
    """A line across the chart: the last price, the price to beat."""
    words = cents(price) if cheap else coin_price(price)
    return {"kind": name, "close": _shown(price, cheap), "label": f"{name} {words}"}


def end_row(at: int) -> Row:
    """The instant at which the market ends."""
    return {"kind": "End", "from": at // MILLISECOND, "label": "End"}


def _shown(price: int, cheap: bool) -> float:
    """Cents of a share, dollars of a coin."""
    return float_of_micro(price * 100) if cheap else float_of_micro(price)  # not money: cents to look at


def candlesticks(cheap: bool, step: int, theme: str = "light") -> dict[str, Any]:
    """The specification; rows are given beside it. Candles that fell are filled, those that rose are hollow."""
    base = alt.Chart(alt.Data(name="rows"))
    ink = INK[theme]
    clock = "%H:%M:%S" if step < MINUTE else "%H:%M"
    x_axis = alt.Axis(
        format=clock, tickCount=8, grid=False, labelOverlap=True, titleFontWeight="normal", titleFontSize=12
    )
    x = alt.X("from:T", title="Time (UTC)", scale=alt.Scale(type="utc", nice=False), axis=x_axis)
    told_as = "datum.label + '¢'" if cheap else "'$' + datum.label"
    y_axis = alt.Axis(orient="right", tickCount=6, labelExpr=f"datum.value < 0 ? '' : {told_as}")
    scale = alt.Scale(zero=False, nice=True)
    y = alt.Y("open:Q", title=None, scale=scale, axis=y_axis)
    ends_in = ["up", "down"]
    colour = alt.Color("rose:N", legend=None, scale=alt.Scale(domain=ends_in, range=[TEAL, AMBER]))
    edge = alt.Stroke("rose:N", legend=None, scale=alt.Scale(domain=ends_in, range=[TEAL, AMBER]))
    body = alt.Fill("rose:N", legend=None, scale=alt.Scale(domain=ends_in, range=[PAPER[theme], AMBER]))
    candles = base.transform_filter("datum.kind === 'candle'")
    tooltip = [
        alt.Tooltip("when:N", title="From (UTC)"),
        alt.Tooltip("ends:N", title="Open → close"),
        alt.Tooltip("range:N", title="Low – high"),
        alt.Tooltip("volume:N", title="Traded"),
    ]
    traded = candles.mark_bar(color=GREY, opacity=0.35).encode(
        x=x, x2="to:T", y=alt.Y("floor:Q", scale=scale), y2="traded:Q"
    )
    low = alt.Y("low:Q", scale=scale)
    wicks = candles.mark_rule(strokeWidth=1.2).encode(x="middle:T", y=low, y2="high:Q", color=colour, tooltip=tooltip)
    bodies = candles.mark_bar(strokeWidth=1.4).encode(
        x=x, x2="to:T", y=y, y2="close:Q", stroke=edge, fill=body, tooltip=tooltip
    )
    levels = base.transform_filter("datum.kind !== 'candle' && datum.kind !== 'End'")
    lines = levels.mark_rule(strokeDash=[5, 4], strokeWidth=1.3, color=BLUE).encode(y=alt.Y("close:Q", scale=scale))
    words = levels.encode(x=alt.value(0), y=alt.Y("close:Q", scale=scale), text="label:N")
    halo = _beside_line(words, PAPER[theme], 4)
    names = _beside_line(words, ink, 0)
    ends = base.transform_filter("datum.kind === 'End'")
    # Without an end on the chart this would be a picture without anything in it to whoever has it read out.
    end = ends.mark_rule(strokeDash=[2, 3], strokeWidth=1.3, color=GREY, aria=False).encode(x=alt.X("from:T"))
    end_name = ends.mark_text(align="right", baseline="top", dx=-4, fontSize=12, color=ink).encode(
        x=alt.X("from:T"), y=alt.value(2), text="label:N"
    )
    layers = alt.layer(traded, wicks, bodies, lines, halo, names, end, end_name).properties(height=HEIGHT)
    # Whoever does not see the chart hears its words; a layer that is empty would be an unnamed symbol to them.
    spec: dict[str, Any] = layers.configure_mark(aria=False).to_dict()
    del spec["data"]  # the page gives the rows beside it, in a form that costs less to check
    return spec


def _beside_line(words: alt.Chart, ink: str, edge: int) -> alt.Chart:
    """Words at the left end of a line, just above it, with an edge of so many pixels around the letters."""
    placed: alt.Chart = words.mark_text(
        align="left", baseline="bottom", dx=4, dy=-3, fontSize=12, color=ink, stroke=ink, strokeWidth=edge
    )
    return placed
