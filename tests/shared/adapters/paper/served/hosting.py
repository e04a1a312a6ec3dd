"""A served venue in a thread of this process: over a real socket, with its inside in reach."""

import asyncio
import threading

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.paper.orders import PaperLog, PaperTimes, VenueSettings
from shared.adapters.paper.served.server import VenueServer
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import HouseError

PATIENCE_S = 10.0


class Host:
    """Serves until closed; ``restart`` begins another life of the venue on the same log and port.

    Touch ``venue`` only between requests. ``error``: what the server ended with.
    """

    def __init__(
        self,
        log: PaperLog | None = None,
        settings: VenueSettings | None = None,
        seed: int = 7,
        times: PaperTimes | None = None,
    ) -> None:
        self.log = log or MemoryPaperLog()
        self.settings = settings or VenueSettings(books=True)
        self.error: BaseException | None = None
        self.port = 0
        self._seed = seed
        self._times = times
        self.start()

    def start(self) -> None:
        """A life of the venue begins."""
        self.venue = PaperVenue(self._seed, self.log, self._times, self.settings)
        self._server = VenueServer(self.venue, self.port)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ready = threading.Event()
        self._server.started = lambda _: ready.set()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert ready.wait(PATIENCE_S)
        self.port = self._server.port

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._server.run(self._stop))
            except (HouseError, ZeroDivisionError) as error:
                self.error = error

    def close(self) -> None:
        """The venue is gone; what it has not told is lost."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self.join()

    def join(self) -> None:
        """Wait until the server has ended."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def restart(self) -> None:
        """The venue dies and comes back."""
        self.close()
        self.start()
