"""What the process that runs of functions are forked from has loaded, and a clock that each run sets for itself.

Imported nowhere else: from then on ``time.time_ns`` of the process is the wall clock and ``shift`` nanoseconds.
"""

import time
from importlib import import_module
from typing import Any

from cdk.functions import FUNCTIONS

shift = 0
_wall = time.time_ns


def time_ns() -> int:
    return _wall() + shift


time.time_ns = time_ns
for name in (
    *(f"functions.{row.name}.handler" for row in FUNCTIONS),
    "boto3",
    "pandas",  # of which pyarrow makes use where it is there
    "scipy.sparse",
    "scipy.special",
    "scipy.stats",
    "functions.control_api.app",
    "shared.adapters.archive.archiving",
    "shared.adapters.audit.books",
    "shared.adapters.audit.resolutions",
    "shared.adapters.audit.venue",
    "shared.adapters.control.deaths",
    "shared.adapters.control.place",
    "shared.adapters.control.watching",
    "shared.adapters.notices.compose",
    "shared.adapters.reports.daily",
    "shared.adapters.reports.hourly",
    "shared.adapters.rotation.steps",
    "shared.adapters.telegram.answers",
):
    import_module(name)

make: Any = import_module("boto3").client
for service in ("s3", "secretsmanager", "sns", "sqs", "ssm"):
    # The models of AWS's services are read once, and not by every run.
    make(service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
