"""The lease as the drivers know it, and the right to act where nobody else can have it."""

from msgspec import Struct

LEASE = "lease"
"""The feed whose health says whether the account is ours to act for."""


class Uncontested(Struct, frozen=True):
    """The right to act where nobody else can have it: recordings, and books that live in this process alone."""

    vouched: bool = True
    lost: bool = False


UNCONTESTED = Uncontested()
