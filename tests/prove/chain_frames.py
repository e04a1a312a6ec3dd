"""The chain under mutated frames: news of a subscription, and answers to the question for logs after a gap.

``ChainNews`` is a session whose last blocks are known; ``ChainAnswers`` is a back-fill that gets one answer.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, cast

import msgspec

from shared.adapters.chain.backlog import Backlog
from shared.adapters.chain.fills import Fills
from shared.adapters.chain.logs import Filled, filled
from shared.adapters.chain.rpc import Rpc, frame_of
from shared.adapters.chain.session import HEADS_AHEAD_MAX, ChainDialect
from shared.adapters.sockets import Sparing, Voice
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from shared.domain.messages import NoticeKind, WhaleTrade
from shared.ports import Heard
from tests.shared.adapters.chain import node
from tests.shared.adapters.chain.slow import fill_of, number_of, time_of
from tests.shared.adapters.slow import content_of

NOW = (node.FIRST_AT_S + 30) * SECOND
CONNECTION = 3
LATER_S = node.FIRST_AT_S + 1_000
"""When blocks happened whose time nobody told."""
B = node.FIRST
Claim = tuple[Any, ...]


class NotingFills(Fills):
    """Notes every block's time it is told."""

    noted: list[tuple[int, int]]

    def block(self, number: int, at: int) -> None:
        self.noted.append((number, at))
        super().block(number, at)


class _Task:
    """A job nobody runs: the question it would ask belongs to ``ChainAnswers``."""

    def add_done_callback(self, done: object) -> None:
        """It is never done."""


