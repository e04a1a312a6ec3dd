"""Findings of the accessibility check in what Streamlit draws by itself and no setting of ours changes.

Each names the rule and a part of the selector, so that the same finding anywhere else is still one.
"""

from typing import Any

from msgspec import Struct

GRAVE = ("serious", "critical")


class Accepted(Struct, frozen=True):
    """A finding that is not ours."""

    rule: str
    selector: str
    reason: str


ACCEPTED: tuple[Accepted, ...] = ()


def ours(findings: list[dict[str, Any]], accepted: tuple[Accepted, ...] = ACCEPTED) -> list[str]:
    """The serious and critical findings that are ours to mend, one line each."""
    return [
        f"{one['rule']} ({one['impact']}): {one['help']} {one['html']} at {one['target']}"
        for one in findings
        if one["impact"] in GRAVE
        and not any(known.rule == one["rule"] and known.selector in one["target"] for known in accepted)
    ]
