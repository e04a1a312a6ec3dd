"""Consensus: how the voices of the other followed whales bear on a BUY signal (specification 5).

Whales are in the same markets often, so copying each of them would multiply a bet without anybody having decided so.
What we heard ourselves tells who stands where in a market; the table ``Voices`` tells who is no voice of his own, who
is everywhere together, and who knows a category well. Without a table every wallet speaks for itself.

- *Leaning* of a wallet: its net purchases within ``voice_ns`` of the signal's token, less those of the market's other
  token. A net sale counts as nothing held: what we did not hear bought is no opinion of today.
- *Voice*: a wallet, or a group of wallets that the table names; it stands where the sum of its leanings is. A sum of
  0 is silence.
- *Overlap* in a market: the mean of the table's overlap over pairs of wallets of different voices that speak there.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.market import Market
from shared.domain.money import (
    ONE,
    Fraction,
    evidence_weight,
    format_micro,
    millionths,
    mul_div_ceil,
    mul_div_floor,
    weighted_mean,
)
from shared.domain.order import Side
from shared.domain.tables import Voices
from shared.domain.whale import Signal
from shared.engine.detection import EDGE_PRIOR_MARKETS
from shared.engine.limits import Limits

HALF = ONE // 2  # not money: one half in millionths


class Consent(Struct, frozen=True, gc=False):
    """What the voices say about a BUY signal; factors and probabilities in millionths.

    ``reason``: why to stand aside (None: go on). ``factor``: on the size, before the caps. ``p_win``: the belief to use
    instead of the strategy's own (None: keep that); it replaces ``Trade.p_win`` where the strategy has one, so Kelly
    stakes by it, and nothing is staked where it does not exceed the limit and the fee. A strategy that does not size by
    a belief is not changed by it. ``numbers``: what was measured and the limits it was held against.
    """

    reason: Reason | None
    factor: Fraction
    p_win: Fraction | None
    numbers: tuple[tuple[str, int], ...]


class _Word(Struct, frozen=True, gc=False, order=True):
    """What stands behind a voice; the best word is the greatest.

    ``weight``: positive part of the edge times ``factor``. ``edge``: in millionths, 0 for a wallet without a record.
    ``agrees``: whether the voice is for the signal's token.
    """

    weight: int
    edge: int
    factor: int
    agrees: bool


class _Speaker:
    """One wallet in one market: its trades until they are forgotten (the oldest first) and their sum per token."""

    __slots__ = ("held", "trades")

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.trades: list[tuple[int, str, int]] = []

    def hear(self, token: str, change: int, venue_at: int) -> None:
        """One more trade; sources tell trades out of order, so they are kept as a heap."""
        self.held[token] = self.held.get(token, 0) + change
        heappush(self.trades, (venue_at, token, change))

    def forget(self, before: int) -> None:
        """Trades of the time before this do not count any more."""
        trades = self.trades
        while trades and trades[0][0] < before:
            _, token, change = heappop(trades)
            self.held[token] -= change

    def leaning(self, token: str) -> int:
        """Shares held of the token less those of the other one, by what was heard."""
        return _leaning(self.held, token)

    def leaning_since(self, token: str, since: int) -> int:
        """The same by trades from then on, whatever is remembered besides."""
        held: dict[str, int] = {}
        for venue_at, name, change in self.trades:
            if venue_at >= since:
                held[name] = held.get(name, 0) + change
        return _leaning(held, token)


def _leaning(held: dict[str, int], token: str) -> int:
    lean = 0
    for name, size in held.items():
        if size > 0:
            lean += size if name == token else -size
    return lean


class _Talk:
    """Who speaks in one market, and the overlap of those who spoke when it was last measured."""

    __slots__ = ("measured", "overlap", "speakers")

    def __init__(self) -> None:
        self.speakers: dict[str, _Speaker] = {}
        self.measured: tuple[str, ...] = ()
        self.overlap = 0

    def leanings(self, token: str, since: int) -> dict[str, int]:
        """The leaning of each wallet that is not silent; wallets without a trade since then are forgotten."""
        found: dict[str, int] = {}
        gone: list[str] = []
        for wallet, speaker in self.speakers.items():
            if speaker.trades[0][0] < since:
                speaker.forget(since)
                if not speaker.trades:
                    gone.append(wallet)
                    continue
            lean = speaker.leaning(token)
            if lean:
                found[wallet] = lean
        for wallet in gone:
            del self.speakers[wallet]
        return found


class Consensus:
    """Hears every trade of the followed wallets and judges BUY signals by who else stands where.

    Markets are kept in two generations, so that one nobody trades in any more is forgotten within two times
    ``voice_ns``; times are those of the venue and may come out of order, but a judgement is not made before the latest
    trade heard.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._table: Voices | None = None
        self._groups: dict[str, str] = {}
        self._specialists: dict[str, dict[str, int]] = {}
        self._overlaps: dict[str, dict[str, int]] = {}
        self._now: dict[str, _Talk] = {}
        self._before: dict[str, _Talk] = {}
        self._rotate_at = 0

    def relimit(self, limits: Limits) -> None:
        """Other limits; what is forgotten already does not speak again."""
        self._rotate_at += limits.voice_ns - self._limits.voice_ns
        self._limits = limits

    # ------------------------------------------------------------------ what is known

    def publish(self, voices: Voices) -> None:
        """Replace the table. Raises BadInput, and keeps the old one, for an overlap outside 0..1 or a specialist's
        factor that is not positive.
        """
        overlaps: dict[str, dict[str, int]] = {}
        for pair in voices.pairs:
            if not 0 <= pair.overlap <= ONE:
                names = f"{pair.wallet_a} and {pair.wallet_b}"
                raise BadInput(f"overlap of {names} must lie between 0 and 1, not {format_micro(pair.overlap)}")
            overlaps.setdefault(pair.wallet_a, {})[pair.wallet_b] = pair.overlap
            overlaps.setdefault(pair.wallet_b, {})[pair.wallet_a] = pair.overlap
        for wallet, categories in voices.specialists.items():
            for category, factor in categories.items():
                if factor <= 0:
                    raise BadInput(f"specialists: {wallet} in {category} must be positive, not {format_micro(factor)}")
        self._table, self._overlaps = voices, overlaps
        self._groups, self._specialists = voices.groups, voices.specialists
        for talks in (self._now, self._before):
            for talk in talks.values():
                talk.measured = ()

    def hear(self, wallet: str, market: str, token: str, side: Side, size: int, venue_at: int) -> None:
        """A followed wallet traded ``size`` shares (millionths) of a token; the judged one too, before it is judged."""
        if venue_at >= self._rotate_at:
            self._rotate(venue_at)
        talk = self._now.get(market)
        if talk is None:
            talk = self._now[market] = self._before.pop(market) if market in self._before else _Talk()
        speaker = talk.speakers.get(wallet)
        if speaker is None:
            speaker = talk.speakers[wallet] = _Speaker()
        speaker.hear(token, size if side is Side.BUY else -size, venue_at)
        since = venue_at - self._limits.voice_ns
        if speaker.trades[0][0] < since:
            speaker.forget(since)

    def forget(self, market: str) -> None:
        """The market is resolved: whatever was said about it is history."""
        self._now.pop(market, None)
        self._before.pop(market, None)

    def follow(self, wallets: Iterable[str]) -> None:
        """A new watch list: the voices of all others fall silent, and start anew if they are followed again."""
        followed = dict.fromkeys(wallets)
        for talks in (self._now, self._before):
            for market, talk in list(talks.items()):
                talk.speakers = {name: speaker for name, speaker in talk.speakers.items() if name in followed}
                if not talk.speakers:
                    del talks[market]

    def _rotate(self, venue_at: int) -> None:
        """Forget the markets of the generation before: their last trade is more than ``voice_ns`` ago."""
        stale = venue_at >= self._rotate_at + self._limits.voice_ns
        self._before = {} if stale else self._now
        self._now = {}
        self._rotate_at = venue_at + self._limits.voice_ns

    def leanings(self, market: str, token: str, at: int) -> list[int]:
        """The leaning of each wallet that is not silent in a market, for people to see; looking forgets nothing."""
        talk = self._now.get(market) or self._before.get(market)
        since = at - self._limits.voice_ns
        found = [] if talk is None else [speaker.leaning_since(token, since) for speaker in talk.speakers.values()]
        return [lean for lean in found if lean]

    # ------------------------------------------------------------------ judgement

    def judge(self, signal: Signal, market: Market, edge: Callable[[str], int | None], price: int, at: int) -> Consent:
        """Whether to go on with a BUY signal, by which factor and belief; the first rule that objects decides.

        Too much overlap (however they stand): OVERLAP. One voice against, and no more than one for: CONFLICT; a signal
        that its own wallet's voice contradicts is such a one. More voices on both sides: the signal's side needs its
        share of the weights (VOTE_LOST). ``agree_min`` voices, none against, overlap below ``overlap_free`` and a table
        that says so: ``agree_factor``; what nobody measured denies nothing, but it does not double down either.
        ``edge``: a wallet's shrunken edge in millionths; ``price``: of the signal's token, in between 0 and ONE.
        """
        limits = self._limits
        talk = self._now.get(signal.market) or self._before.get(signal.market)
        leanings = {} if talk is None else talk.leanings(signal.token, at - limits.voice_ns)
        stands = self._stands(leanings)
        ayes = noes = 0
        for stand in stands.values():
            if stand > 0:
                ayes += 1
            elif stand < 0:
                noes += 1
        overlap = 0 if talk is None or ayes + noes < 2 else self._overlap(talk, leanings, stands)
        numbers: tuple[tuple[str, int], ...] = (
            ("voices_for", millionths(ayes)),
            ("voices_against", millionths(noes)),
            ("overlap", overlap),
            ("overlap_max", limits.overlap_max),
        )
        if overlap > limits.overlap_max:
            return _aside(Reason.OVERLAP, numbers)
        if noes == 1 and ayes <= 1:
            return _aside(Reason.CONFLICT, numbers)
        uncertain = ayes + noes >= 2 and limits.uncertain_low <= price <= limits.uncertain_high
        words = self._words(leanings, stands, market.category, edge) if noes or uncertain else []
        if noes:
            needed = HALF + limits.vote_margin
            share = _share_for(words)
            numbers = (*numbers, ("votes_for", share), ("votes_min", needed))
            if share < needed:
                return _aside(Reason.VOTE_LOST, numbers)
        factor = Fraction(ONE)
        if noes == 0 and ayes >= limits.agree_min and self._table is not None:
            numbers = (*numbers, ("agree_min", millionths(limits.agree_min)), ("overlap_free", limits.overlap_free))
            if overlap < limits.overlap_free:
                factor = limits.agree_factor
        if not uncertain:
            return Consent(None, factor, None, numbers)
        p_win = averaged(price, words)
        band = (("uncertain_low", limits.uncertain_low), ("uncertain_high", limits.uncertain_high))
        return Consent(None, factor, p_win, (*numbers, ("price", price), *band, ("p_average", p_win)))

    def _stands(self, leanings: dict[str, int]) -> dict[str, int]:
        """Each voice and the sum of its members' leanings: above 0 for the signal's token, below against it."""
        groups = self._groups
        stands: dict[str, int] = {}
        for wallet, lean in leanings.items():
            voice = groups.get(wallet, wallet)
            stands[voice] = stands.get(voice, 0) + lean
        return stands

    def _overlap(self, talk: _Talk, leanings: dict[str, int], stands: dict[str, int]) -> Fraction:
        """Mean pairwise overlap of the speaking wallets of different voices, rounded up; measured anew only when other
        wallets speak than before, because it costs the square of their number.
        """
        groups = self._groups
        active = tuple([wallet for wallet in leanings if stands[groups.get(wallet, wallet)]])
        if active == talk.measured:
            return Fraction(talk.overlap)
        total = pairs = 0
        members: dict[str, int] = {}
        for place, wallet in enumerate(active):
            voice = groups.get(wallet, wallet)
            alike = members.get(voice, 0)
            pairs += place - alike
            members[voice] = alike + 1
            known = self._overlaps.get(wallet)
            if known is not None:
                for other in active[:place]:
                    if groups.get(other, other) != voice:
                        total += known.get(other, 0)
        talk.measured, talk.overlap = active, mul_div_ceil(total, 1, pairs)
        return Fraction(talk.overlap)

    def _words(
        self, leanings: dict[str, int], stands: dict[str, int], category: str, edge: Callable[[str], int | None]
    ) -> list[_Word]:
        """The best word behind each voice that is not silent, among its members who stand where it stands.

        A specialist's factor counts here, for weights, and nowhere else: it changes no edge, its own signal's neither.
        """
        groups, specialists = self._groups, self._specialists
        words: dict[str, _Word] = {}
        for wallet, lean in leanings.items():
            voice = groups.get(wallet, wallet)
            stand = stands[voice]
            if stand == 0 or (lean > 0) is not (stand > 0):
                continue
            own = edge(wallet) or 0
            factor = specialists[wallet].get(category, ONE) if wallet in specialists else ONE
            word = _Word(mul_div_floor(own, factor, ONE) if own > 0 else 0, own, factor, stand > 0)
            known = words.get(voice)
            if known is None or word > known:
                words[voice] = word
        return list(words.values())


