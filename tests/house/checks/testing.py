"""The `covers:` comments above the tests, and docs/TESTING.md, which is made from them."""
import importlib.util
import pathlib


def run(root):
    # The generator of this tree, whichever tree is looked at.
    path = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "lib" / "testing.py"
    spec = importlib.util.spec_from_file_location("testing_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems(root)
