"""What every strategy file must be, whatever it does: found by looking into the folder, not by a list."""

import ast
import importlib
import inspect
from pathlib import Path

import msgspec
import pytest

import shared.strategies

FILES = sorted(path for path in Path(shared.strategies.__path__[0]).glob("*.py") if path.stem != "__init__")
NAMES = [path.stem for path in FILES]


def public_classes(name: str) -> dict[str, type]:
    module = importlib.import_module(f"shared.strategies.{name}")
    return {
        key: value
        for key, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not key.startswith("_")
    }


def test_there_is_a_strategy_to_hold_to_this() -> None:
    assert "whale_copy" in NAMES


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_its_docstring_tells_idea_edge_and_when_not_to_trade(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    for heading in ("Idea:", "Edge:", "When not to trade:"):
        assert heading in told, f"{path.name} does not say {heading!r}"


@pytest.mark.parametrize("name", NAMES)
def test_it_has_frozen_params_and_one_class(name: str) -> None:
    classes = public_classes(name)
    params = classes.pop("Params")
    assert issubclass(params, msgspec.Struct)
    assert params.__struct_config__.frozen
    assert len(classes) == 1


@pytest.mark.parametrize("name", NAMES)
def test_it_is_named_like_its_file_and_decides(name: str) -> None:
    classes = public_classes(name)
    params = classes.pop("Params")
    (strategy,) = classes.values()
    made = strategy(params())
    assert made.name == name
    assert list(inspect.signature(made.decide).parameters) == ["signal", "view"]


@pytest.mark.parametrize("name", NAMES)
def test_its_defaults_lie_within_its_own_bounds(name: str) -> None:
    params = public_classes(name)["Params"]
    assert params() == params()
