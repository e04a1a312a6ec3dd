"""Opening a WebSocket, and saying in one sentence why it could not be opened."""

import ssl
from functools import cache

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from shared.adapters.sockets.dialect import SocketSettings
from shared.domain.errors import Temporary


class NotOpened(Temporary):
    """No connection; ``status`` is the HTTP answer to the upgrade, where there was one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@cache
def tls() -> ssl.SSLContext:
    """Certificates read once: reading them takes tens of milliseconds, in which nothing else would run."""
    return ssl.create_default_context()


async def open_socket(url: str, settings: SocketSettings, *, keepalive: bool) -> ClientConnection:
    """A connection ready to be written to; ``keepalive`` sends protocol pings. ``NotOpened`` otherwise."""
    try:
        return await connect(
            url,
            ssl=tls() if url.startswith("wss://") else None,
            compression=None,
            user_agent_header=settings.user_agent,
            proxy=None,  # settings are read once at the entrance; a proxy found in the environment would bypass that
            open_timeout=settings.open_timeout_s,
            close_timeout=settings.close_timeout_s,
            ping_interval=settings.keepalive_s if keepalive else None,
            ping_timeout=settings.keepalive_s,
            max_size=settings.frame_max_bytes,
            max_queue=settings.frames_waiting_max,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise NotOpened(f"the upgrade was answered {status}", status) from error
    except (OSError, WebSocketException, EOFError, ValueError) as error:
        raise NotOpened(f"no connection ({type(error).__name__}: {error})"[:200]) from error
