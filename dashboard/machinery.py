"""How fast the house is and what it takes of its machine, over a day: the numbers behind the charts. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from dashboard.running import Moment
from dashboard.sources import NAMES, TOGETHER
from dashboard.words import NOTHING
from shared.domain.instants import MILLISECOND, SECOND

BUCKETS = 160
"""Points of a line: more than that nobody can tell apart on a screen."""
Line = list[tuple[int, float]]
Value = Callable[[Moment], float | None]
MEGABYTE = 1_000_000


def worst(moments: Sequence[Moment], value: Value, most: int = BUCKETS) -> Line:
    """A line of at most ``most`` points of what was measured: the worst of each stretch of time, and the last."""
    told = [(one.at, number) for one in moments if (number := value(one)) is not None]
    if len(told) <= most:
        return told
    first, span = told[0][0], told[-1][0] - told[0][0] + 1
    found: dict[int, tuple[int, float]] = {}
    for at, number in told:
        place = (at - first) * most // span
        kept = found.get(place)
        if kept is None or number > kept[1]:
            found[place] = (at, number)
    found[most - 1] = told[-1]  # the last one is what holds now
    return list(found.values())


def decisions(moments: Sequence[Moment]) -> dict[str, Line]:
    """Milliseconds from hearing a whale's trade to deciding on it."""
    return _told(
        {
            "p50": worst(moments, lambda one: one.decided_ms[0]),
            "p95": worst(moments, lambda one: one.decided_ms[1]),
            "p99": worst(moments, lambda one: one.decided_ms[2]),
        }
    )


def loop(moments: Sequence[Moment]) -> dict[str, Line]:
    """Milliseconds: how late the event loop is, and how long the store takes."""
    return _told(
        {
            "Loop p50": worst(moments, lambda one: one.lag_ms[0]),
            "Loop p99": worst(moments, lambda one: one.lag_ms[1]),
            "Store p50": worst(moments, lambda one: one.store_ms),
        }
    )


def delays(moments: Sequence[Moment]) -> dict[str, Line]:
    """Seconds within which 95% of the trades that a source tells arrive, by source."""
    names = dict.fromkeys(name for one in moments for name in one.sources if name != TOGETHER)
    return _told({NAMES.get(name, name): worst(moments, _delay(name)) for name in names})


def _delay(source: str) -> Value:
    def seconds(one: Moment) -> float | None:
        found = one.sources.get(source)
        return None if found is None or found.p95 is None else found.p95 / SECOND

    return seconds


def machine(moments: Sequence[Moment]) -> dict[str, Line]:
    """Percent of one core, and of the memory there is, that the trader takes."""
    return _told({"Processor": worst(moments, _cpu), "Memory": worst(moments, _memory)})


def _cpu(one: Moment) -> float | None:
    return None if one.cpu is None else one.cpu / 10_000  # not money: millionths to percent


def _memory(one: Moment) -> float | None:
    return None if not one.memory_of or one.memory is None else 100 * one.memory / one.memory_of  # not money: percent


def _told(lines: Mapping[str, Line]) -> dict[str, Line]:
    return {name: line for name, line in lines.items() if line}


def latest_words(lines: Mapping[str, Line], unit: str) -> str:
    """The last value of each line, in one line: ``p50 0.4 ms, p95 1.9 ms``."""
    return ", ".join(f"{name} {figure(line[-1][1])} {unit}" for name, line in lines.items()) or NOTHING


def figure(number: float) -> str:
    """A measured number, as exact as a reader needs it."""
    return f"{number:,.0f}" if number >= 100 else f"{number:,.1f}" if number >= 1 else f"{number:,.2f}"


def rows_of(lines: Mapping[str, Line], unit: str, stamp: Callable[[int], str]) -> list[dict[str, object]]:
    """The points as a chart takes them, with what a reader is told of each."""
    return [
        {"at": at // MILLISECOND, "value": number, "line": name, "label": f"{figure(number)} {unit}", "when": stamp(at)}
        for name, line in lines.items()
        for at, number in line
    ]


def memory_words(moments: Iterable[Moment]) -> str:
    """How much memory was taken last, of how much; a dash where nobody told."""
    told = [one for one in moments if one.memory is not None]
    if not told:
        return NOTHING
    last = told[-1]
    of = f" of {(last.memory_of or 0) // MEGABYTE:,} MB" if last.memory_of else ""
    return f"{(last.memory or 0) // MEGABYTE:,} MB{of}"