class ChainNews:
    """Logs and heads, and answers nobody waits for."""

    name = "chain news"

    def __init__(self) -> None:
        self._said = 0
        self._asked = 0
        sell = node.log(B, 1, side=1, made=4_330_000, taken=1_948_500, tx=8)
        dated = node.log(B + 1, 2, tx=9, blockTimestamp=hex(node.at_s(B + 1)))
        news = [node.log(B, 3), sell, dated, node.log(B + 2, 0, tx=10, order=6), node.head(B + 1)]
        refusal = {"jsonrpc": "2.0", "id": 5, "error": {"code": -32005, "message": "limit exceeded"}}
        answers: list[object] = [{"jsonrpc": "2.0", "id": 4, "result": "0x9ce59a13059e417087c02d3236a0b1cc"}, refusal]
        self._seeds = [_news(one) for one in news] + [_bytes(one) for one in answers]

    def seeds(self) -> list[bytes]:
        return self._seeds

    def accepted(self) -> bool:
        return self._said > 0

    def problem(self, frame: bytes) -> str:
        heard: list[Heard] = []
        voice = Voice("polygon", heard.append, lambda: NOW)
        fills = NotingFills("polygon", heard.append, voice, _market_of, {node.WALLET: None})
        fills.noted = []
        refusals, rpc = Sparing(voice, NoticeKind.REFUSED, lambda: NOW), Rpc(_unsent)
        dialect = ChainDialect("polygon", "wss://node", voice, refusals, fills, rpc, _nap, self._spawn)
        dialect.frame(_news(node.head(B)), CONNECTION, NOW)
        fills.noted.clear()
        self._asked = 0
        dialect.frame(frame, CONNECTION, NOW)
        claims = [("block", number, at) for number, at in fills.noted]
        fill, block = _read(frame)
        times = {B: node.at_s(B)}
        if fill is not None:
            if not fills.knows(fill.block):
                fills.block(fill.block, LATER_S * SECOND)
            told_s = LATER_S if fill.at is None else fill.at // SECOND
            times = {fill.block: told_s} | (times if fill.at is None else {})
        trades = [one for one in heard if isinstance(one.payload, WhaleTrade)]
        self._said = len(trades) + len(claims)
        for one in trades:
            if fill is None or _facts(one) != _claim(fill, times[fill.block]):
                return f"accepted {_facts(one)}, where the frame says {fill}"
        if self._asked and not trades:
            return f"a fill waits for its block's time, where the frame says {fill}"
        allowed = [block] if fill is None else [("block", fill.block, fill.at)]
        for claim in claims:
            if claim not in allowed:
                return f"accepted {claim}, where the frame says {allowed}"
        counts = sum(msgspec.to_builtins(fills.counts).values()) + refusals.total + rpc.unexpected + self._asked
        return "" if self._said or counts else "nothing was taken, and nothing counted it"

    def _spawn(self, job: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        job.close()
        self._asked += 1
        return cast("asyncio.Task[None]", _Task())


class ChainAnswers:
    """The answer to ``eth_getLogs``: a range counts as read only when the answer is one, each log taken or refused."""

    name = "chain answers"

    def __init__(self) -> None:
        self._said = 0
        some = [node.log(B, 3), node.log(B + 1, 1, side=1, made=4_330_000, taken=1_948_500, tx=8)]
        refusal = {"code": -32000, "message": "invalid block range params"}
        results: list[dict[str, object]] = [{"result": some}, {"result": some[:1]}, {"result": []}, {"error": refusal}]
        self._seeds = [_bytes({"jsonrpc": "2.0", "id": 1, **one}) for one in results]

    def seeds(self) -> list[bytes]:
        return self._seeds

    def accepted(self) -> bool:
        return self._said > 0

    def problem(self, frame: bytes) -> str:
        return asyncio.run(self._problem(frame))

    async def _problem(self, frame: bytes) -> str:
        sent = 0
        taken: Counter[Claim] = Counter()
        refused = 0

        async def send(text: str) -> None:
            nonlocal sent
            sent += 1
            if sent > 1:
                rpc.lost("one answer is enough")
                return
            try:
                rpc.answered(frame_of(frame), NOW)
            except BadInput:
                return

        def take(log: bytes, received_at: int) -> None:
            nonlocal refused
            try:
                taken[_said_by(filled(log))] += 1
            except BadInput:
                refused += 1

        rpc = Rpc(send, timeout_s=0)
        rpc.opened()
        backlog = Backlog(Voice("polygon", lambda heard: None, lambda: NOW), _nap)
        backlog.add(B, B + 9)
        with suppress(Temporary):
            await backlog.read(rpc, lambda: [node.WALLET], 300, take)
        self._said = taken.total()
        logs = _logs(frame)
        said: Counter[Claim] = Counter(_said_by(fill) for log in logs or [] if (fill := _fill_or_none(log)) is not None)
        for claim in taken - said:
            return f"accepted {claim}, which the answer does not say (so often)"
        if not backlog.ranges and logs is None:
            return "the blocks count as read, by an answer that says nothing of them"
        if not backlog.ranges and taken.total() + refused != len(logs or []):
            return f"{len(logs or [])} logs came, {taken.total()} were taken and {refused} refused"
        return ""


def _bytes(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _news(result: object) -> bytes:
    """As a node writes news of a subscription."""
    params = {"subscription": "0x9ce59a13059e417087c02d3236a0b1cc", "result": result}
    return _bytes({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})


def _market_of(token: str) -> str:
    return f"market of {token}"


async def _unsent(text: str) -> None:
    raise AssertionError(f"nothing is to be sent: {text}")


async def _nap(seconds: float) -> None:
    """No time passes."""


def _facts(heard: Heard) -> Claim:
    return (heard.payload, heard.received_at, heard.venue_at)


def _claim(fill: Filled, at_s: int) -> Claim:
    """What must be heard of a fill that was told."""
    market = _market_of(fill.token)
    trade = WhaleTrade(fill.wallet, market, fill.token, fill.side, fill.price, fill.size, fill.tx, CONNECTION)
    return (trade, NOW, at_s * SECOND)


def _said_by(fill: Filled) -> Claim:
    return tuple(msgspec.structs.astuple(fill))


# ---------------------------------------------------------------------- the slow parser


def _read(frame: bytes) -> tuple[Filled | None, Claim | None]:
    """The fill a frame of news says, or the block's time it says."""
    try:
        result = content_of(frame)["params"]["result"]
    except (ValueError, LookupError, TypeError):
        return None, None
    fill = _fill_or_none(result)
    if fill is not None:
        return fill, None
    try:
        number, at = number_of(result["number"]), time_of(result["timestamp"])
    except (ValueError, LookupError, TypeError):
        return None, None
    return None, ("block", number, at) if number <= B + HEADS_AHEAD_MAX else None


def _fill_or_none(log: object) -> Filled | None:
    try:
        return fill_of(log)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _logs(frame: bytes) -> list[object] | None:
    """The logs of an answer to the first question; None when it is none."""
    try:
        answer = content_of(frame)
    except ValueError:
        return None
    if not isinstance(answer, dict) or answer.get("id") != 1 or answer.get("error") is not None:
        return None
    result = answer.get("result")
    return result if isinstance(result, list) else None
