"""Consensus against a second reading of its definitions: the whole history every time, exact fractions, no state."""

from dataclasses import dataclass, field
from fractions import Fraction as Exact
from itertools import combinations
from math import ceil, floor

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from shared.domain.decision import Reason
from shared.domain.money import ONE, Fraction
from shared.domain.order import Side
from shared.domain.tables import Pair, Voices
from shared.engine.consensus import Consensus, Consent
from shared.engine.detection import EDGE_PRIOR_MARKETS
from shared.engine.limits import Limits
from tests.shared.engine.crowds import EVEN, NO, NOON, YES, buy_signal, market

WALLETS = "abcdef"
MARKETS = ("m", "n")
WINDOW = 20
Row = tuple[str, str, str, Side, int, int]
"""wallet, market, token, side, size, venue time"""
Heard = tuple[str, str, Side, int, int]
"""wallet, token, side, size, how late it is told"""
Asked = tuple[str, str, int, dict[str, int]]
"""token, category, price, edges"""


@dataclass
class Known:
    """Everything a judgement may depend on."""

    limits: Limits
    table: Voices | None = None
    rows: list[Row] = field(default_factory=list)
    edges: dict[str, int] = field(default_factory=dict)


def leaning(known: Known, wallet: str, name: str, at: int) -> int:
    """Net YES less net NO that the wallet bought in the window."""
    net = {"yes": 0, "no": 0}
    for who, where, token, side, size, when in known.rows:
        if who == wallet and where == name and at - when <= known.limits.voice_ns:
            net[token.partition(":")[2]] += size if side is Side.BUY else -size
    return max(net["yes"], 0) - max(net["no"], 0)


