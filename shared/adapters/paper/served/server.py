"""The socket in front of a hosted paper venue: loopback only, one request after another, several clients at once.

What cannot be understood is answered by one sentence and loses nothing else; after a frame that is too long its
connection ends, since nobody can tell where the next one begins. An error of the venue itself (its log cannot be
written) ends the server: whoever starts it again begins from the log.
"""

import asyncio
import secrets
from collections.abc import Callable

from shared.adapters.paper.served.hosted import Hosted
from shared.adapters.paper.served.wire import (
    HEADER,
    LOOPBACK,
    MOST_ASKED,
    MOST_SAID,
    VERSION,
    Hello,
    Reply,
    Said,
    Unusable,
    asked,
    framed,
    size_of,
)
from shared.adapters.paper.venue import PaperVenue
from shared.domain.errors import BadInput, HouseError


class VenueServer:
    """See the module. ``port`` 0: any free one; ``port`` says which, once ``started`` was called."""

    def __init__(self, venue: PaperVenue, port: int = 0) -> None:
        self.port = port
        self.started: Callable[[int], None] | None = None
        self._hosted = Hosted(venue, secrets.token_hex(8))
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._failed: asyncio.Future[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; raises what broke the venue, ``BadInput`` where the port is taken."""
        self._failed = asyncio.get_running_loop().create_future()
        try:
            server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        except OSError as error:
            raise BadInput(f"port {self.port} on {LOOPBACK} cannot be used: {error.strerror}") from None
        self.port = server.sockets[0].getsockname()[1]
        if self.started is not None:
            self.started(self.port)
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((stopped, self._failed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            server.close()
            for writer in self._clients:
                writer.transport.abort()  # a client that does not read must not hold up the end
            await asyncio.gather(*(task for task in self._clients.values() if task), return_exceptions=True)
            await server.wait_closed()
        if self._failed.done():
            self._failed.result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients[writer] = asyncio.current_task()
        session = ""
        try:
            while True:
                size = size_of(await reader.readexactly(HEADER), MOST_ASKED)
                session, reply = self._answered(session, await reader.readexactly(size))
                writer.write(reply)
                await writer.drain()
        except BadInput as error:
            writer.write(framed(Unusable(str(error))))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, perhaps in the middle of a request: that one was never made
        except HouseError as error:
            self._break(error)  # nothing is answered: what it asked for is in doubt
        finally:
            del self._clients[writer]
            writer.close()

    def _answered(self, session: str, body: bytes) -> tuple[str, bytes]:
        """The session of the connection from now on, and the frame that answers this one."""
        said: Said
        try:
            request = asked(body)
            if isinstance(request, Hello):
                session, said = self._welcomed(request)
            elif session:
                said = self._hosted.reply(session, request)
            else:
                said = Unusable("the first frame of a connection must be a Hello")
        except BadInput as error:
            said = Unusable(str(error))
        except HouseError:
            raise
        except BaseException as error:  # a fault of ours: the venue's memory may be half changed
            self._break(error)
            raise
        frame = framed(said)
        if len(frame) > MOST_SAID and isinstance(said, Reply):
            frame = framed(Unusable(f"the reply to request {said.number} has {len(frame)} bytes, too many to be sent"))
        return session, frame

    def _welcomed(self, hello: Hello) -> tuple[str, Said]:
        if hello.v != VERSION:
            raise BadInput(f"v of Hello is {hello.v}, but this venue speaks {VERSION}")
        if not hello.session:
            raise BadInput("session of Hello must not be empty")
        return hello.session, self._hosted.welcome(hello.session)

    def _break(self, error: BaseException) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(error)
