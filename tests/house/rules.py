"""Rules on one module at a time. Each takes a module and yields findings; the tests run them over the whole house."""

import ast
import re
from collections.abc import Iterator

from tests.house.source import APP_FOLDERS, PURE_FOLDERS, Module

MODULE_LINES = 400
FUNCTION_LINES = 70
BANNED_IN_PURE = frozenset({"time", "random", "uuid", "secrets", "os", "asyncio", "socket", "threading", "logging"})
MONEY_MODULE = "shared/domain/money.py"
TIME_MODULE = "shared/domain/instants.py"
NOT_MONEY = re.compile(r"# not money: \w+")
RAW_OPERATORS = (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
RAW_CALLS = frozenset({"divmod", "pow", "float"})
FRACTION_MODULES = frozenset({"decimal", "fractions", "math", "operator", "numpy"})
TIME_UNITS = frozenset({"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY"})
CATCH_ALL_ALLOWED = frozenset({"fargate/runner.py", "functions/entrance.py"})
"""The runner, and the handler decorator that all functions share."""
ENTRANCES = re.compile(r"app\.py|fargate/__main__\.py|dashboard/app\.py|functions/\w+/handler\.py")
CLIENT_MAKERS = frozenset({"boto3.client", "boto3.resource", "boto3.Session", "httpx.Client", "httpx.AsyncClient"})
RETRY_MODULES = frozenset({"tenacity", "backoff", "retrying", "stamina"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_module(module: Module) -> Iterator[str]:
    """A module stays under 400 lines."""
    count = module.text.count("\n")
    if count >= MODULE_LINES:
        yield f"{module.path}: {count} lines; a module stays under {MODULE_LINES}"


def long_function(module: Module) -> Iterator[str]:
    """A function stays under 70 lines, signature and docstring included."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count >= FUNCTION_LINES:
                yield module.at(node, f"{node.name} has {count} lines; a function stays under {FUNCTION_LINES}")


def impure_import(module: Module) -> Iterator[str]:
    """The money path imports nothing that knows the clock, chance or the world."""
    if module.is_in(*PURE_FOLDERS):
        for node, name in imports(module.tree):
            if name.partition(".")[0] in BANNED_IN_PURE:
                yield module.at(node, f"{name} must not be imported here; now is the event's, ids are facts")


def raw_arithmetic(module: Module) -> Iterator[str]:
    """Products, quotients and fractions on the money path are named functions of domain/money.py.

    Also allowed: constants of literals and time units (``60 * SECOND``), ``[0] * n``, ``"%d" % n``, and lines that say
    ``# not money: <what it is>``.
    """
    if not module.is_in(*PURE_FOLDERS) or module.path in {MONEY_MODULE, TIME_MODULE}:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.expr | ast.stmt) and _is_raw(node) and not NOT_MONEY.search(module.line(node)):
            yield module.at(node, "raw arithmetic; use or add a named function in domain/money.py")
    for statement, name in imports(module.tree):
        if name.partition(".")[0] in FRACTION_MODULES:
            yield module.at(statement, f"{name} must not be imported here; arithmetic belongs to domain/money.py")


def _is_raw(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, RAW_OPERATORS):
            repeats = isinstance(left, ast.List | ast.Tuple | ast.JoinedStr)
            formats = isinstance(left, ast.Constant) and isinstance(left.value, str | bytes)
            return not (repeats or formats or (_is_constant(left) and _is_constant(right)))
        case ast.AugAssign(op=op):
            return isinstance(op, RAW_OPERATORS)
        case ast.Constant(value=float()):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in RAW_CALLS
    return False


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int()) | ast.UnaryOp(operand=ast.Constant(value=int())):
            return True
        case ast.Name(id=name):
            return name in TIME_UNITS
        case ast.BinOp(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
    return False


def catch_all(module: Module) -> Iterator[str]:
    """``except Exception`` exists twice: the shared handler decorator and the runner.

    A handler that only cleans up and then raises the same error on every path catches nothing, so it is no exception.
    """
    if not module.is_in(*APP_FOLDERS) or module.path in CATCH_ALL_ALLOWED:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and not _passes_on(node):
            yield module.at(node, "catches everything; name the errors this place can answer")


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or bool(_names(handler.type) & {"Exception", "BaseException"})


def _passes_on(handler: ast.ExceptHandler) -> bool:
    leaves = any(isinstance(node, ast.Return | ast.Break | ast.Continue) for node in ast.walk(handler))
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None and not leaves


def _names(node: ast.AST) -> set[str]:
    return {dotted(part).rpartition(".")[2] for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}


def world_at_import(module: Module) -> Iterator[str]:
    """Nothing reads the environment or builds a client at import time, except an entrance."""
    if not module.is_in(*APP_FOLDERS) or ENTRANCES.fullmatch(module.path):
        return
    for node in _runs_at_import(module.tree):
        if isinstance(node, ast.Attribute | ast.Name) and dotted(node) in {
            "os.environ",
            "environ",
            "os.getenv",
            "getenv",
        }:
            yield module.at(node, "reads the environment at import; read it once at the entrance")
        if isinstance(node, ast.Call) and dotted(node.func) in CLIENT_MAKERS:
            yield module.at(node, f"{dotted(node.func)} builds a client at import; build it where it is composed")


def _runs_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that is evaluated when the module is imported: not bodies of functions, but their defaults."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            evaluated: list[ast.expr] = [*child.decorator_list, *child.args.defaults]
            evaluated += [default for default in child.args.kw_defaults if default is not None]
            for part in evaluated:
                yield from ast.walk(part)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from _runs_at_import(child)


def generic_retry(module: Module) -> Iterator[str]:
    """No generic idempotency decorator and no automatic retry library anywhere near an order."""
    if not module.is_in("shared", "fargate"):
        return
    for node, name in imports(module.tree):
        if name.partition(".")[0] in RETRY_MODULES or "idempoten" in name.lower():
            yield module.at(node, f"{name} repeats calls for us; exactly-once is the plan transaction's work")
    for owner in ast.walk(module.tree):
        if isinstance(owner, Function | ast.ClassDef):
            for decorator in owner.decorator_list:
                if any("idempoten" in name.lower() for name in _names(decorator)):
                    yield module.at(decorator, "an idempotency decorator; exactly-once is the plan transaction's work")


def imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported name, dotted, anywhere in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of nested attributes; empty for anything computed."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            owner = dotted(value)
            return f"{owner}.{attr}" if owner else attr
    return ""
