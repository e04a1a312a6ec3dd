"""The guard that keeps tests on this machine: any other address is refused and fails the test that used it."""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
ADDRESS_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.bind"})
"""Audit events whose second argument is a socket address."""
NAME_EVENTS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
"""Audit events whose first argument is a host: a look-up leaves the machine too."""


def is_loopback(host: object) -> bool:
    """Whether a host is this machine seen from inside; names other than localhost and "every interface" are not."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text.lower() in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


class LoopbackGuard:
    """An audit hook (it also sees asyncio and C extensions that use the socket module) that can be read and cleared.

    Raises ``PermissionError``, an ``OSError``, so that code under test meets it as a refused connection and not as a
    hang; whoever swallows it still fails, because ``violations`` remembers.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self._active = False

    def observe(self, event: str, args: tuple[object, ...]) -> None:
        """Judges one audit event; ``PermissionError`` when it would leave the machine."""
        if event in ADDRESS_EVENTS:
            address = args[1]
            if isinstance(address, tuple):  # anything else is a Unix socket or a netlink address
                self._judge(event, address[0])
        elif event in NAME_EVENTS and args[0] is not None:
            self._judge(event, args[0])

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Refuses while the block runs. Python cannot remove an audit hook, so it is only switched off."""
        if not self._active:
            sys.addaudithook(self._hook)
        self._active = True
        try:
            yield
        finally:
            self._active = False

    def take_violations(self) -> list[str]:
        """What was refused since the last call."""
        taken, self.violations = self.violations, []
        return taken

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if self._active and event.startswith("socket."):
            self.observe(event, args)

    def _judge(self, event: str, host: object) -> None:
        if is_loopback(host):
            return
        sentence = f"{event} used the host {host!r}; tests may use loopback only"
        self.violations.append(sentence)
        raise PermissionError(sentence)
