"""Charts and tables that are first opened at the same moment do not meet half a library."""

import ast
import subprocess
import sys

from tests.house.source import modules

ORDER = """
import sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in ("altair", "pandas"):
            print(name)

sys.meta_path.insert(0, Watch())
from dashboard.drawing import alt
assert hasattr(sys.modules["pandas"], "Timestamp")
"""


def test_pandas_is_loaded_before_anything_can_be_drawn() -> None:
    said = subprocess.run([sys.executable, "-c", ORDER], capture_output=True, text=True, check=True).stdout
    assert said.split()[:2] == ["pandas", "altair"]


def test_whoever_draws_takes_altair_from_there() -> None:
    asked = [
        module.path
        for module in modules()
        if module.is_in("dashboard")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import) and any(name.name == "altair" for name in node.names)
    ]
    assert asked == ["dashboard/drawing.py"]
