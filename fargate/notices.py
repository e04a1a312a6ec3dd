"""Notices on their way from the trader to people: in a thread of their own, so that nothing ever waits for them.

So many wait and no more; what is turned away is tried again a few times. What is lost is counted and told: an alert
that nobody got is still on the console and in the view of risk.
"""

import threading
from collections import deque
from collections.abc import Callable

from fargate.condition import Component
from shared.domain.errors import HouseError, Temporary
from shared.domain.notice import Notice
from shared.ports import Notifier

MOST = 200
"""Notices that may wait; of more, the newest are dropped: the oldest say what began it."""
TRIES = 4
PAUSE_S = 2.0
END_S = 3.0
"""How long the end of a run waits for what has not been taken yet."""

Say = Callable[[str], None]


class Notices:
    """See the module. ``tell`` may be called from any thread and never blocks; ``close`` ends the thread."""

    def __init__(self, notifier: Notifier, account: str, say: Say, pause_s: float = PAUSE_S) -> None:
        self.sent = 0
        self.lost = 0
        self._notifier = notifier
        self._account = account
        self._say = say
        self._pause_s = pause_s
        self._trouble = ""
        self._waiting: deque[Notice] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def tell(self, severity: int, name: str, text: str, at: int) -> None:
        """Send a notice; ``at`` is the wall clock's (nanoseconds)."""
        with self._changed:
            if len(self._waiting) < MOST:
                self._waiting.append(Notice(self._account, severity, name, text, at))
                self._changed.notify()
            else:
                self.lost += 1

    def component(self) -> Component:
        """How the last attempts went. Nobody enters less because of it."""
        with self._changed:
            told = f"{self.sent:,} sent, {len(self._waiting):,} wait, {self.lost:,} lost"
        return Component(not self._trouble, f"{told}; {self._trouble}" if self._trouble else told)

    def close(self, longest_s: float = END_S) -> None:
        """Send what waits, as far as it is taken within the time; the rest is said to be lost."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        self._thread.join(longest_s)
        if self._thread.is_alive() or self._waiting:
            self._say(f"{len(self._waiting) + self._thread.is_alive()} notices were not sent: {self._trouble}")

    # ------------------------------------------------------------------ in the thread

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing.is_set():
                    self._changed.wait()
                if not self._waiting:
                    return
                notice = self._waiting.popleft()
            self._send(notice)

    def _send(self, notice: Notice) -> None:
        """Try a few times what was turned away; what cannot be sent at all is not tried again."""
        for attempt in range(1, TRIES + 1):
            try:
                self._notifier.notify(notice)
            except HouseError as error:
                self._trouble = str(error)
                if isinstance(error, Temporary) and attempt < TRIES and not self._closing.wait(self._pause_s):
                    continue
                self.lost += 1
                self._say(f"notice {notice.name} was not sent: {error}")
                return
            self._trouble = ""
            self.sent += 1
            return