def averaged(price: int, words: list[_Word]) -> Fraction:
    """The probability that the signal's token wins, by Bayesian model averaging, in millionths, rounded down.

    Hoeting, Madigan, Raftery & Volinsky (1999), Bayesian Model Averaging: A Tutorial, Statistical Science 14(4),
    equations 1-3: the mean of the models' predictions, weighted by pr(M | D) ~ pr(D | M) pr(M).

    *Models.* Each voice is one. For the signal's token it says price + edge; against it, price - edge, where a
    negative edge counts as 0: that a poor voice is against us is no reason to buy. A voice without a record says the
    price. Predictions are kept within 1..ONE - 1 millionths.
    *Prior.* Equal, times a specialist's factor in his category.
    *Evidence.* Of its record against "the price is right". Say results per market vary by v = price (1 - price)
    around the wallet's mean, and such means by v / m around 0: that is the prior behind a shrunken edge e, m markets of
    zero edge. Then n markets give the Bayes factor sqrt(m / (m + n)) exp((m + n) e^2 / 2v), all being normal. How many
    they were is in e, but cannot be told from it, so only the m of the prior are counted: exp(m e^2 / 2v), and for that
    (1 + e^2 / v)^(m / 2), which is a little less. Less evidence keeps the weights closer to equal: a record that
    shouts does not silence the others.

    A mean never exceeds the best single voice; one for the signal is among them.
    """
    said: list[tuple[int, int]] = []
    for word in words:
        claim = word.edge if word.agrees else -max(word.edge, 0)
        believed = min(max(price + claim, 1), ONE - 1)
        said.append((believed, evidence_weight(word.factor, claim, price, EDGE_PRIOR_MARKETS)))
    return Fraction(weighted_mean(said))


def _share_for(words: list[_Word]) -> int:
    """The share of the weights that stand for the signal's token, rounded down; 0 where nobody has weight."""
    total = sum(word.weight for word in words)
    ayes = sum(word.weight for word in words if word.agrees)
    return mul_div_floor(ayes, ONE, total) if total else 0


def _aside(reason: Reason, numbers: tuple[tuple[str, int], ...]) -> Consent:
    return Consent(reason, Fraction(ONE), None, numbers)
