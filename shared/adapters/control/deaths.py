"""What follows from a trader's death: everything open is cancelled and people are told, once for each death."""

import time
from collections.abc import Callable

from shared.adapters.control.place import Place
from shared.adapters.control.stopping import CLOCKS_APART_NS
from shared.adapters.control.watching import SILENT_NS, Pulse
from shared.adapters.dynamo.once import claim, finish
from shared.domain.instants import iso
from shared.domain.notice import Notice
from shared.ports import Notifier

NAME = "trader_silent"


def acted_on(found: Pulse, place: Place, notifier: Notifier, now: Callable[[], int] = time.time_ns) -> bool:
    """Act on a death, unless somebody has or does; whether it was us. ``Temporary`` when it could not be done: the next
    run does it. The switch stays as it is. A death is known by its last heartbeat, and so are the words about it.
    """
    tables, account, name = place.readers.tables, place.account, f"death#{found.written_at}"
    if not claim(tables, account, name, now()):
        return False
    reason = f"no heartbeat since {iso(found.written_at)[:19]}Z"
    # A trader that hangs may have planned until now.
    place.canceller.cancel_all(now() + CLOCKS_APART_NS, reason)
    text = f"{reason}: all open orders are cancelled; the next trader goes on by itself once it has reconciled"
    notifier.notify(Notice(account, 1, NAME, text, found.written_at + SILENT_NS, "watch_trader"))
    finish(tables, account, name, now())
    return True
