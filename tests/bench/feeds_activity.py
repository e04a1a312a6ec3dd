"""Frames of the activity stream a second, through the door the socket uses, with 500 followed wallets on one core.

Every message comes over three sockets, one in a hundred is by a followed wallet, as takers and makers trade: a match
is two ``trades`` and one ``orders_matched``. The peers read every frame with another parser and then do the same.
Seconds are the processor's own: what else runs on the machine must not look like our cost.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
from polymarket.models.data.activity import Trade

from shared.adapters.polymarket.rtds import Activity
from shared.adapters.polymarket.rtds_fills import Fills
from shared.adapters.polymarket.rtds_frames import watch_list
from shared.domain.instants import SECOND

Row = dict[str, object]
Frames = list[tuple[bytes, int]]
Read = Callable[[bytes], str]

FOLLOWED = 500
SOCKETS = 3
MATCHES = 5_000
FOLLOWED_PER_MILLE = 10
PASSES = 7
PEER_FRAMES = 9_000
NOW_S = 1_790_272_258
AT = NOW_S * SECOND

_SNAKE = {
    "proxyWallet": "proxy_wallet",
    "asset": "token_id",
    "conditionId": "condition_id",
    "transactionHash": "transaction_hash",
    "eventSlug": "event_slug",
    "outcomeIndex": "outcome_index",
    "profileImage": "profile_image",
}


def rows() -> list[Row]:
    """Rows of `make bench`, measured in a process of its own that stays on one core."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench.feeds_activity"], check=True, capture_output=True, text=True
    )
    found: list[Row] = json.loads(run.stdout)
    return found


def _checksummed(rng: random.Random) -> str:
    """An address in the mixed case of the wire."""
    return "0x" + "".join(rng.choice((one, one.upper())) for one in f"{rng.getrandbits(160):040x}")


def _message(rng: random.Random, wallet: str, tx: str, kind: str, size: float) -> dict[str, Any]:
    """As the recorded frames are: the same fields in the same order, about as long."""
    slug = f"btc-updown-5m-{NOW_S // 300 * 300}"
    return {
        "payload": {
            "asset": str(rng.getrandbits(255)),
            "bio": "",
            "conditionId": f"0x{rng.getrandbits(256):064x}",
            "eventSlug": slug,
            "fee": 0.20292,
            "icon": "https://polymarket-upload.s3.us-east-2.amazonaws.com/BTC+fullsize.png",
            "name": f"trader{rng.getrandbits(20)}",
            "outcome": "Up",
            "outcomeIndex": 0,
            "price": rng.randrange(1, 100) / 100,
            "profileImage": "",
            "proxyWallet": wallet,
            "pseudonym": "Agile-Analogy",
            "side": "BUY",
            "size": size,
            "slug": slug,
            "timestamp": NOW_S - 2,
            "title": "Bitcoin Up or Down - September 24, 8:55PM-9:00PM ET",
            "transactionHash": tx,
        },
        "timestamp": NOW_S * 1000 - rng.randrange(2000),
        "topic": "activity",
        "type": kind,
    }


def frames(rng: random.Random, followed: list[str]) -> Frames:
    """What three sockets bring of the same matches, interleaved, with the connection of each frame."""
    found: Frames = []
    for _ in range(MATCHES):
        tx, size = f"0x{rng.getrandbits(256):064x}", rng.randrange(100, 10**7) / 10**4
        taker, maker = (
            rng.choice(followed) if rng.randrange(1000) < FOLLOWED_PER_MILLE else _checksummed(rng) for _ in range(2)
        )
        for wallet, kind in ((taker, "orders_matched"), (taker, "trades"), (maker, "trades")):
            body = json.dumps(_message(rng, wallet, tx, kind, size), separators=(",", ":")).encode()
            for connection in range(1, SOCKETS + 1):
                found.append((b'{"connection_id":"gbeUfq-crWeIKABx%d==",' % connection + body[1:], connection))
    return found


def _activity(followed: list[str], heard: list[object]) -> Activity:
    watched = watch_list(followed)
    return Activity("", heard.append, lambda: AT, 1, watched=watched, fills=Fills("rtds"))


def _speed(stream: Frames, followed: list[str], read: Read | None = None) -> tuple[float, int]:
    """Median frames a second of several passes, and how many trades were heard in each."""
    speeds, counts = [], []
    lower = dict.fromkeys(wallet.lower() for wallet in followed)
    for _ in range(PASSES):
        heard: list[object] = []
        take = _activity(followed, heard).frame
        began = time.process_time()
        if read is None:
            for data, connection in stream:
                take(data, connection, AT)
        else:
            for data, connection in stream:
                if read(data) in lower:
                    take(data, connection, AT)
        speeds.append(len(stream) / (time.process_time() - began))
        counts.append(len(heard))
    return statistics.median(speeds), counts[0]


def _by_json(data: bytes) -> str:
    wallet: str = json.loads(data)["payload"]["proxyWallet"]
    return wallet.lower()


def _by_msgspec(data: bytes) -> str:
    wallet: str = msgspec.json.decode(data)["payload"]["proxyWallet"]
    return wallet.lower()


def _by_client(data: bytes) -> str:
    payload = json.loads(data)["payload"]
    return Trade.model_validate({_SNAKE.get(name, name): value for name, value in payload.items()}).wallet.lower()


def measure() -> list[Row]:
    """Ours over everything; each peer over the beginning of the same frames, because the client takes its time."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rng = random.Random(4)
    followed = [_checksummed(rng) for _ in range(FOLLOWED)]
    stream = frames(rng, followed)
    speed, heard = _speed(stream, followed)
    # Every followed fill is heard once, however many sockets and kinds of messages bring it.
    assert 0 < heard < len(stream) * FOLLOWED_PER_MILLE / 1000
    part = stream[:PEER_FRAMES]
    _, same = _speed(part, followed)
    measured: list[Row] = []
    for peer, read in (
        ("json.loads, then ours", _by_json),
        ("msgspec untyped, then ours", _by_msgspec),
        ("polymarket-client's Trade (it has no activity stream), then ours", _by_client),
    ):
        peer_speed, peer_heard = _speed(part, followed, read)
        assert peer_heard == same
        measured.append(
            {
                "name": f"activity frames, {FOLLOWED} followed wallets, {len(stream[0][0])} bytes",
                "value": round(speed),
                "unit": "frames/s",
                "peer": peer,
                "peer_value": round(peer_speed),
                "ratio": round(speed / peer_speed, 2),
            }
        )
    return measured


if __name__ == "__main__":
    print(json.dumps(measure()))
