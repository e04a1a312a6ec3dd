"""A client at a served venue over a line that can be made bad, and what it hears."""

from shared.adapters.paper.orders import VenueSettings
from shared.adapters.paper.served.client import ServedVenue
from shared.domain.instants import SECOND
from shared.domain.messages import OrderFilled, Payload
from shared.ports import Answer, Batch
from tests.shared.adapters.paper.served.bad_line import BadLine
from tests.shared.adapters.paper.served.hosting import Host
from tests.shared.engine.builders import NOON, book, market

TIMEOUT_S = 0.4


def at_once() -> float:
    """No wait between attempts."""
    return 0.0


class Trading:
    """One market with a book of a cent's spread. ``said`` is heard at once, however late it would be.

    ``direct``: without the bad line in between, so that the end of the venue is seen at once.
    """

    def __init__(self, settings: VenueSettings, *, direct: bool = False) -> None:
        self.host = Host(settings=settings)
        self.line = BadLine(self.host.port)
        self.said: list[Payload] = []
        self.now = NOON
        self._clients: list[ServedVenue] = []
        self.client = self.another(self.host.port if direct else 0)
        self.client.market(market())
        self.wait(batch=[(self.now, book())])

    def another(self, port: int = 0) -> ServedVenue:
        """Another client, over the same line unless told otherwise."""
        client = ServedVenue(port or self.line.port, TIMEOUT_S, at_once, f"client {len(self._clients)}")
        self._clients.append(client)
        return client

    def hear(self, answers: list[Answer]) -> list[Payload]:
        found = [answer.payload for answer in answers]
        self.said += found
        return found

    def wait(self, duration_ns: int = SECOND, batch: Batch | None = None) -> list[Payload]:
        """Time passes at the venue; what it says."""
        self.now += duration_ns
        return self.hear(self.client.show(batch or [], self.now))

    def fills(self) -> list[tuple[str, int]]:
        """Every execution heard: order and size in millionths."""
        return [(one.fill.order_key, one.fill.size) for one in self.said if isinstance(one, OrderFilled)]

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.line.close()
        self.host.close()
