"""Frames spoiled in the ways wires, proxies and other people's programs spoil them."""

import random
from collections.abc import Iterator

HOSTILE = (
    b"-",
    b"0",
    b"9",
    b".",
    b'"',
    b"null",
    b"NaN",
    b"1e9",
    b"\xff",
    b"\x00",
    b"{",
    b"]",
    b",",
    b"0x",
    b" ",
    "٣".encode(),
)


def mutated(frame: bytes, count: int, seed: int) -> Iterator[bytes]:
    """The frame, ``count`` times, each time with one to three bytes or pieces changed, lost, doubled or cut off."""
    chance = random.Random(seed)
    for _ in range(count):
        spoiled = bytearray(frame)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(spoiled) or 1)
            match chance.randrange(6):
                case 0 if spoiled:
                    spoiled[at] = chance.randrange(256)
                case 1:
                    del spoiled[at : at + chance.randint(1, 8)]
                case 2:
                    spoiled[at:at] = chance.choice(HOSTILE)
                case 3:
                    spoiled[at:at] = spoiled[at : at + chance.randint(1, 16)]
                case 4 if spoiled:
                    spoiled[at : at + 1] = str(chance.randrange(10)).encode()
                case _ if chance.random() < 0.2:
                    del spoiled[at:]
        yield bytes(spoiled)
