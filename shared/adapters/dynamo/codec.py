"""Domain structs as item bodies (JSON with exact integers), and the names of items."""

import msgspec

from shared.domain.command import Command
from shared.domain.decision import Decision
from shared.domain.instants import SECOND, iso, iso_day
from shared.domain.ledger import Position, Posting, Record
from shared.domain.market import Market
from shared.domain.order import Order
from shared.ports import Switch

COMMAND = "command#"

_ENCODER = msgspec.json.Encoder()
decode_record = msgspec.json.Decoder(Record).decode
decode_order = msgspec.json.Decoder(Order).decode
decode_position = msgspec.json.Decoder(Position).decode
decode_posting = msgspec.json.Decoder(Posting).decode
decode_decision = msgspec.json.Decoder(Decision).decode
decode_market = msgspec.json.Decoder(Market).decode
decode_command = msgspec.json.Decoder(Command).decode
decode_switch = msgspec.json.Decoder(Switch).decode


def body_of(thing: object) -> str:
    """The JSON text of a struct or of plain data."""
    return _ENCODER.encode(thing).decode()


def account_day(account: str, at: int) -> str:
    """``<account>#<UTC date>``."""
    return f"{account}#{iso_day(at)}"


def moment(at: int) -> str:
    """ISO-8601 UTC with nine decimals, so that text order is time order to the nanosecond."""
    return f"{iso(at)[:19]}.{at % SECOND:09d}Z"


def open_name(account: str) -> str:
    """The value of the sparse attribute that marks orders which are not final."""
    return f"open#{account}"
