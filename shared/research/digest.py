"""The digest of a run: SHA-256 over every effect in order and the final ledger."""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from shared.domain.effects import Effect
from shared.engine.ledger import Projection

FLUSH_BYTES = 1 << 16


class Digest:
    """Takes effects as they come; equal runs give equal digests on every machine."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._encoder = msgspec.msgpack.Encoder()
        self._buffer = bytearray()

    def add(self, effects: Iterable[Effect]) -> None:
        """Take the effects of one event."""
        for effect in effects:
            self._encoder.encode_into(effect, self._buffer, -1)
        if len(self._buffer) >= FLUSH_BYTES:
            self._hash.update(self._buffer)
            self._buffer.clear()

    def final(self, books: Projection) -> str:
        """The digest, the final balances and positions included."""
        self._hash.update(self._buffer)
        self._buffer.clear()
        whole = self._hash.copy()
        balances = sorted((account, asset, amount) for (account, asset), amount in books.balances.items())
        whole.update(self._encoder.encode((balances, sorted(books.positions.items()))))
        return whole.hexdigest()