def expected(known: Known, token: str, category: str, price: int, at: int) -> Consent:
    """What the specification says, rule by rule; ``numbers`` hold only what every judgement names."""
    limits, table = known.limits, known.table or Voices(0)
    name, _, outcome = token.partition(":")
    towards = 1 if outcome == "yes" else -1
    leans = {wallet: towards * leaning(known, wallet, name, at) for wallet in WALLETS}
    members: dict[str, list[str]] = {}
    for wallet in WALLETS:
        members.setdefault(table.groups.get(wallet, wallet), []).append(wallet)
    stands = {voice: sum(leans[w] for w in group) for voice, group in members.items()}
    ayes = [voice for voice, stand in stands.items() if stand > 0]
    noes = [voice for voice, stand in stands.items() if stand < 0]
    active = [(w, voice) for voice in (*ayes, *noes) for w in members[voice] if leans[w]]
    pairs = {(p.wallet_a, p.wallet_b): p.overlap for p in table.pairs}
    found = [pairs.get((min(a, b), max(a, b)), 0) for (a, one), (b, other) in combinations(active, 2) if one != other]
    overlap = Exact(sum(found), len(found)) if found else Exact(0)
    numbers = (("voices_for", len(ayes) * ONE), ("voices_against", len(noes) * ONE), ("overlap", ceil(overlap)))

    def aside(reason: Reason) -> Consent:
        return Consent(reason, Fraction(ONE), None, numbers)

    if overlap > limits.overlap_max:
        return aside(Reason.OVERLAP)
    if len(noes) == 1 and len(ayes) < 2:
        return aside(Reason.CONFLICT)

    def factor_of(wallet: str) -> int:
        return table.specialists.get(wallet, {}).get(category, ONE)

    def weight(wallet: str) -> int:
        return floor(Exact(max(known.edges.get(wallet, 0), 0) * factor_of(wallet), ONE))

    def best(voice: str) -> str:
        same = [w for w in members[voice] if leans[w] * stands[voice] > 0]
        return max(same, key=lambda w: (weight(w), known.edges.get(w, 0), factor_of(w)))

    if noes:
        in_favour = sum(weight(best(voice)) for voice in ayes)
        total = in_favour + sum(weight(best(voice)) for voice in noes)
        if total == 0 or Exact(in_favour, total) < Exact(1, 2) + Exact(limits.vote_margin, ONE):
            return aside(Reason.VOTE_LOST)
    agreed = not noes and len(ayes) >= limits.agree_min and ceil(overlap) < limits.overlap_free
    factor = limits.agree_factor if agreed and known.table is not None else Fraction(ONE)
    if len(ayes) + len(noes) < 2 or not limits.uncertain_low <= price <= limits.uncertain_high:
        return Consent(None, factor, None, numbers)
    chance = Exact(price, ONE)
    mean = weights = Exact(0)
    for voice in (*ayes, *noes):
        edge = Exact(known.edges.get(best(voice), 0), ONE)
        claim = edge if voice in ayes else -max(edge, Exact(0))
        believed = min(max(chance + claim, Exact(1, ONE)), 1 - Exact(1, ONE))
        evidence = (1 + claim**2 / (chance * (1 - chance))) ** (EDGE_PRIOR_MARKETS // 2)
        mean += factor_of(best(voice)) * evidence * believed
        weights += factor_of(best(voice)) * evidence
    return Consent(None, factor, Fraction(floor(mean / weights * ONE)), numbers)


def assert_agrees(room: Consensus, known: Known, token: str, category: str, price: int, at: int) -> None:
    """The room says what the definitions say."""
    asked = market(token.partition(":")[0], category)
    got = room.judge(buy_signal("a", token), asked, known.edges.get, price, at)
    want = expected(known, token, category, price, at)
    assert (got.reason, got.factor, got.p_win) == (want.reason, want.factor, want.p_win)
    assert (*got.numbers[:3], ("overlap_max", known.limits.overlap_max)) == (*want.numbers, got.numbers[3])
    if got.p_win is not None:
        assert dict(got.numbers)["p_average"] == got.p_win


MICRO = st.integers(0, ONE)
NEAR = st.sampled_from([0, 150_000, 200_000, 250_000, 300_000, 350_000, 600_000])
OVERLAPS = st.lists(st.one_of(NEAR, MICRO), min_size=15, max_size=15)
EDGES = st.dictionaries(
    st.sampled_from(WALLETS), st.one_of(st.sampled_from([-50_000, 40_000, 60_000]), st.integers(-ONE, ONE))
)
GROUPS = st.dictionaries(st.sampled_from(WALLETS), st.sampled_from(["g", "h"]), max_size=4)
SPECIALISTS = st.dictionaries(
    st.sampled_from(WALLETS), st.dictionaries(st.just("sports"), st.integers(1, 3 * ONE), max_size=1), max_size=3
)
PRICES = st.one_of(st.sampled_from([350_000, EVEN, 650_000]), st.integers(1, ONE - 1))
CATEGORIES = st.sampled_from(["sports", "politics"])


@st.composite
def tables(draw: st.DrawFn) -> Voices:
    """Any table over the wallets; about half of the pairs are in it."""
    rows = [
        Pair(a, b, overlap, 0)
        for (a, b), overlap in zip(combinations(WALLETS, 2), draw(OVERLAPS), strict=True)
        if overlap
    ]
    return Voices(NOON, tuple(rows), draw(GROUPS), draw(SPECIALISTS))


HEAR = st.tuples(
    st.sampled_from(WALLETS),
    st.sampled_from(["m:yes", "m:yes", "m:no", "n:yes"]),
    st.sampled_from([Side.BUY, Side.BUY, Side.BUY, Side.SELL]),
    st.integers(1, 4),
    st.sampled_from([0, 0, 1, 3, WINDOW, WINDOW + 1]),
)
OTHER = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 5, WINDOW, WINDOW + 1, 3 * WINDOW])),
    st.tuples(st.just("publish"), tables()),
    st.tuples(st.just("forget"), st.sampled_from(MARKETS)),
    st.tuples(st.just("follow"), st.lists(st.sampled_from(WALLETS), min_size=3)),
)
QUESTION = st.tuples(st.sampled_from(["m:yes", "m:no", "n:yes"]), CATEGORIES, PRICES, EDGES)
"""What is asked after a step."""
LIFE = st.lists(st.tuples(st.lists(HEAR, min_size=1, max_size=8), OTHER, QUESTION), min_size=1, max_size=8)
SMALL = Limits(voice_ns=WINDOW, agree_min=2)


