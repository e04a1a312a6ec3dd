"""What the exchange lists: markets, their resolutions, the names of wallets; and executions. Amounts in millionths."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Wire = dict[str, Any]
ONE = 1_000_000

_ADJECTIVES = ("Agile", "Brisk", "Calm", "Deft", "Eager", "Frank", "Grand", "Hazy", "Idle", "Jolly", "Keen", "Lucid")
_NOUNS = ("Analogy", "Beacon", "Cactus", "Delta", "Ember", "Falcon", "Garnet", "Harbor", "Island", "Jasper", "Kernel")


def micro(value: float) -> int:
    """Millionths of a number."""
    return round(value * ONE)


def text(amount: int) -> str:
    """Millionths as the venue writes numbers: ``0.5``, ``1030.92``, ``1000``."""
    whole, rest = divmod(abs(amount), ONE)
    decimals = f"{rest:06d}".rstrip("0")
    return ("-" if amount < 0 else "") + (f"{whole}.{decimals}" if decimals else str(whole))


def number(amount: int) -> float:
    """Millionths as a JSON number: 4.33."""
    return amount / ONE


def digest(*parts: object) -> str:
    """64 hex digits that depend on the parts only."""
    return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()


def mixed_case(wallet: str) -> str:
    """An address as RTDS writes it: upper and lower case by turns of a hash of it."""
    picks = int(digest("case", wallet), 16)
    tail = wallet[2:]
    return "0x" + "".join(c.upper() if picks >> place & 1 else c for place, c in enumerate(tail))


@dataclass(frozen=True, slots=True)
class Persona:
    """How a wallet is called on every source."""

    name: str
    pseudonym: str


def persona(wallet: str) -> Persona:
    """The same name for the same wallet, everywhere and on every run."""
    seed = int(digest("name", wallet)[:12], 16)
    adjective, noun = _ADJECTIVES[seed % len(_ADJECTIVES)], _NOUNS[seed // 100 % len(_NOUNS)]
    return Persona(f"{noun.lower()}{seed % 9973}", f"{adjective}-{noun}")


@dataclass(frozen=True, slots=True)
class Execution:
    """One side of a match: who, which token, and at what; ``price`` and ``size`` in millionths."""

    wallet: str
    token: str
    side: str
    price: int
    size: int


@dataclass(frozen=True, slots=True)
class Match:
    """One settlement: a transaction, the instant of the match (ms), and its executions, the taker's first."""

    tx: str
    at_ms: int
    executions: tuple[Execution, ...]

    @property
    def taker(self) -> Execution:
        """Whose order met the others."""
        return self.executions[0]


