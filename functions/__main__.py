"""The control API on this machine, as `make run` starts it: ``CONTROL_KEY=... python -m functions``.

Settings are those of the functions (ACCOUNT, TABLE_PREFIX, AWS_ENDPOINT_URL, ...) and CONTROL_PORT.
"""

import os
import sys

from functions.control_api.handler import handler
from functions.local import ControlServer


def main() -> int:
    """Serve until the process is stopped."""
    key, port = os.environ.get("CONTROL_KEY", ""), os.environ.get("CONTROL_PORT", "")
    if not key or not port.isdigit():
        sys.stderr.write("CONTROL_KEY and CONTROL_PORT must be set: `make run` starts the control API by itself.\n")
        return 2
    ControlServer(int(port), handler, key).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
