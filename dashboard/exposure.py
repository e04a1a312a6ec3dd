"""Where our money is: open positions at their last prices, by whale, by market and by topic. Pure."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from dashboard.beliefs import topic_of
from dashboard.tables import Markets, Ranks, question, whale
from dashboard.words import count, dollars, ratio
from shared.domain.ledger import Position
from shared.domain.money import float_of_micro, value

SHOWN = 8
"""Bars; the rest is one more."""
LONG = 34
"""Letters of a market's question beside its bar."""


class Held(Struct, frozen=True):
    """A position with what it is worth (micro-dollars): at its last price, or at its cost where none is known."""

    position: Position
    worth: int


def held(positions: Iterable[Position], marks: Mapping[str, int]) -> list[Held]:
    """The open ones that are worth anything."""
    found = [Held(one, _worth(one, marks.get(one.token))) for one in positions if one.size != 0]
    return [one for one in found if one.worth]


def _worth(position: Position, mark: int | None) -> int:
    return position.cost if mark is None else value(position.size, mark)


def by_whale(ranks: Ranks) -> Callable[[Held], str]:
    """Names a position after the wallet it copies."""
    return lambda one: whale(one.position.source, ranks)


def by_market(markets: Markets) -> Callable[[Held], str]:
    """Names a position after the question of its market, shortened."""

    def name(one: Held) -> str:
        asked = question(one.position.market, one.position.token, markets)
        return asked if len(asked) <= LONG else f"{asked[: LONG - 1].rstrip()}…"

    return name


def by_topic(markets: Markets) -> Callable[[Held], str]:
    """Names a position after what its market is about."""

    def name(one: Held) -> str:
        about = topic_of(markets.get(one.position.market))
        return about[:1].upper() + about[1:]

    return name


def exposure(found: Iterable[Held], named: Callable[[Held], str], equity: int) -> list[tuple[str, float, str]]:
    """Bars: a name, dollars, and the same in words with its share of equity; the largest first, the rest as one."""
    sums: dict[str, int] = {}
    for one in found:
        name = named(one)
        sums[name] = sums.get(name, 0) + one.worth
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    shown, rest = ordered[:SHOWN], ordered[SHOWN:]
    if rest:
        shown.append((f"{count(len(rest))} others", sum(worth for _, worth in rest)))
    return [(name, float_of_micro(worth), f"{dollars(worth)} ({ratio(worth, equity)})") for name, worth in shown]


def in_words(bars: list[tuple[str, float, str]]) -> str:
    """A chart in one line."""
    return "; ".join(f"{name} {words}" for name, _, words in bars)
