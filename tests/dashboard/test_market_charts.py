import pytest
from msgspec.structs import replace

from dashboard.inks import INK, PAPER
from dashboard.market_charts import AHEAD, SHOWN, candle_rows, candlesticks, chart_rows
from shared.domain.candles import Candle
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.money import ONE, dollars
from shared.domain.screens import Tab
from tests.dashboard.fakes import NOW
from tests.dashboard.market_fakes import STEP, candles, coin, event, tab, view

FELL = Candle(NOW, 500_000, 520_000, 460_000, 480_000, dollars(12))


def kinds(rows: list[dict[str, object]]) -> list[object]:
    return [row["kind"] for row in rows]


def labels(rows: list[dict[str, object]]) -> list[object]:
    return [row["label"] for row in rows if "label" in row]


def shown(cheap: bool, of: Tab, closes: tuple[int, ...] = (400_000, 450_000)) -> list[dict[str, object]]:
    return chart_rows(candles(*closes), view(), of, cheap)


def test_a_candle_of_a_share_is_told_in_cents() -> None:
    (row,) = candle_rows([FELL], STEP, cheap=True)
    assert [row[name] for name in ("open", "high", "low", "close", "rose")] == [50.0, 52.0, 46.0, 48.0, "down"]
    assert (row["ends"], row["range"], row["volume"]) == ("50¢ → 48¢", "46¢ – 52¢", "$12.00")
    assert row["when"] == "2026-03-22 22:00:00"


def test_a_candle_of_a_coin_is_told_in_dollars_and_without_a_volume() -> None:
    (row,) = candle_rows([Candle(NOW, 79_000 * ONE, 79_100 * ONE, 78_900 * ONE, 79_000 * ONE)], STEP, cheap=False)
    assert (row["open"], row["rose"], row["ends"]) == (79_000.0, "up", "$79,000.00 → $79,000.00")
    assert row["volume"] == "–"


def test_a_candle_lies_within_its_span() -> None:
    (row,) = candle_rows([FELL], STEP, cheap=True)
    begins, middle, ends = (int(str(row[name])) for name in ("from", "middle", "to"))
    assert NOW // MILLISECOND < begins < middle < ends < (NOW + STEP) // MILLISECOND


def test_volumes_stand_below_the_prices_the_largest_a_fifth_as_tall_as_they_reach() -> None:
    half = replace(FELL, at=NOW + STEP, volume=dollars(6))
    first, second = candle_rows([FELL, half], STEP, cheap=True)
    assert (first["floor"], first["traded"]) == (44.5, 45.7)
    assert (second["floor"], second["traded"]) == (44.5, 45.1)


def test_without_volumes_and_without_any_movement_there_is_still_a_chart() -> None:
    (row,) = candle_rows([Candle(NOW, 1, 1, 1, 1)], STEP, cheap=True)
    assert row["floor"] == row["traded"]
    assert candle_rows([], STEP, cheap=True) == []


def test_the_price_now_the_one_to_beat_and_the_end_are_lines_with_names() -> None:
    assert labels(shown(cheap=True, of=tab())) == ["Now 45¢", "End"]
    assert labels(shown(cheap=False, of=tab())) == ["Now $79,100.00", "Price to beat $79,000.00", "End"]
    unheard = chart_rows(candles(79_000 * ONE), view(coin=coin(beat=0)), event(), cheap=False)
    assert labels(unheard) == ["Now $79,100.00"]


def test_an_end_that_is_over_or_far_away_is_not_on_the_chart() -> None:
    last = NOW - STEP
    near, far = tab(end_at=last + AHEAD * STEP), tab(end_at=last + AHEAD * STEP + SECOND)
    assert "End" in labels(shown(cheap=True, of=near))
    for without in (far, tab(end_at=last), event()):
        assert "End" not in labels(shown(cheap=True, of=without))


def test_the_chart_goes_back_so_far_and_no_further() -> None:
    old = replace(FELL, at=NOW - (SHOWN + 2) * STEP)
    rows = chart_rows([old, *candles(400_000, 450_000)], view(), event(), cheap=True)
    assert kinds(rows) == ["candle", "candle", "Now"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_candles_that_rose_are_hollow_and_those_that_fell_are_filled(theme: str) -> None:
    layers = candlesticks(cheap=True, step=STEP, theme=theme)["layer"]
    fill = next(layer["encoding"]["fill"] for layer in layers if "fill" in layer["encoding"])
    assert fill["scale"]["domain"] == ["up", "down"]
    assert fill["scale"]["range"][0] == PAPER[theme]
    assert INK[theme] in str(layers)


def test_the_specification_is_the_same_whatever_happens_in_the_market() -> None:
    assert candlesticks(cheap=True, step=STEP) == candlesticks(cheap=True, step=STEP)
    assert "data" not in candlesticks(cheap=True, step=STEP)


def test_a_layer_without_anything_in_it_is_nothing_to_those_who_do_not_see() -> None:
    assert candlesticks(cheap=True, step=STEP)["config"]["mark"] == {"aria": False}


@pytest.mark.parametrize(
    ("cheap", "step", "clock", "unit"), [(True, STEP, "%H:%M:%S", "'¢'"), (False, MINUTE, "%H:%M", "'$'")]
)
def test_axes_are_in_cents_or_dollars_and_as_fine_as_the_candles(cheap: bool, step: int, clock: str, unit: str) -> None:
    encoding = candlesticks(cheap, step)["layer"][2]["encoding"]
    assert encoding["x"]["axis"]["format"] == clock
    assert unit in encoding["y"]["axis"]["labelExpr"]
    assert encoding["x"]["scale"]["type"] == "utc"