@given(LIFE)
def test_any_life_of_the_room_is_judged_as_its_whole_history_read_anew(
    life: list[tuple[list[Heard], tuple[object, ...], Asked]],
) -> None:
    known, room, now = Known(SMALL), Consensus(SMALL), NOON
    for trades, other, question in life:
        for wallet, token, side, size, late in trades:
            name = token.partition(":")[0]
            known.rows.append((wallet, name, token, side, size, now - late))
            room.hear(*known.rows[-1])
        token, category, price, known.edges = question
        assert_agrees(room, known, token, category, price, now)
        match other:
            case ("wait", int(after)):
                now += after
            case ("publish", Voices() as voices):
                known.table = voices
                room.publish(voices)
            case ("forget", str(name)):
                known.rows = [row for row in known.rows if row[1] != name]
                room.forget(name)
            case (_, list(wallets)):
                known.rows = [row for row in known.rows if row[0] in wallets]
                room.follow(wallets)
        assert_agrees(room, known, token, category, price, now)
    speakers = [s for talks in (room._now, room._before) for talk in talks.values() for s in talk.speakers.values()]
    assert all(speaker.trades for speaker in speakers)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Known, list[Row]]:
    """Who holds what at one instant, with a table and records: mostly several voices."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(WALLETS),
                st.just("m"),
                st.sampled_from([YES, YES, NO]),
                st.sampled_from([Side.BUY, Side.BUY, Side.SELL]),
                st.integers(1, 3),
                st.just(NOON),
            ),
            min_size=2,
            max_size=12,
        )
    )
    table = draw(st.one_of(st.none(), tables()))
    return Known(Limits(), table, rows, draw(EDGES)), draw(st.permutations(rows))


def heard(known: Known, rows: list[Row]) -> Consensus:
    """A room that heard these rows in this order."""
    room = Consensus(known.limits)
    if known.table is not None:
        room.publish(known.table)
    for row in rows:
        room.hear(*row)
    return room


@given(crowds(), CATEGORIES, PRICES)
def test_the_order_of_what_is_heard_at_one_instant_does_not_matter(
    crowd: tuple[Known, list[Row]], category: str, price: int
) -> None:
    known, shuffled = crowd
    asked = market("m", category)
    one = heard(known, known.rows).judge(buy_signal(), asked, known.edges.get, price, NOON)
    other = heard(known, shuffled).judge(buy_signal(), asked, known.edges.get, price, NOON)
    assert one == other
    assert_agrees(heard(known, shuffled), known, YES, category, price, NOON)


@given(crowds(), CATEGORIES, st.integers(350_000, 650_000))
def test_an_averaged_belief_never_exceeds_the_best_single_voice_for_it(
    crowd: tuple[Known, list[Row]], category: str, price: int
) -> None:
    known, rows = crowd
    consent = heard(known, rows).judge(buy_signal(), market("m", category), known.edges.get, price, NOON)
    if consent.p_win is None:
        event("nothing averaged")
        return
    best = max(known.edges.get(wallet, 0) for wallet in WALLETS if leaning(known, wallet, "m", NOON) > 0)
    assert 0 < consent.p_win <= max(min(price + best, ONE - 1), 1)


@given(st.integers(0, 500_000), st.integers(0, 500_000), st.integers(0, 500_000))
def test_the_vote_share_never_falls_when_a_voice_for_it_gets_better(low: int, more: int, against: int) -> None:
    rows: list[Row] = [(w, "m", t, Side.BUY, 1, NOON) for w, t in (("a", YES), ("b", NO), ("c", NO))]
    known = Known(Limits(), None, rows)
    shares = []
    for edge in (low, low + more):
        edges = {"a": edge, "b": against}
        consent = heard(known, rows).judge(buy_signal(), market("m"), edges.get, 800_000, NOON)
        shares.append(dict(consent.numbers)["votes_for"])
        assert (consent.reason is None) is (shares[-1] >= 600_000)
    assert shares[0] <= shares[1]


@pytest.mark.parametrize("voices", [2, 10, 50])
def test_any_number_of_equal_voices_says_what_each_of_them_says(voices: int) -> None:
    rows: list[Row] = [(f"w{n}", "m", YES, Side.BUY, 1, NOON) for n in range(voices)]
    consent = heard(Known(Limits()), rows).judge(buy_signal(), market("m"), lambda _: 70_000, EVEN, NOON)
    assert (consent.reason, consent.p_win) == (None, EVEN + 70_000)
