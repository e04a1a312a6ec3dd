from collections.abc import Callable, Iterator

import pytest

from tests.house import rules
from tests.house.sets import set_iteration
from tests.house.source import Module, module_of, modules

Rule = Callable[[Module], Iterator[str]]
RULES: list[Rule] = [
    rules.long_module,
    rules.long_function,
    rules.impure_import,
    rules.raw_arithmetic,
    rules.catch_all,
    rules.world_at_import,
    rules.generic_retry,
    set_iteration,
]
IN_SET_HOLDER = "class Watch:\n    def __init__(self) -> None:\n        self.wallets: set[str] = set()\n"

BROKEN: list[tuple[Rule, str, str]] = [
    (rules.long_module, "shared/x.py", "a = 1\n" * 400),
    (rules.long_function, "tests/x.py", "def f():\n" + "    a = 1\n" * 69),
    (rules.long_function, "tests/x.py", "class A:\n    async def f(self):\n" + "        a = 1\n" * 69),
    (rules.impure_import, "shared/domain/x.py", "import time"),
    (rules.impure_import, "shared/engine/x.py", "from os.path import join"),
    (rules.impure_import, "shared/strategies/x.py", "def f():\n    import random"),
    (rules.raw_arithmetic, "shared/engine/x.py", "cost = size * at"),
    (rules.raw_arithmetic, "shared/domain/x.py", "half = cash / 2"),
    (rules.raw_arithmetic, "shared/domain/x.py", "half = cash // 2  # not money:"),
    (rules.raw_arithmetic, "shared/strategies/x.py", "stake *= 2"),
    (rules.raw_arithmetic, "shared/strategies/x.py", "square = price ** 2"),
    (rules.raw_arithmetic, "shared/engine/x.py", "whole, rest = divmod(size, step)"),
    (rules.raw_arithmetic, "shared/engine/x.py", "edge = 0.05"),
    (rules.raw_arithmetic, "shared/engine/x.py", "edge = float(x)"),
    (rules.raw_arithmetic, "shared/engine/x.py", "from decimal import Decimal"),
    (rules.catch_all, "shared/adapters/x.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (rules.catch_all, "fargate/x.py", "try:\n    f()\nexcept (OSError, BaseException) as e:\n    g()"),
    (rules.catch_all, "shared/x.py", "try:\n    f()\nexcept Exception as e:\n    raise Temporary(str(e)) from e"),
    (
        rules.catch_all,
        "shared/x.py",
        "def g():\n    try:\n        f()\n    except:\n        if a:\n            return\n        raise",
    ),
    (rules.catch_all, "functions/kill/handler.py", "try:\n    f()\nexcept:\n    pass"),
    (rules.world_at_import, "shared/settings.py", "import os\nKEY = os.environ['KEY']"),
    (rules.world_at_import, "shared/x.py", "import os\ndef f(key=os.getenv('KEY')):\n    return key"),
    (rules.world_at_import, "dashboard/queries/account.py", "class A:\n    client = boto3.client('s3')"),
    (rules.generic_retry, "shared/adapters/x.py", "from tenacity import retry"),
    (rules.generic_retry, "fargate/x.py", "@idempotent(store)\ndef submit(order): ..."),
    (rules.generic_retry, "shared/x.py", "from aws_lambda_powertools.utilities.idempotency import config"),
    (set_iteration, "shared/x.py", "for a in {1, 2}:\n    f(a)"),
    (set_iteration, "shared/x.py", "known = frozenset('ab')\nnames = [a for a in known]"),
    (set_iteration, "shared/x.py", "known = frozenset('ab')\ndef f():\n    return list(known)"),
    (set_iteration, "shared/x.py", "def f(names: set[str], more: set[str]):\n    return ','.join(names | more)"),
    (set_iteration, "shared/x.py", "def f(names: set[str]):\n    return names.pop()"),
    (set_iteration, "shared/x.py", "def f(names: frozenset[str]):\n    return g(*names.union('c'))"),
    (set_iteration, "shared/x.py", IN_SET_HOLDER + "    def all(self):\n        return tuple(self.wallets)"),
]

SOUND: list[tuple[Rule, str, str]] = [
    (rules.long_module, "shared/x.py", "a = 1\n" * 399),
    (rules.long_function, "tests/x.py", "def f():\n" + "    a = 1\n" * 68),
    (rules.impure_import, "shared/adapters/x.py", "import time"),
    (rules.impure_import, "shared/domain/x.py", "from datetime import datetime"),
    (rules.raw_arithmetic, "shared/domain/money.py", "def cost(size, at):\n    return size * at"),
    (rules.raw_arithmetic, "shared/analytics/x.py", "mean = total / count"),
    (rules.raw_arithmetic, "shared/engine/x.py", "LIFE = 30 * SECOND\nFRAME = 64 * 1024\nWAIT = 2 * 3 * HOUR"),
    (rules.raw_arithmetic, "shared/engine/x.py", "counts = [0] * length\ntext = '%d' % n"),
    (rules.raw_arithmetic, "shared/engine/x.py", "middle = (low + high) // 2  # not money: an index"),
    (rules.raw_arithmetic, "shared/engine/x.py", "def f(*args, **more):\n    return g(*args, **more)"),
    (rules.catch_all, "fargate/runner.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (rules.catch_all, "shared/x.py", "try:\n    f()\nexcept BaseException:\n    close()\n    raise"),
    (rules.catch_all, "shared/x.py", "try:\n    f()\nexcept (OSError, ValueError):\n    raise"),
    (rules.world_at_import, "shared/settings.py", "import os\ndef read():\n    return os.environ['KEY']"),
    (rules.world_at_import, "functions/kill/handler.py", "import os\nKEY = os.environ['KEY']"),
    (rules.generic_retry, "functions/webhook/handler.py", "from aws_lambda_powertools.utilities import idempotency"),
    (set_iteration, "shared/x.py", "known = {1: 2}\nfor key in known:\n    f(key)"),
    (set_iteration, "shared/x.py", "def f(names: set[str]):\n    return sorted(names), len(names), 'a' in names"),
    (set_iteration, "shared/x.py", "def f(names: set[str]):\n    return sum(cost(one) for one in names)"),
    (
        set_iteration,
        "shared/x.py",
        "def f(a: set[str]):\n    return a\ndef g(a: list[str]):\n    return [b for b in a]",
    ),
    (set_iteration, "shared/x.py", IN_SET_HOLDER + "    def has(self, one):\n        return one in self.wallets"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    findings = [finding for module in modules() for finding in rule(module)]
    assert not findings, f"{rule.__doc__}\n" + "\n".join(findings)


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_rule_finds_code_that_breaks_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(module_of(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_a_rule_leaves_sound_code_alone(rule: Rule, path: str, text: str) -> None:
    assert not list(rule(module_of(path, text)))


def test_every_rule_has_a_bad_and_a_good_example() -> None:
    for examples in (BROKEN, SOUND):
        assert {rule for rule, _, _ in examples} == set(RULES)


def test_the_rules_see_the_code() -> None:
    paths = [module.path for module in modules()]
    assert "shared/domain/money.py" in paths
    assert "tests/house/rules.py" in paths
    assert not [path for path in paths if ".venv" in path]
