"""The rule that nothing iterates over a set: its order differs between runs, so ids, digests and ledgers would too."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tests.house.rules import Function, dotted
from tests.house.source import Module

SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "MutableSet"})
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
ORDERED_CALLS = frozenset({"list", "tuple", "iter", "enumerate", "map", "filter", "zip", "reversed", "deque", "next"})
"""Calls whose result shows the order."""
ORDERLESS_CALLS = frozenset({"sorted", "sum", "any", "all", "min", "max", "set", "frozenset"})
"""Calls that may be fed from a set one by one: the result is the same in every order."""


def set_iteration(module: Module) -> Iterator[str]:
    """Sets are for membership; walk a dict, a list, or ``sorted(the_set)``."""
    if not module.is_in("shared"):
        return
    shared = {name for name in _known_sets(module.tree) if "." in name} | _own(module.tree)
    for scope in ast.walk(module.tree):
        if isinstance(scope, ast.Module | Function):
            yield from _findings(module, scope, shared | _own(scope))


def _own(scope: ast.AST) -> set[str]:
    return _known_sets(scope, into_functions=False)


def _findings(module: Module, scope: ast.AST, known: set[str]) -> Iterator[str]:
    nodes = list(_walk(scope, into_functions=False))
    orderless = [call.args[0] for call in nodes if _is_orderless(call)]
    for node in nodes:
        if node not in orderless:
            for walked in _walked_by(node):
                if _is_set(walked, known):
                    yield module.at(walked, "iterates over a set; walk a dict or a list, or sort it")


def _is_orderless(node: ast.AST) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.GeneratorExp(), *_]):
            return name in ORDERLESS_CALLS
    return False


def _walked_by(node: ast.AST) -> list[ast.expr]:
    """The expressions whose order a node makes visible."""
    match node:
        case ast.For(iter=walked) | ast.AsyncFor(iter=walked) | ast.Starred(value=walked) | ast.YieldFrom(value=walked):
            return [walked]
        case ast.ListComp(generators=parts) | ast.DictComp(generators=parts) | ast.GeneratorExp(generators=parts):
            return [part.iter for part in parts]
        case ast.Call(func=ast.Name(id=name), args=args) if name in ORDERED_CALLS:
            return args
        case ast.Call(func=ast.Attribute(attr="join" | "extend" | "fromkeys"), args=args):
            return args[:1]
        case ast.Call(func=ast.Attribute(attr="pop", value=owner), args=[]):
            return [owner]
    return []


def _is_set(node: ast.expr, known: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Call(func=ast.Attribute(attr=method, value=owner)) if method in SET_METHODS:
            return _is_set(owner, known)
        case ast.BinOp(left=left, right=right):
            return _is_set(left, known) or _is_set(right, known)
    return dotted(node) in known


def _known_sets(scope: ast.AST, *, into_functions: bool = True) -> set[str]:
    """Names and attributes that the scope annotates as, or assigns, a set."""
    known: set[str] = set()
    if isinstance(scope, Function):
        arguments = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        known |= {one.arg for one in arguments if one.annotation and _is_set_type(one.annotation)}
    for node in _walk(scope, into_functions=into_functions):
        match node:
            case ast.AnnAssign(target=target, annotation=annotation) if _is_set_type(annotation):
                known |= {dotted(target), f"self.{dotted(target)}"}
            case ast.Assign(targets=[target], value=value) if _is_set(value, known):
                known.add(dotted(target))
    return known - {"", "self."}


def _is_set_type(annotation: ast.expr) -> bool:
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return dotted(outer).rpartition(".")[2] in SET_TYPES


def _walk(node: ast.AST, *, into_functions: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if into_functions or not isinstance(child, Function):
            yield from _walk(child, into_functions=into_functions)
