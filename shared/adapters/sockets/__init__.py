"""Sockets that stay: connect, subscribe, notice silence, come back, be replaced before they are too old.

What a venue says over them is its ``Dialect``'s business; nothing in here knows a message.
"""

from shared.adapters.sockets.dialect import Dialect, Hear, SocketSettings
from shared.adapters.sockets.health import Health
from shared.adapters.sockets.persistent import Socket
from shared.adapters.sockets.pool import SOCKETS_MAX, Pool
from shared.adapters.sockets.sparing import Sparing
from shared.adapters.sockets.voice import Voice

__all__ = ["SOCKETS_MAX", "Dialect", "Health", "Hear", "Pool", "Socket", "SocketSettings", "Sparing", "Voice"]
