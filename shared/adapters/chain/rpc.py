"""JSON-RPC over a socket: questions out, answers and subscriptions in. One connection at a time."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from shared.domain.errors import BadInput, Temporary

TIMEOUT_S = 10.0
_SHOWN = 120


class RpcRefused(BadInput):
    """The node answered a request with an error."""


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Params(msgspec.Struct):
    result: msgspec.Raw
    subscription: str = ""


class Frame(msgspec.Struct):
    """Either an answer (``id`` with ``result`` or ``error``) or news of a subscription (``params``)."""

    id: int | None = None
    method: str = ""
    params: _Params | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


_FRAME = msgspec.json.Decoder(Frame)


def frame_of(data: bytes) -> Frame:
    """One frame; ``BadInput`` when it is not JSON-RPC."""
    try:
        return _FRAME.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"frame is unusable ({error}): {data[:_SHOWN]!r}") from None


class Answer(msgspec.Struct, frozen=True):
    """What the node said, and when it reached us (nanoseconds)."""

    result: msgspec.Raw
    received_at: int


class Rpc:
    """``send`` puts a text on the connection."""

    def __init__(self, send: Callable[[str], Awaitable[None]], timeout_s: float = TIMEOUT_S) -> None:
        self._send = send
        self._timeout_s = timeout_s
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self.is_lost = True
        """Whether there is no connection to ask on."""
        self.unexpected = 0
        """Answers nobody waited for (any more)."""

    async def call(self, method: str, params: list[object]) -> Answer:
        """Ask and wait. ``RpcRefused`` when the node says no, ``Temporary`` when nothing comes or the line is cut."""
        if self.is_lost:
            raise Temporary(f"{method}: there is no connection")
        self._asked += 1
        number = self._asked
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            await self._send(msgspec.json.encode(request).decode())
            async with asyncio.timeout(self._timeout_s):
                return await future
        except TimeoutError:
            raise Temporary(f"{method}: no answer within {self._timeout_s:g} s") from None
        finally:
            self._waiting.pop(number, None)

    async def text(self, method: str, params: list[object]) -> str:
        """As ``call``, for an answer that is one text; ``BadInput`` when it is something else."""
        answer = await self.call(method, params)
        try:
            return msgspec.json.decode(answer.result, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{method} must answer a text ({error}): {bytes(answer.result)[:_SHOWN]!r}") from None

    def answered(self, frame: Frame, received_at: int) -> None:
        """An answer came; nobody may be waiting any more. ``BadInput`` when it answers nothing at all."""
        if frame.id is None:
            said = frame.method if frame.error is None else frame.error.message
            raise BadInput(f"frame answers no question and is no news of a subscription: {said[:_SHOWN]!r}")
        future = self._waiting.get(frame.id)
        if future is None or future.done():
            self.unexpected += 1
            return
        if frame.error is not None:
            said = frame.error.message[:_SHOWN]
            future.set_exception(RpcRefused(f"the node refuses: {said!r} (code {frame.error.code})"))
        else:
            future.set_result(Answer(frame.result, received_at))

    def opened(self) -> None:
        """A connection stands."""
        self.is_lost = False

    def lost(self, reason: str) -> None:
        """The connection is no more: whoever waits is told."""
        self.is_lost = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Temporary(f"the connection was lost: {reason}"))
