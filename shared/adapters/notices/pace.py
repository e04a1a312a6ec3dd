"""How much one channel tells: so many messages within any minute, so that a flood does not bury what matters."""

import msgspec

from shared.adapters.notices.items import Keeping, change
from shared.domain.instants import HOUR, MINUTE

PER_MINUTE = 20
ITEM = "notice-pace#"
_DECODER = msgspec.json.Decoder(tuple[int, ...])


def take_room(items: Keeping, channel: str, now: int, *, always: bool) -> int:
    """Take room for one message on a channel: 0 when there is some (or ``always``), else the instant (nanoseconds) from
    which on there will be.
    """
    free_at = 0

    def sent_now(body: str) -> str | None:
        nonlocal free_at
        sent = tuple(at for at in (_DECODER.decode(body) if body else ()) if now - at < MINUTE)
        full = len(sent) >= PER_MINUTE and not always
        free_at = sent[-PER_MINUTE] + MINUTE if full else 0
        return None if full else msgspec.json.encode((*sent, now)[-2 * PER_MINUTE :]).decode()

    change(items, f"{ITEM}{channel}", sent_now, now + HOUR)
    return free_at
