"""What a module reaches by its imports, and the rule that no call which a library repeats ever reaches a venue."""

import ast
from collections.abc import Iterable, Iterator

from tests.house.rules import Function, imports
from tests.house.source import APP_FOLDERS, Module

PORTS = "shared/ports.py"
"""The promise of a venue, not one."""


def names_of(modules: Iterable[Module]) -> dict[str, Module]:
    """Our modules by their dotted names."""
    return {module.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): module for module in modules}


def reached(start: str, known: dict[str, Module]) -> dict[str, None]:
    """Every module of ours that importing one runs, itself included."""
    found: dict[str, None] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in found or name not in known:
            continue
        found[name] = None
        for _, imported in imports(known[name].tree):
            waiting += [imported, imported.rpartition(".")[0]]
    return found


def submits(module: Module) -> bool:
    """Whether it sends orders to a venue, or is one: it has, or calls, a ``submit`` of an order."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function) and node.name == "submit" and "order" in [one.arg for one in node.args.args]:
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "submit":
            owner = ast.unparse(node.func.value).rpartition(".")[2].strip("_")
            if owner in ("venue", "at_venue"):
                return True
    return False


def repeats(module: Module) -> bool:
    """Whether it has calls repeated or answered from memory by a library."""
    return any("idempoten" in name.lower() for _, name in imports(module.tree))


def repeated_orders(modules: Iterable[Module]) -> Iterator[str]:
    """No idempotency decorator is reachable from ``Venue.submit``, nor can one reach it."""
    known = names_of(module for module in modules if module.is_in(*APP_FOLDERS))
    for name, module in known.items():
        if module.path == PORTS:
            continue
        if submits(module):
            for other in reached(name, known):
                if repeats(known[other]):
                    yield f"{module.path} sends orders and reaches {known[other].path}, which repeats calls"
        if repeats(module):
            for other in reached(name, known):
                if submits(known[other]) and known[other].path != PORTS:
                    yield f"{module.path} repeats calls and reaches {known[other].path}, which sends orders"
