"""A node on loopback that holds the blocks and logs a test gives it, and answers as it is told."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from shared.adapters.chain.logs import EXCHANGES, ORDER_FILLED
from shared.adapters.polymarket.fields import show

WALLET = "0x" + "a1" * 20
OTHER = "0x" + "b2" * 20
TOKEN = "86773034724744448744514889729172499268401134795843352779107239076687775715536"
FIRST = 80_000_000
FIRST_AT_S = 1_790_000_000
Log = dict[str, Any]


def word(number: int) -> str:
    return f"{number:064x}"


def block_hash(number: int, branch: int = 0) -> str:
    return "0x" + word(number * 1000 + branch)


def log(
    block: int,
    index: int,
    *,
    wallet: str = WALLET,
    tx: int = 7,
    order: int = 5,
    side: int = 0,
    made: int = 1_948_500,
    taken: int = 4_330_000,
    token: str = TOKEN,
    branch: int = 0,
    **changed: object,
) -> Log:
    """A fill as a node writes it; by default the 4.33 shares at 0.45 of polymarket.md 5.3."""
    words = (side, int(token), made, taken, 0, 0, 0)
    return {
        "address": EXCHANGES[0],
        "topics": [ORDER_FILLED, "0x" + word(order), "0x" + word(int(wallet, 16)), "0x" + word(int(EXCHANGES[0], 16))],
        "data": "0x" + "".join(map(word, words)),
        "blockNumber": hex(block),
        "blockHash": block_hash(block, branch),
        "transactionHash": "0x" + word(tx),
        "transactionIndex": "0x1",
        "logIndex": hex(index),
        "removed": False,
        **changed,
    }


def at_s(block: int) -> int:
    return FIRST_AT_S + 2 * (block - FIRST)


def head(block: int) -> dict[str, str]:
    return {"number": hex(block), "timestamp": hex(at_s(block)), "hash": block_hash(block)}


class Node:
    """``refuse`` answers an error message for a request, or None to serve it."""

    def __init__(self) -> None:
        self.wires: list[ServerConnection] = []
        self.calls: list[tuple[str, list[Any]]] = []
        self.block = FIRST
        self.logs: list[Log] = []
        self.refuse: Callable[[str, list[Any]], str | None] = lambda method, params: None
        self.mute: tuple[str, ...] = ()
        """Methods that are never answered."""
        self._subscriptions: dict[str, tuple[ServerConnection, Any]] = {}

    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    def filters(self) -> list[list[str]]:
        """The wallets of every live subscription to logs."""
        return [
            ["0x" + topic[26:] for topic in params["topics"][2]]
            for wire, params in self._subscriptions.values()
            if params and wire in self.wires
        ]

    async def talk(self, wire: ServerConnection) -> None:
        self.wires.append(wire)
        try:
            with contextlib.suppress(ConnectionClosed):
                async for message in wire:
                    asked = json.loads(message)
                    await self._answer(wire, asked["id"], asked["method"], asked["params"])
        finally:
            self.wires.remove(wire)

    async def _answer(self, wire: ServerConnection, number: int, method: str, params: list[Any]) -> None:
        self.calls.append((method, params))
        if method in self.mute:
            return
        said = self.refuse(method, params)
        body = {"error": {"code": -32000, "message": said}} if said else {"result": self._result(wire, method, params)}
        await wire.send(json.dumps({"jsonrpc": "2.0", "id": number, **body}))

    def _result(self, wire: ServerConnection, method: str, params: list[Any]) -> object:
        match method:
            case "eth_subscribe":
                name = hex(len(self.calls))
                self._subscriptions[name] = (wire, params[1] if params[0] == "logs" else None)
                return name
            case "eth_unsubscribe":
                return self._subscriptions.pop(params[0], None) is not None
            case "eth_blockNumber":
                return hex(self.block)
            case "eth_getBlockByNumber":
                number = int(params[0], 16)
                return head(number) if number <= self.block else None
            case "eth_getLogs":
                first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
                return [
                    one for one in self.logs if first <= int(one["blockNumber"], 16) <= last and _passes(one, params[0])
                ]
        raise AssertionError(f"the node was asked for {show(method)}")

    async def mine(self, *logs: Log, say_head: bool = True, say_logs: bool = True) -> None:
        """One more block with these logs, told as a node tells them: logs first, then the header."""
        self.block += 1
        self.logs += logs
        if say_logs:
            for one in logs:
                await self.tell(one)
        if say_head:
            await self._tell(head(self.block), lambda params: params is None)

    async def tell(self, one: Log) -> None:
        await self._tell(one, lambda params: params is not None and _passes(one, params))

    async def _tell(self, result: object, wanted: Callable[[Any], bool]) -> None:
        for name, (wire, params) in list(self._subscriptions.items()):
            if wire in self.wires and wanted(params):
                news = {"method": "eth_subscription", "params": {"subscription": name, "result": result}}
                await wire.send(json.dumps({"jsonrpc": "2.0", **news}))


def _passes(one: Log, wanted: dict[str, Any]) -> bool:
    topics = wanted["topics"]
    return (
        one["address"] in wanted["address"]
        and one["topics"][0] == topics[0]
        and topics[1] is None
        and one["topics"][2] in topics[2]
    )
