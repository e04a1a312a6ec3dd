"""What stands wrong from one run of a watching function to the next, and when people are to hear of it.

A thing is told once it has stood for some time in every run since it was first seen, and again while it goes on. The
memory is one item of table ``control``; of two runs at once the second one's is refused. What both have told then is
the same notice, word for word, because it is dated by when the thing was first seen: for people it is one.
"""

import msgspec
from msgspec import Struct
from pynamodb.exceptions import PutError

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import FAILED, code_of, patiently
from shared.adapters.dynamo.tables import Tables
from shared.domain.errors import Corrupt
from shared.domain.instants import iso
from shared.domain.notice import Notice
from shared.ports import Notifier

AUDIT = "audit#"


class Wrong(Struct, frozen=True):
    """A thing as a run sees it: ``subject`` names it for good, ``text`` says it."""

    subject: str
    severity: int
    name: str
    text: str


class Since(Struct, frozen=True):
    """When a thing was first seen and when people were last told (0: never), in nanoseconds."""

    seen_at: int
    told_at: int = 0


class Memory(Struct, frozen=True):
    """What a run leaves to the next. ``more`` is the function's own JSON."""

    at: int = 0
    since: dict[str, Since] = {}
    more: str = ""


_decode = msgspec.json.Decoder(Memory).decode


def stand(memory: Memory, wrong: list[Wrong], now: int, after_ns: int, again_ns: int) -> tuple[Memory, list[Wrong]]:
    """What stands wrong now: the memory for the next run, and what is to be told."""
    since: dict[str, Since] = {}
    due = []
    for one in wrong:
        known = memory.since.get(one.subject, Since(now))
        stood = now - known.seen_at >= after_ns
        if stood and (not known.told_at or now - known.told_at >= again_ns):
            due.append(one)
            known = Since(known.seen_at, now)
        since[one.subject] = known
    return Memory(now, since, memory.more), due


def tell(account: str, source: str, memory: Memory, due: list[Wrong], notifier: Notifier) -> None:
    """One notice for each thing that is due."""
    for one in due:
        seen_at = memory.since[one.subject].seen_at
        text = f"{one.text} (since {iso(seen_at)[:19]}Z)"
        notifier.notify(Notice(account, one.severity, one.name, text, seen_at, source=source))


def recall(tables: Tables, account: str, source: str) -> tuple[Memory, str]:
    """The memory of a function and the text of it as kept (empty: there is none yet)."""
    control = tables.control

    def read() -> str:
        try:
            return control.get(account, f"{AUDIT}{source}", consistent_read=True).body or ""
        except control.DoesNotExist:
            return ""

    body = patiently(f"reading what {source} left", read)
    try:
        return (_decode(body) if body else Memory()), body
    except msgspec.DecodeError as error:
        raise Corrupt(f"control item {AUDIT}{source} of account {account} makes no sense: {error}") from None


def remember(tables: Tables, account: str, source: str, memory: Memory, before: str) -> bool:
    """Keep the memory in place of the one that was recalled; False when another run has been quicker."""
    control = tables.control
    item = control(account=account, item=f"{AUDIT}{source}", body=body_of(memory))
    unchanged = control.body == before if before else control.item.does_not_exist()

    def put() -> bool:
        try:
            item.save(condition=unchanged)
        except PutError as error:
            if code_of(error) != f"{FAILED}Exception":
                raise
            return False
        return True

    return patiently(f"keeping what {source} leaves", put)
