"""What goes over the socket between a paper venue and those who trade at it: typed, tagged messages in frames.

A frame is four bytes of length (big-endian) and a body of MessagePack. A client says ``Hello`` once, then sends one
request at a time and gets one reply to each. Times are nanoseconds, money and shares millionths, as everywhere.
"""

from msgspec import DecodeError, Struct
from msgspec.msgpack import Decoder, Encoder

from shared.adapters.paper.orders import VenueSettings
from shared.domain.errors import BadInput
from shared.domain.market import Market
from shared.domain.money import Shares
from shared.domain.order import Order
from shared.domain.reports import Reports
from shared.ports import Answer, Shown

LOOPBACK = "127.0.0.1"
HEADER = 4
MOST_ASKED = 16 * 1024 * 1024
"""Bytes of the largest frame to the venue."""
MOST_SAID = 512 * 1024 * 1024
"""Bytes of the largest frame from it: the executions of months, when a trader that has just started asks for all."""
VERSION = 1


class Hello(Struct, frozen=True, tag=True):
    """The first frame of a connection. ``session`` names one life of a client, over all its connections."""

    session: str
    v: int = VERSION


class Submit(Struct, frozen=True, tag=True):
    """Send orders: one as such, several as a batch."""

    orders: tuple[Order, ...]
    at: int


class Cancel(Struct, frozen=True, tag=True):
    """Ask for a cancel."""

    order_key: str
    at: int


class CancelMarket(Struct, frozen=True, tag=True):
    """Ask to cancel all that is open in a market, or (an empty name) everywhere."""

    market: str
    at: int


class Query(Struct, frozen=True, tag=True):
    """Ask what became of an order."""

    order_key: str
    at: int


class AskReports(Struct, frozen=True, tag=True):
    """Ask for everything, executions and ends since an instant."""

    at: int
    since: int


class Redeem(Struct, frozen=True, tag=True):
    """Have the shares of a resolved market paid out."""

    market: str
    at: int


class Merge(Struct, frozen=True, tag=True):
    """Have shares of each outcome turned into dollars, once per ``ref``."""

    market: str
    size: Shares
    ref: str
    at: int


class Deposit(Struct, frozen=True, tag=True):
    """Micro-dollars come into the wallet, once per ``ref``."""

    ref: str
    amount: int
    at: int


class Know(Struct, frozen=True, tag=True):
    """What is public of markets."""

    markets: tuple[Market, ...]


class Show(Struct, frozen=True, tag=True):
    """What happened, each with its instant, and how far time has come."""

    batch: list[tuple[int, Shown]]
    until: int


Call = Submit | Cancel | CancelMarket | Query | AskReports | Redeem | Merge | Deposit | Know | Show


class Request(Struct, frozen=True, tag=True):
    """One call. ``number`` grows with every call of a session; a repeated one keeps its number and is made once.

    ``heard``: the number of the last answer that has reached the client: up to it, none need be told again.
    """

    number: int
    heard: int
    call: Call


Asked = Hello | Request


class Welcome(Struct, frozen=True, tag=True):
    """The reply to ``Hello``. ``life`` names this run of the server: a new one knows only what is in its log."""

    life: str
    settings: VenueSettings


class Reply(Struct, frozen=True, tag=True):
    """The reply to a request. ``answers``: all that the client has not heard yet, numbered from ``first``.

    ``open_tokens``: where an order waits to be met; ``busy``: whether anything is under way in venue time.
    """

    number: int
    first: int
    answers: list[Answer]
    open_tokens: tuple[str, ...]
    busy: bool
    reports: Reports | None = None


class Unusable(Struct, frozen=True, tag=True):
    """The reply to a frame that was not acted upon, and why, in one sentence."""

    reason: str


Said = Welcome | Reply | Unusable

_encode = Encoder().encode
_asked: Decoder[Asked] = Decoder(Asked)
_said: Decoder[Said] = Decoder(Said)


def framed(message: Asked | Said) -> bytes:
    """The message as a frame."""
    body = _encode(message)
    return len(body).to_bytes(HEADER, "big") + body


def size_of(header: bytes, most: int) -> int:
    """The length of the body that follows a header; ``BadInput`` where it is longer than ``most``."""
    size = int.from_bytes(header, "big")
    if size > most:
        raise BadInput(f"a frame has {size} bytes, but may have {most} at most")
    return size


def asked(body: bytes) -> Asked:
    """What a client asks; ``BadInput`` names what is wrong with it."""
    try:
        return _asked.decode(body)
    except (DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"a frame of {len(body)} bytes is no request: {error}") from None


def said(body: bytes) -> Said:
    """What the venue says; ``BadInput`` names what is wrong with it."""
    try:
        return _said.decode(body)
    except (DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"a frame of {len(body)} bytes is no reply: {error}") from None
