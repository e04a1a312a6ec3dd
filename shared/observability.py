"""Logger and metrics of functions: made here and nowhere else, so that every line and point has the same shape."""

import json
from urllib.parse import quote

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.types import LogRecord

NAMESPACE = "House"
HIDDEN = "(secret)"
SHORTEST = 8
"""Anything shorter is no secret, and would blacken innocent words."""


class Hidden:
    """Texts that no log line may hold. Whoever reads a secret adds it before doing anything else with it."""

    def __init__(self) -> None:
        self._texts: tuple[str, ...] = ()

    def add(self, *secrets: str) -> None:
        """Hide these from now on, also as they look in an address or in JSON."""
        forms = [form for secret in secrets for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])]
        known = dict.fromkeys([*self._texts, *(form for form in forms if len(form) >= SHORTEST)])
        self._texts = tuple(sorted(known, key=len, reverse=True))

    def text(self, line: str) -> str:
        """The line without them."""
        for secret in self._texts:
            if secret in line:
                line = line.replace(secret, HIDDEN)
        return line


class _HidingFormatter(LambdaPowertoolsFormatter):
    """JSON lines in which every hidden text is blackened, tracebacks and fields included."""

    def __init__(self, hidden: Hidden) -> None:
        super().__init__(use_rfc3339=True)
        self._hidden = hidden

    def serialize(self, log: LogRecord) -> str:
        """The line as it is written."""
        return self._hidden.text(super().serialize(log))


def make_logger(service: str, hidden: Hidden | None = None) -> Logger:
    """Structured JSON lines on standard output, with the function's name; ``POWERTOOLS_LOG_LEVEL`` sets the level.

    ``hidden``: what must not be written, of functions that read secrets.
    """
    if hidden is None:
        return Logger(service=service, use_rfc3339=True)
    return Logger(service=service, logger_formatter=_HidingFormatter(hidden))


def make_metrics(service: str) -> Metrics:
    """Metrics as log lines in embedded metric format: no request per point.

    In namespace ``House``, or the one that Powertools' own variable POWERTOOLS_METRICS_NAMESPACE names.
    """
    made = Metrics(service=service)
    made.namespace = made.namespace or NAMESPACE
    return made
