"""What was believed of trades beside what the market believed, what they were about, and the latest copies. Pure."""

from collections.abc import Collection, Iterable, Mapping

from dashboard.tables import Markets, Row, question
from dashboard.words import short, stamp
from shared.domain.decision import Decision
from shared.domain.market import Market, MarketKind
from shared.domain.money import float_of_micro
from shared.domain.reasons import COPIES, label

POINTS_MAX = 1_000
TOPICS_SHOWN = 12
OTHER = "Nothing told"
NAMED = 6
"""Letters from which a slug spells a coin's name (bitcoin) and not its symbol (btc)."""
TRADED, PASSED = "copied", "not copied"


def points(decisions: Iterable[Decision], markets: Markets) -> list[Row]:
    """Decisions that came as far as an estimate: what we believed beside the price, the newest first."""
    judged = [one for one in decisions if one.p_win and one.price][:POINTS_MAX]
    return [
        {
            "market_believes": float_of_micro(one.price),
            "we_believe": float_of_micro(one.p_win),
            "edge": f"{100 * float_of_micro(one.p_win - one.price):+.1f} ¢",  # not money: cents to look at
            "kind": TRADED if one.reason in COPIES else PASSED,
            "reason": label(one.reason),
            "question": question(one.market, one.token, markets),
            "whale": short(one.wallet),
            "when": stamp(one.at),
        }
        for one in judged
    ]


def points_in_words(rows: Collection[Row]) -> str:
    """The picture in one line."""
    above = sum(1 for row in rows if str(row["edge"]).startswith("+"))
    copied = sum(1 for row in rows if row["kind"] == TRADED)
    return (
        f"Of the latest {len(rows):,} trades that were estimated, {above:,} were believed to be worth more than their "
        f"price, and {copied:,} were copied."
    )


def topic_of(market: Market | None) -> str:
    """What a market is about: its category; of an up/down window the coin, because nearly all of them are crypto's."""
    if market is None:
        return OTHER
    if market.kind is MarketKind.CRYPTO_UPDOWN:
        coin = market.slug.partition("-up")[0]
        return f"{coin.upper() if len(coin) < NAMED else coin.capitalize()} up or down"
    return (market.category or market.subject or OTHER).replace("_", " ").replace("-", " ")


def topics(decisions: Iterable[Decision], markets: Markets) -> list[Row]:
    """How many trades were about what, and how many of them were copied; beyond 12 the rest together."""
    seen: dict[str, list[int]] = {}
    for one in decisions:
        counted = seen.setdefault(topic_of(markets.get(one.market)), [0, 0])
        counted[0] += 1
        counted[1] += one.reason in COPIES
    ordered = sorted(seen.items(), key=lambda pair: (-pair[1][0], pair[0]))
    shown, rest = ordered[:TOPICS_SHOWN], ordered[TOPICS_SHOWN:]
    if rest:
        shown.append((f"Other topics ({len(rest)})", [sum(n[0] for _, n in rest), sum(n[1] for _, n in rest)]))
    return [
        {"topic": name[:1].upper() + name[1:], "kind": kind, "count": n, "text": f"{n:,} {kind}"}
        for name, (all_of_it, copied) in shown
        for kind, n in ((TRADED, copied), (PASSED, all_of_it - copied))
    ]


def topics_in_words(rows: Collection[Row]) -> str:
    """The picture in one line."""
    names = list(dict.fromkeys(str(row["topic"]) for row in rows))
    return f"The latest trades were about {', '.join(names[:4])}{' and others' if len(names) > 4 else ''}."


def only(decisions: Iterable[Decision], wallet: str, market: str) -> list[Decision]:
    """Those on the trades of a wallet, or in a market, or both; an empty one: any."""
    return [one for one in decisions if wallet in ("", one.wallet) and market in ("", one.market)]


def only_in_words(wallet: str, market: str, markets: Mapping[str, Market]) -> str:
    """Which decisions an address asks for, in words; empty for all."""
    parts = [f"the trades of {short(wallet)}"] if wallet else []
    if market:
        parts.append(f"the market {question(market, '', markets)}")
    return " in ".join(parts)


def copied_keys(decisions: Iterable[Decision], most: int) -> list[str]:
    """The orders of the latest copies, the newest first."""
    return list(dict.fromkeys(one.order_key for one in decisions if one.order_key))[:most]
