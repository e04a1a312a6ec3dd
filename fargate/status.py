"""Command ``status``: how the trader on this machine stands, as its health port tells it."""

import argparse
import http.client
import json
from ipaddress import IPv4Address

import msgspec

from fargate.condition import Condition
from shared.domain.errors import BadInput, Temporary
from shared.settings import HealthSettings, Settings

LOOPBACK = "127.0.0.1"
WAIT_S = 3.0
READY, NOT_READY = 0, 1


def status(options: argparse.Namespace, settings: Settings) -> int:
    """Print every component; 0 when the trader is ready, 1 when it is not or does not answer, 2 when there is none.

    With ``--live`` it is 0 also while the trader is alive and only waits: whoever is not alive had better be restarted.
    """
    condition = asked(settings.health)
    if options.json:
        print(json.dumps(msgspec.to_builtins(condition)))
    else:
        print("\n".join(lines_of(condition)))
    return READY if condition.ready or (options.live and condition.live) else NOT_READY


def asked(place: HealthSettings) -> Condition:
    """What the trader there says; ``BadInput`` when there is none, ``Temporary`` when it is silent."""
    if not place.port:
        raise BadInput("HEALTH_PORT is 0: a trader started like this answers nowhere")
    host = LOOPBACK if IPv4Address(place.host).is_unspecified else place.host  # who listens everywhere
    where = f"{host}:{place.port}"
    connection = http.client.HTTPConnection(host, place.port, timeout=WAIT_S)
    try:
        connection.request("GET", "/")
        return msgspec.json.decode(connection.getresponse().read(), type=Condition)
    except TimeoutError:
        raise Temporary(f"the trader on {where} has not answered within {WAIT_S:g} s") from None
    except (http.client.HTTPException, msgspec.DecodeError):
        raise BadInput(f"what answers on {where} is no trader: set HEALTH_PORT to the port of one") from None
    except OSError:
        raise BadInput(
            f"no trader answers on {where}: start one with `make run`, or set HEALTH_PORT to its port"
        ) from None
    finally:
        connection.close()


def lines_of(condition: Condition) -> list[str]:
    """The answer for people, one line for each component."""
    words = [f"{'' if is_so else 'NOT '}{name}" for name, is_so in _summary(condition)]
    wide = max(len(name) for name in condition.components)
    rows = [
        f"{'ok  ' if one.ok else 'no  '} {name:<{wide}}  {one.says}  (since {one.since[:19]}Z)"
        for name, one in condition.components.items()
    ]
    return [f"{', '.join(words)}  ({condition.at[:19]}Z)", *rows]


def _summary(condition: Condition) -> list[tuple[str, bool]]:
    return [("live", condition.live), ("started", condition.started), ("ready", condition.ready)]
