"""Who may import whom: the table of the architecture, and the contracts that import-linter checks in `make lint`.

This module only makes sure that the contracts in pyproject.toml say what the table says, for every folder that exists.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

WORLD = ("boto3", "botocore", "pynamodb", "httpx", "websockets", "polymarket")
"""Third parties that touch the world: only shared/adapters may import them."""

ALLOWED: dict[str, tuple[str, ...]] = {
    "shared.domain": (),
    "shared.analytics": ("shared.domain",),
    "shared.models": ("shared.domain",),
    "shared.strategies": ("shared.domain", "shared.models"),
    "shared.engine": ("shared.domain",),
    "shared.ports": ("shared.domain",),
    "shared.settings": ("shared.domain",),
    "shared.observability": ("shared.domain", "shared.settings"),
    "shared.adapters": (
        "shared.domain",
        "shared.analytics",
        "shared.models",
        "shared.strategies",
        "shared.engine",
        "shared.ports",
        "shared.settings",
        "shared.observability",
    ),
    "shared.research": (
        "shared.domain",
        "shared.analytics",
        "shared.models",
        "shared.strategies",
        "shared.engine",
        "shared.ports",
        "shared.adapters",
        "shared.settings",
        "shared.observability",
    ),
    "functions": ("shared",),
    "fargate": ("shared",),
    "dashboard": ("shared",),
    "cdk": ("shared.settings",),
}
"""Folder or module: what of ours it may import, besides itself."""

RESEARCH_ADAPTERS = ("paper", "replay", "synthetic", "memory")
"""The adapters research may import."""


@dataclass(frozen=True)
class Contract:
    """One import-linter contract of type "forbidden" or "independence", as far as this check reads it."""

    kind: str
    sources: tuple[str, ...]
    forbidden: tuple[str, ...]


def contracts_of(pyproject: str) -> list[Contract]:
    """The contracts written in a pyproject.toml."""
    return [
        Contract(
            kind=one["type"],
            sources=tuple(one.get("source_modules", one.get("modules", ()))),
            forbidden=tuple(one.get("forbidden_modules", ())),
        )
        for one in tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    ]


def required(existing: Iterable[str], adapters: Iterable[str]) -> list[tuple[str, str]]:
    """Every pair (importer, imported) that the table forbids among the parts of the house that exist."""
    parts = list(existing)
    pairs = [
        (importer, imported)
        for importer in parts
        for imported in parts
        if importer in ALLOWED and not _same_or_allowed(importer, imported)
    ]
    if "shared.research" in parts:
        pairs += [("shared.research", f"shared.adapters.{one}") for one in adapters if one not in RESEARCH_ADAPTERS]
    pairs += [(importer, third) for importer in parts if importer != "shared.adapters" for third in WORLD]
    return pairs


def _same_or_allowed(importer: str, imported: str) -> bool:
    return importer == imported or any(
        imported == one or imported.startswith(f"{one}.") for one in ALLOWED.get(importer, ())
    )


def missing(pairs: Iterable[tuple[str, str]], contracts: Iterable[Contract]) -> list[str]:
    """The pairs that no contract forbids, as sentences."""
    written = list(contracts)
    return [
        f"no contract in pyproject.toml forbids {importer} to import {imported}"
        for importer, imported in pairs
        if not any(_forbids(one, importer, imported) for one in written)
    ]


def _forbids(contract: Contract, importer: str, imported: str) -> bool:
    targets = contract.sources if contract.kind == "independence" else contract.forbidden
    return _covers(contract.sources, importer) and _covers(targets, imported)


def _covers(patterns: Iterable[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
