"""Where AWS is. Apart from everything that talks to it, so that naming it costs no import."""

from msgspec import Struct


class Endpoint(Struct, frozen=True):
    """``host`` None means AWS itself; keys only for the embedded server (empty: the usual chain)."""

    region: str
    host: str | None = None
    key_id: str = ""
    secret: str = ""