@dataclass(slots=True)
class Listing:
    """One market. Times in epoch seconds; ``winner`` is the outcome that paid, None while open."""

    condition_id: str
    slug: str
    question: str
    outcomes: tuple[str, ...]
    tokens: tuple[str, ...]
    end_s: float
    start_s: float | None = None
    tick: int = 10_000
    min_size: int = 5 * ONE
    fee_rate: float = 0.0
    volume_24h: float = 250_000.0
    neg_risk: bool = False
    winner: str | None = None
    closed_s: float | None = None
    tags: Sequence[str] = field(default_factory=tuple)

    @property
    def gamma_id(self) -> str:
        """The catalogue's short number of the market."""
        return str(1_000_000 + int(digest("id", self.condition_id)[:8], 16) % 9_000_000)

    def gamma(self, bests: Sequence[tuple[int | None, int | None]]) -> Wire:
        """The market as Gamma shows it; ``bests``: best bid and ask of each token."""
        bid, ask = bests[0] if bests else (None, None)
        wire: Wire = {
            "id": self.gamma_id,
            "question": self.question,
            "conditionId": self.condition_id,
            "slug": self.slug,
            "resolutionSource": "https://data.chain.link/streams/btc-usd" if "updown" in self.slug else "",
            "endDate": _iso(self.end_s),
            "outcomes": json.dumps(list(self.outcomes)),
            "outcomePrices": json.dumps(self._prices(bests)),
            "clobTokenIds": json.dumps(list(self.tokens)),
            "active": True,
            "closed": self.winner is not None,
            "acceptingOrders": self.winner is None,
            "enableOrderBook": True,
            "version": "v1",
            "negRisk": self.neg_risk,
            "volume24hr": self.volume_24h,
            "liquidity": "15000",
            "orderPriceMinTickSize": number(self.tick),
            "orderMinSize": number(self.min_size),
            "feesEnabled": self.fee_rate > 0.0,
            "umaResolutionStatuses": "[]",
            "events": [{"id": self.gamma_id, "slug": self.slug, "negRisk": self.neg_risk}],
        }
        if self.fee_rate > 0.0:
            wire["feeSchedule"] = {"exponent": 1, "rate": self.fee_rate, "takerOnly": True, "rebateRate": 0.2}
        if self.start_s is not None:
            wire["eventStartTime"] = _iso(self.start_s)
        if self.closed_s is not None:
            wire["closedTime"] = _iso(self.closed_s)
        for name, level in (("bestBid", bid), ("bestAsk", ask)):
            if level is not None:
                wire[name] = number(level)
        return wire

    def _prices(self, bests: Sequence[tuple[int | None, int | None]]) -> list[str]:
        if self.winner is not None:
            return ["1" if outcome == self.winner else "0" for outcome in self.outcomes]
        bid, ask = bests[0] if bests else (None, None)
        middle = ((bid or 0) + (ask if ask is not None else ONE)) // 2
        return [text(middle), text(ONE - middle)][: len(self.outcomes)]

    def announced(self, at_ms: int) -> Wire:
        """The ``new_market`` message of the market channel."""
        return {
            "event_type": "new_market",
            "id": self.gamma_id,
            "question": self.question,
            "market": self.condition_id,
            "slug": self.slug,
            "description": self.question,
            "assets_ids": list(self.tokens),
            "outcomes": list(self.outcomes),
            "event_message": {"id": self.gamma_id, "ticker": self.slug, "slug": self.slug, "title": self.question},
            "timestamp": str(at_ms),
            "tags": list(self.tags),
            "condition_id": self.condition_id,
            "active": True,
            "clob_token_ids": list(self.tokens),
            "order_price_min_tick_size": text(self.tick),
            "fees_enabled": self.fee_rate > 0.0,
        }

    def resolved(self, at_ms: int) -> Wire:
        """The ``market_resolved`` message of the market channel."""
        assert self.winner is not None
        return {
            "event_type": "market_resolved",
            "id": self.gamma_id,
            "market": self.condition_id,
            "assets_ids": list(self.tokens),
            "winning_asset_id": self.tokens[self.outcomes.index(self.winner)],
            "winning_outcome": self.winner,
            "timestamp": str(at_ms),
            "tags": list(self.tags),
        }


def activity_row(listing: Listing, match: Match, which: int) -> Wire:
    """An execution as the data API v2 shows it."""
    done = match.executions[which]
    place = listing.tokens.index(done.token)
    called = persona(done.wallet)
    return {
        "proxy_wallet": done.wallet,
        "timestamp": match.at_ms // 1000,
        "condition_id": listing.condition_id,
        "type": "TRADE",
        "size": number(done.size),
        "usdc_size": number(done.size * done.price // ONE),
        "transaction_hash": match.tx,
        "price": number(done.price),
        "token_id": done.token,
        "side": done.side,
        "outcome_index": place,
        "title": listing.question,
        "slug": listing.slug,
        "icon": "",
        "event_slug": listing.slug,
        "outcome": listing.outcomes[place],
        "name": called.name,
        "pseudonym": called.pseudonym,
        "bio": "",
        "profile_image": "",
        "profile_image_optimized": "",
    }


def activity_frame(listing: Listing, match: Match, which: int, *, kind: str, at_ms: int) -> Wire:
    """An execution as RTDS sends it, without the ``connection_id``; ``kind`` is trades or orders_matched."""
    done = match.executions[which]
    place = listing.tokens.index(done.token)
    called = persona(done.wallet)
    payload: Wire = {
        "asset": done.token,
        "bio": "",
        "conditionId": listing.condition_id,
        "eventSlug": listing.slug,
        "icon": "",
        "name": called.name,
        "outcome": listing.outcomes[place],
        "outcomeIndex": place,
        "price": number(done.price),
        "profileImage": "",
        "proxyWallet": mixed_case(done.wallet),
        "pseudonym": called.pseudonym,
        "side": done.side,
        "size": number(done.size),
        "slug": listing.slug,
        "timestamp": match.at_ms // 1000,
        "title": listing.question,
        "transactionHash": match.tx,
    }
    if which == 0 and listing.fee_rate > 0.0:
        p = number(done.price)
        payload["fee"] = round(listing.fee_rate * p * (1 - p) * number(done.size), 5)
    return {"payload": payload, "timestamp": at_ms, "topic": "activity", "type": kind}


def _iso(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))
