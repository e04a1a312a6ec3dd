"""RTDS: the activity stream with wallets, and the legacy price topics, as of polymarket.md 5.3."""

import asyncio
import base64
import json
from collections.abc import Iterable

import msgspec

from tests.exchange.catalogue import Wire, digest
from tests.exchange.sockets import Channel, Peer

PING_REQUIRED_S = 240.0
"""Without a text PING for this long a connection falls silent, as the real one does after 228-360 s."""


class Rtds(Channel):
    """Subscriptions are (topic, type) with an optional filter; nothing is acknowledged, PING gets an empty frame."""

    name = "rtds"

    def opened(self, peer: Peer) -> None:
        peer.about["id"] = base64.b64encode(digest("connection", peer.number).encode()[:14])
        self._expect_ping(peer)

    def message(self, peer: Peer, text: bytes) -> None:
        if text == b"PING":
            self._expect_ping(peer)
            self.answer(peer, b"")
            return
        try:
            asked = json.loads(text)
            wanted = [
                (f"{item['topic']}/{item.get('type', '*')}", _filter(item.get("filters", "")))
                for item in asked["subscriptions"]
            ]
        except (ValueError, KeyError, TypeError):
            self.answer(peer, b'{"message":"Invalid request body","statusCode":400}')
            return
        for name, passing in wanted:
            if asked.get("action") == "unsubscribe":
                peer.subscriptions.pop(name, None)
            else:
                peer.subscriptions[name] = passing

    def publish(self, frame: Wire, *, trade: bool = False) -> None:
        """Send a frame to everyone subscribed to its topic and type."""
        body = msgspec.json.encode(frame)
        for peer in self._wanting(frame):
            self.emit([peer], b'{"connection_id":"' + peer.about["id"] + b'",' + body[1:], trade=trade)

    def _wanting(self, frame: Wire) -> Iterable[Peer]:
        topic, payload = frame["topic"], frame["payload"]
        for peer in list(self.peers.values()):
            for kind in (frame["type"], "*"):
                wanted = peer.subscriptions.get(f"{topic}/{kind}")
                if wanted is not None and _passes(wanted, payload):
                    yield peer
                    break

    def _expect_ping(self, peer: Peer) -> None:
        """Start the time anew within which the next PING must come."""
        waiting = peer.about.pop("waiting", None)
        if waiting is not None:
            waiting.cancel()
            peer.timers.remove(waiting)
        peer.about["waiting"] = asyncio.get_running_loop().call_later(PING_REQUIRED_S, self._mute, peer)
        peer.timers.append(peer.about["waiting"])

    @staticmethod
    def _mute(peer: Peer) -> None:
        peer.muted = True


def _filter(filters: object) -> Wire:
    """A filter is a JSON object as a string; prices may name symbols with commas."""
    if not isinstance(filters, str) or not filters:
        return {}
    if not filters.startswith("{"):
        return {"symbol": filters.split(",")}
    wanted = json.loads(filters)
    return wanted if isinstance(wanted, dict) else {}


def _passes(wanted: Wire, payload: Wire) -> bool:
    names = {"event_slug": "eventSlug", "market_slug": "slug", "symbol": "symbol"}
    for name, value in wanted.items():
        field = names.get(name)
        if field is not None and payload.get(field) not in (value if isinstance(value, list) else [value]):
            return False
    return True
