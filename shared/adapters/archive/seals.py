"""Seals: what the journal added up to when the ledger was last found in order, kept in the audit bucket.

``hash`` folds every record up to ``seq``, so one seal vouches for all that is older: a record that is missing,
altered or added, at the end too, makes the archive differ from it. The next audit starts from the last seal.
"""

import msgspec
from msgspec import Struct

from shared.adapters.archive.vault import Vault
from shared.domain.errors import Corrupt
from shared.domain.ledger import Position
from shared.engine.projection import Projection

SEALS = "seals/"
HASH_DIGITS = 16


class Seal(Struct, frozen=True):
    """``records``: how many up to ``seq``, the last one of ``at`` (ns). ``balances``: account, asset, amount."""

    account: str
    seq: str
    records: int
    hash: str
    at: int
    balances: tuple[tuple[str, str, int], ...] = ()
    rooms: dict[str, int] = {}
    positions: tuple[Position, ...] = ()
    v: int = 1

    def books(self) -> Projection:
        """Books that go on from here. They know the balances, rooms and positions, but no order of before."""
        books = Projection()
        books.balances = {(account, asset): amount for account, asset, amount in self.balances}
        books.room = dict(self.rooms)
        books.positions = {position.key: position for position in self.positions}
        return books


_decode = msgspec.json.Decoder(Seal).decode


def put_seal(vault: Vault, seal: Seal) -> str:
    """Keep a seal; its name. The same seal again changes nothing."""
    name = f"{SEALS}{seal.account}/{seal.records:012d}.{seal.hash[:HASH_DIGITS]}.json"
    vault.put_once(name, msgspec.json.encode(seal))
    return name


def read_seals(vault: Vault, account: str) -> list[tuple[str, Seal]]:
    """All seals of an account with their names, oldest first; ``Corrupt`` for one that makes no sense."""
    names = vault.names(f"{SEALS}{account}/")
    return [(name, _read(name, content)) for name, content in zip(names, vault.read_all(names), strict=True)]


def last_seal(vault: Vault, account: str) -> Seal | None:
    """The newest seal, or None; ``Corrupt`` when it makes no sense."""
    names = vault.names(f"{SEALS}{account}/")
    return _read(names[-1], vault.read(names[-1])) if names else None


def _read(name: str, content: bytes) -> Seal:
    try:
        return _decode(content)
    except msgspec.DecodeError as error:
        raise Corrupt(f"object {name} is no seal: {error}") from None
