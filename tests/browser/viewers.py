"""Viewers without a window: each speaks Streamlit's own protocol with the dashboard, opens pages and keeps them moving.

A browser draws on its reader's machine. Eight of them on the two cores that serve them too would measure drawing; these
ask for all that eight readers ask for, and take it.
"""

import asyncio
import threading
import time
from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.pages import PAGES, Page

CONTENT = ("metric", "dataframe", "table", "vega_lite_chart", "date_input")
"""Elements that are a figure, a table, a chart or a form."""
SPOKEN = Subprotocol("streamlit")
SIZE_MOST = 64 * 1024 * 1024


class Viewer:
    """One reader who opens a page, looks at it for some seconds, and goes on to the next one."""

    def __init__(self, url: str, number: int, looked_at_s: float) -> None:
        self._url = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
        self._number = number
        self._looked_at_s = looked_at_s
        self.contents: list[float] = []
        """Milliseconds from asking for a page to its first figure, table or chart."""
        self.wholes: list[float] = []
        """Milliseconds until all of the page was there."""
        self.renewals = 0

    async def look(self, over: asyncio.Event) -> None:
        """Open page after page until it is over."""
        turn = self._number
        while not over.is_set():
            await self._visit(PAGES[turn % len(PAGES)])
            turn += 1

    async def _visit(self, page: Page) -> None:
        began = time.monotonic()
        async with connect(self._url, subprotocols=[SPOKEN], max_size=SIZE_MOST) as line:
            await _ask(line, ClientState(page_name=page.path.strip("/")))
            renewing: dict[str, asyncio.Task[None]] = {}
            try:
                await self._listen(line, began, renewing)
            finally:
                for task in renewing.values():
                    task.cancel()

    async def _listen(self, line: ClientConnection, began: float, renewing: dict[str, "asyncio.Task[None]"]) -> None:
        """Take what comes until it was looked at for long enough."""
        content = whole = False
        while (left := began + self._looked_at_s - time.monotonic()) > 0 or not whole:
            try:
                said = ForwardMsg.FromString(_bytes(await asyncio.wait_for(line.recv(), max(left, 20.0 * (not whole)))))
            except TimeoutError:
                assert whole, "the dashboard did not finish a page within 20 s"
                return
            kind = said.WhichOneof("type")
            if kind == "delta" and not content and said.delta.new_element.WhichOneof("type") in CONTENT:
                content = True
                self.contents.append((time.monotonic() - began) * 1_000)
            elif kind == "script_finished" and not whole:
                whole = True
                self.wholes.append((time.monotonic() - began) * 1_000)
            elif kind == "auto_rerun":
                name, every = said.auto_rerun.fragment_id, said.auto_rerun.interval
                if name not in renewing:
                    renewing[name] = asyncio.create_task(self._renew(line, name, every))

    async def _renew(self, line: ClientConnection, fragment: str, every: float) -> None:
        """Ask for a moving part again and again, as the page told to."""
        while True:
            await asyncio.sleep(every)
            await _ask(line, ClientState(fragment_id=fragment, is_auto_rerun=True))
            self.renewals += 1


async def _ask(line: ClientConnection, state: ClientState) -> None:
    await line.send(BackMsg(rerun_script=state).SerializeToString())


def _bytes(said: str | bytes) -> bytes:
    return said.encode() if isinstance(said, str) else said


class Crowd:
    """Viewers at work in a thread of their own, until it is left. A context manager."""

    def __init__(self, url: str, viewers: int, looked_at_s: float) -> None:
        self.viewers = [Viewer(url, number, looked_at_s) for number in range(viewers)]
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        if self._failed and error is None:
            raise self._failed[0]

    def contents(self) -> list[float]:
        """Every wait for a page's first content, in milliseconds."""
        return [one for viewer in self.viewers for one in viewer.contents]

    def wholes(self) -> list[float]:
        """Every wait for a whole page, in milliseconds."""
        return [one for viewer in self.viewers for one in viewer.wholes]

    def _run(self) -> None:
        async def work() -> None:
            found = await asyncio.gather(*(viewer.look(self._over) for viewer in self.viewers), return_exceptions=True)
            self._failed += [one for one in found if one is not None]

        self._loop.run_until_complete(work())
        self._loop.close()
