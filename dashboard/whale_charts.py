"""Pictures of one wallet: how sure its ratio is, its wins beside the price paid, its result beside a follower's."""

from dashboard.drawing import alt
from dashboard.inks import AMBER, BLUE, GREY, INK, TEAL

DOT = 110
HEIGHT = 150
Pictures = alt.LayerChart | alt.FacetChart


def _rows(*rows: dict[str, object]) -> alt.Data:
    return alt.Data(values=list(rows))


def _axis(form: str) -> alt.Axis:
    return alt.Axis(format=form, tickCount=5, grid=False, titleFontWeight="normal", titleFontSize=12, labelOverlap=True)


def ratio_interval(low: float, high: float, theme: str = "light") -> Pictures:
    """The interval of the ratio (per market) as a dot with a whisker, zero dashed."""
    middle, ink = (low + high) / 2, TEAL if low > 0 else AMBER if high < 0 else GREY
    air = 0.12 * (max(high, 0.0) - min(low, 0.0))
    scale = alt.Scale(domain=[min(low, 0.0) - air, max(high, 0.0) + air], nice=False)
    x = alt.X("low:Q", title="Sharpe ratio per market", scale=scale, axis=_axis("+.2f"))
    known = {"low": low, "high": high, "middle": middle, "label": f"{low:+.3f} to {high:+.3f}"}
    base = alt.Chart(_rows(known))
    tooltip = [
        alt.Tooltip("low:Q", title="From", format="+.3f"),
        alt.Tooltip("middle:Q", title="Middle", format="+.3f"),
        alt.Tooltip("high:Q", title="To", format="+.3f"),
    ]
    zero = alt.Chart(_rows({"low": 0})).mark_rule(color=GREY, strokeDash=[5, 4]).encode(x="low:Q")
    whisker = base.mark_rule(color=ink, strokeWidth=3).encode(x=x, x2="high:Q", tooltip=tooltip)
    dot = base.mark_point(filled=True, size=DOT, color=ink, opacity=1).encode(x="middle:Q", tooltip=tooltip)
    words = base.mark_text(dy=-16, fontSize=12, color=INK[theme]).encode(x="middle:Q", text="label:N")
    return alt.layer(zero, whisker, dot, words).properties(height=HEIGHT)


def wins_and_price(rate: float, low: float | None, paid: float, theme: str = "light") -> Pictures:
    """Share of bets won (a dot, its whisker down to the careful lower bound) beside the average price paid (a bar)."""
    ends = [rate, paid, rate if low is None else low]
    scale = alt.Scale(domain=[max(0.0, min(ends) - 0.12), min(1.0, max(ends) + 0.12)], nice=False)
    x = alt.X("rate:Q", title="Share of bets won, and price paid", scale=scale, axis=_axis(".0%"))
    ink = TEAL if rate >= paid else AMBER
    won = alt.Chart(
        _rows({"rate": rate, "low": rate if low is None else low, "label": f"wins {rate:.0%}", "at": "Win rate"})
    )
    price = alt.Chart(_rows({"rate": paid, "label": f"pays {100 * paid:.0f} ¢", "at": "Price paid"}))
    tooltip = [alt.Tooltip("at:N", title="What"), alt.Tooltip("rate:Q", title="Value", format=".1%")]
    whisker = won.mark_rule(color=ink, strokeWidth=3).encode(x=x, x2="low:Q", tooltip=tooltip)
    dot = won.mark_point(filled=True, size=DOT, color=ink, opacity=1).encode(x="rate:Q", tooltip=tooltip)
    bar = price.mark_tick(color=BLUE, thickness=4, size=26).encode(x="rate:Q", tooltip=tooltip)
    above = won.mark_text(dy=-18, fontSize=12, color=INK[theme]).encode(x="rate:Q", text="label:N")
    below = price.mark_text(dy=22, fontSize=12, color=INK[theme]).encode(x="rate:Q", text="label:N")
    return alt.layer(whisker, bar, dot, above, below).properties(height=HEIGHT)


def own_and_follower(own: float, follower: float | None, theme: str = "light") -> Pictures:
    """The wallet's own result in dollars beside that of a follower of every trade."""
    rows: list[dict[str, object]] = [{"who": "The wallet", "usd": own, "label": _signed(own)}]
    if follower is not None:
        rows.append({"who": "A follower", "usd": follower, "label": _signed(follower)})
    ends = [0.0, own, 0.0 if follower is None else follower]
    air = 0.35 * ((max(ends) - min(ends)) or 1.0)  # the words stand at the end of their bar
    scale = alt.Scale(
        domain=[min(ends) - (air if min(ends) < 0 else 0.0), max(ends) + (air if max(ends) > 0 else 0.0)], nice=False
    )
    chart = alt.Chart(_rows(*rows))
    y = alt.Y("who:N", title=None, sort=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=8))
    x = alt.X("usd:Q", title="Dollars", scale=scale, axis=_axis("$,.0f"))
    colour = alt.Color("who:N", legend=None, scale=alt.Scale(domain=["The wallet", "A follower"], range=[GREY, TEAL]))
    tooltip = [alt.Tooltip("who:N", title="Who"), alt.Tooltip("label:N", title="Result")]
    bars = chart.mark_bar(height={"band": 0.6}).encode(x=x, y=y, color=colour, tooltip=tooltip)
    gained = chart.transform_filter("datum.usd >= 0").mark_text(align="left", dx=5, fontSize=12, color=INK[theme])
    lost = chart.transform_filter("datum.usd < 0").mark_text(align="right", dx=-5, fontSize=12, color=INK[theme])
    words = [marks.encode(x="usd:Q", y=y, text="label:N") for marks in (gained, lost)]
    return alt.layer(bars, *words).properties(height=HEIGHT)


def _signed(usd: float) -> str:
    return f"{'-' if usd < 0 else '+'}${abs(usd):,.0f}"
