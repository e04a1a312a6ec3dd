"""Logger and metrics of functions: made here and nowhere else, so that every line and point has the same shape."""

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "House"


def make_logger(service: str) -> Logger:
    """Structured JSON lines on standard output, with the function's name; ``POWERTOOLS_LOG_LEVEL`` sets the level."""
    return Logger(service=service, use_rfc3339=True)


def make_metrics(service: str) -> Metrics:
    """Metrics as log lines in embedded metric format: no request per point."""
    return Metrics(namespace=NAMESPACE, service=service)
