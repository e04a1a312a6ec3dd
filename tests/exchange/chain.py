"""A Polygon node over WebSocket: ``OrderFilled`` logs of the V2 exchanges by subscription and by ``eth_getLogs``."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.exchange.catalogue import ONE, Execution, Match, Wire, digest
from tests.exchange.sockets import Channel, Peer
from tests.exchange.troubles import Troubles

EXCHANGE = "0xe111180000d2663c0091e4f400237545b87b996b"
NEG_RISK_EXCHANGE = "0xe2222d279d744050d28e00520010520000310f59"
ORDER_FILLED = "0xd543adfd945773f1a62f74f0ee55a5e3b9b1a28262980ba90b1a89f2ea84d8ee"
BLOCK_MS = 1_500
FIRST_BLOCK = 80_000_000
RANGE_MAX = 10_000
LOGS_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class _Filter:
    addresses: tuple[str, ...]
    topics: tuple[tuple[str, ...], ...]

    def passes(self, log: Wire) -> bool:
        if self.addresses and log["address"].lower() not in self.addresses:
            return False
        if len(self.topics) > len(log["topics"]):
            return False
        return all(
            not wanted or topic.lower() in wanted for wanted, topic in zip(self.topics, log["topics"], strict=False)
        )


class Chain(Channel):
    """``now_ms`` is the venue's clock; blocks come every 1.5 s of it, and a log stands in the block of its delivery."""

    name = "polygon"

    def __init__(self, troubles: Troubles, now_ms: Callable[[], int]) -> None:
        super().__init__(troubles)
        self._now_ms = now_ms
        self._genesis_ms = now_ms()
        self._logs: list[tuple[int, Wire]] = []
        self._in_block: dict[int, int] = {}
        self._subscriptions = 0

    @property
    def block(self) -> int:
        """Number of the latest block."""
        return self.block_at(self._now_ms())

    def block_at(self, at_ms: int) -> int:
        """Number of the block of an instant."""
        return FIRST_BLOCK + (at_ms - self._genesis_ms) // BLOCK_MS

    # ------------------------------------------------------------------ JSON-RPC

    def message(self, peer: Peer, text: bytes) -> None:
        try:
            asked = json.loads(text)
            number, method, params = asked.get("id"), asked["method"], asked.get("params", [])
        except (ValueError, KeyError, TypeError, AttributeError):
            self.answer(peer, _error(None, -32700, "parse error"))
            return
        try:
            result = self._call(peer, method, params)
        except _RpcError as error:
            self.answer(peer, _error(number, error.code, str(error)))
            return
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            self.answer(peer, _error(number, -32602, f"invalid argument of {method}"))
            return
        self.emit([peer], msgspec.json.encode({"jsonrpc": "2.0", "id": number, "result": result}))

    def _call(self, peer: Peer, method: str, params: Sequence[Any]) -> object:
        match method:
            case "eth_chainId":
                return hex(137)
            case "eth_blockNumber":
                return hex(self.block)
            case "eth_getBlockByNumber":
                return self._block(params[0])
            case "eth_getLogs":
                return self._get_logs(params[0])
            case "eth_subscribe":
                self._subscriptions += 1
                name = "0x" + digest("subscription", self._subscriptions)[:32]
                if params[0] not in ("logs", "newHeads"):
                    raise _RpcError(-32601, f"no {params[0]!r} subscription in eth namespace")
                peer.subscriptions[name] = _filter(params[1]) if params[0] == "logs" else None
                return name
            case "eth_unsubscribe":
                return peer.subscriptions.pop(params[0], self) is not self
        raise _RpcError(-32601, f"the method {method} does not exist/is not available")

    def _block(self, which: str) -> Wire | None:
        number = self._number(which)
        if number > self.block:
            return None
        return {
            "number": hex(number),
            "hash": _block_hash(number),
            "parentHash": _block_hash(number - 1),
            "timestamp": hex((self._genesis_ms + (number - FIRST_BLOCK) * BLOCK_MS) // 1000),
            "transactions": [],
        }

    def _get_logs(self, asked: Wire) -> list[Wire]:
        first, last = self._number(asked.get("fromBlock", "latest")), self._number(asked.get("toBlock", "latest"))
        if last < first:
            raise _RpcError(-32000, "invalid block range params")
        if last - first >= RANGE_MAX:
            raise _RpcError(-32005, f"block range is too wide, the maximum is {RANGE_MAX}")
        wanted = _filter(asked)
        return [log for block, log in self._logs if first <= block <= last and wanted.passes(log)]

    def _number(self, which: str) -> int:
        named = {"latest": self.block, "safe": self.block, "finalized": self.block, "earliest": 0}
        return named[which] if which in named else int(which, 16)

    # ------------------------------------------------------------------ what happens

    def settled(self, match: Match, *, neg_risk: bool = False, quiet: bool = False) -> None:
        """The transaction of a match is in a block now (``quiet``: it was, in the past); one log per execution."""
        address = NEG_RISK_EXCHANGE if neg_risk else EXCHANGE
        block = self.block_at(match.at_ms + 2_200) if quiet else self.block
        for execution in [*match.executions[1:], match.taker]:
            index = self._in_block.get(block, 0)
            self._in_block[block] = index + 1
            log = {
                "address": address,
                "blockHash": _block_hash(block),
                "blockNumber": hex(block),
                "data": _data(execution),
                "logIndex": hex(index),
                "removed": False,
                "topics": [
                    ORDER_FILLED,
                    "0x" + digest("order", match.tx, execution, index),
                    _padded(execution.wallet),
                    _padded(address if execution is match.taker else match.taker.wallet),
                ],
                "transactionHash": match.tx,
                "transactionIndex": "0x1",
            }
            self._logs.append((block, log))
            if not quiet:
                self._tell(log)
        if len(self._logs) > LOGS_KEPT:
            del self._logs[: LOGS_KEPT // 2]
            oldest = min(block for block, _ in self._logs)
            self._in_block = {block: count for block, count in self._in_block.items() if block >= oldest}

    def _tell(self, log: Wire) -> None:
        for peer in list(self.peers.values()):
            for name, wanted in list(peer.subscriptions.items()):
                if wanted is not None and wanted.passes(log):
                    self._notify(peer, name, log, trade=True)

    def new_head(self) -> None:
        """Tell those subscribed to heads of the latest block."""
        for peer in list(self.peers.values()):
            for name, wanted in list(peer.subscriptions.items()):
                if wanted is None:
                    self._notify(peer, name, self._block("latest") or {})

    def _notify(self, peer: Peer, name: str, result: Wire, *, trade: bool = False) -> None:
        note = {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": name, "result": result}}
        self.emit([peer], msgspec.json.encode(note), trade=trade)


class _RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _filter(asked: Wire) -> _Filter:
    addresses, topics = asked.get("address", []), asked.get("topics", [])
    return _Filter(
        tuple(one.lower() for one in ([addresses] if isinstance(addresses, str) else addresses)),
        tuple(tuple(t.lower() for t in ([one] if isinstance(one, str) else one or [])) for one in topics),
    )


def _data(execution: Execution) -> str:
    """Side, token, amounts given and taken, fee, builder and metadata: seven words of 32 bytes."""
    usd = execution.size * execution.price // ONE
    buys = execution.side == "BUY"
    amounts = (usd, execution.size) if buys else (execution.size, usd)
    words = (0 if buys else 1, int(execution.token), *amounts, 0, 0, 0)
    return "0x" + "".join(f"{word:064x}" for word in words)


def _padded(address: str) -> str:
    return "0x" + address.removeprefix("0x").lower().zfill(64)


def _block_hash(number: int) -> str:
    return "0x" + digest("block", number)


def _error(number: object, code: int, message: str) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})
