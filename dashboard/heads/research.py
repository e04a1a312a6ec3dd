"""The head of Research: which studies there are."""

from collections.abc import Sequence

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.queries.studies import Study
from dashboard.words import count, stamp


def research(queries: Queries) -> tuple[Figure, ...]:
    """None before a study was published."""
    found = queries.studies.latest()
    return published(found) if found else ()


def published(found: Sequence[Study]) -> tuple[Figure, ...]:
    """How many studies, on what data; there is at least one, the latest first."""
    invented = sum(one.manifest.synthetic for one in found)
    latest = found[0].manifest
    return (
        Figure("Studies", count(len(found)), "", "The latest that were published with --publish NAME."),
        Figure("On recorded data", count(len(found) - invented), "", "Made from what markets really did."),
        Figure("On invented data", count(invented), "", "Made from a synthetic world: they say nothing about profit."),
        Figure(
            "Latest", latest.name, f"{stamp(latest.at)[:10]}", "The study that was published last, and its UTC day."
        ),
    )
