import sys
import tomllib

from tests.house.architecture import ALLOWED, WORLD, contracts_of, missing, required
from tests.house.rules import imports
from tests.house.source import APP_FOLDERS, ROOT, files, modules

TOP_LEVEL = {
    *("app.py", "cdk.json", "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml"),
    *(
        "package.json",
        "package-lock.json",
        "requirements",
        "shared",
        "functions",
        "fargate",
        "cdk",
        "dashboard",
        "tests",
    ),
    *(".ci", ".gitignore", ".gitattributes", ".pre-commit-config.yaml", ".streamlit", ".dockerignore"),
}
DOMAIN_THIRD_PARTIES = {"msgspec"}
SAMPLE = """
[[tool.importlinter.contracts]]
name = "sample"
type = "forbidden"
source_modules = ["shared.domain"]
forbidden_modules = ["shared.engine", "httpx"]
"""


def _pyproject() -> str:
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _parts() -> list[str]:
    """The folders and modules of the table that exist, plus what else lies directly in shared."""
    found: dict[str, None] = {}
    for module in modules():
        top, *rest = module.path.removesuffix(".py").split("/")
        if top in APP_FOLDERS and rest:
            found[f"shared.{rest[0]}" if top == "shared" else top] = None
    return [part for part in found if part != "shared.__init__"]


def _adapters() -> list[str]:
    names = [path.split("/")[2].removesuffix(".py") for path in files() if path.startswith("shared/adapters/")]
    return [name for name in dict.fromkeys(names) if name != "__init__"]


def test_every_part_of_the_house_stands_in_the_table() -> None:
    assert set(_parts()) <= set(ALLOWED)


def test_every_forbidden_import_has_a_contract() -> None:
    absent = missing(required(_parts(), _adapters()), contracts_of(_pyproject()))
    assert not absent, "\n".join(absent)


def test_every_root_package_is_checked() -> None:
    roots = tomllib.loads(_pyproject())["tool"]["importlinter"]["root_packages"]
    assert {part.partition(".")[0] for part in _parts()} == set(roots)


def test_strategies_are_independent_of_each_other() -> None:
    independent = [one for one in contracts_of(_pyproject()) if one.kind == "independence"]
    assert any("shared.strategies.*" in one.sources for one in independent)


def test_a_folder_without_a_contract_is_found() -> None:
    sample = contracts_of(SAMPLE)
    pairs = required(["shared.domain", "shared.engine"], [])
    absent = missing(pairs, sample)
    assert ("shared.domain", "shared.engine") in pairs
    assert not [sentence for sentence in absent if "shared.domain to import shared.engine" in sentence]
    assert "no contract in pyproject.toml forbids shared.engine to import httpx" in absent
    assert "no contract in pyproject.toml forbids shared.domain to import boto3" in absent


def test_the_table_reads_as_agreed() -> None:
    pairs = required(["shared.domain", "shared.engine", "shared.adapters", "fargate", "cdk"], ["paper", "kms"])
    assert ("shared.engine", "shared.adapters") in pairs
    assert ("shared.engine", "shared.domain") not in pairs
    assert ("shared.adapters", "fargate") in pairs
    assert ("fargate", "shared.engine") not in pairs
    assert ("cdk", "shared.engine") in pairs
    assert ("shared.research", "shared.adapters.kms") not in pairs
    assert ("shared.research", "shared.adapters.kms") in required(["shared.research"], ["paper", "kms"])
    assert ("shared.research", "shared.adapters.paper") not in required(["shared.research"], ["paper", "kms"])
    assert not [pair for pair in pairs if pair[0] == "shared.adapters" and pair[1] in WORLD]


def test_the_domain_imports_the_standard_library_and_msgspec_only() -> None:
    allowed = {*sys.stdlib_module_names, *DOMAIN_THIRD_PARTIES, "shared"}
    found = [
        module.at(node, name)
        for module in modules()
        if module.is_in("shared/domain", "shared/engine")
        for node, name in imports(module.tree)
        if name.partition(".")[0] not in allowed
    ]
    assert not found, "\n".join(found)


def test_only_agreed_names_stand_at_the_root() -> None:
    assert {path.partition("/")[0] for path in files()} <= TOP_LEVEL


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.rpartition("/")[0] for path in files() if path.endswith(".py") and "/" in path}
    absent = [folder for folder in sorted(folders) if f"{folder}/__init__.py" not in files()]
    assert not absent, f"without __init__.py: {', '.join(absent)}"


def test_the_import_root_is_flat() -> None:
    bad = [
        module.at(node, "edits the import path")
        for module in modules()
        if not module.is_in("tests/house")
        for node, name in imports(module.tree)
        if name == "sys.path"
    ]
    bad += [module.path for module in modules() if "sys.path." in module.text and not module.is_in("tests/house")]
    assert not bad, "\n".join(bad)
