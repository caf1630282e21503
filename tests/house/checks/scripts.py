"""Scripts parse, can be run, and stop at the first error."""
import os
import pathlib
import subprocess

from . import tree


def shell_problems(root, path, text):
    full = pathlib.Path(root) / path
    shell = "bash" if "bash" in text.splitlines()[0] or path.suffix == ".sh" and not text.startswith("#!") else "sh"
    done = subprocess.run([shell, "-n", str(full)], capture_output=True, text=True)
    if done.returncode:
        yield f"{path}: {done.stderr.strip() or 'does not parse'}"
    sourced = not text.startswith("#!")
    if not sourced and not os.access(full, os.X_OK):
        yield f"{path}: not executable (chmod +x)"
    strict = ("set -eu", "set -e", "lib/common.sh")
    if not sourced and not any(word in text for word in strict):
        yield f"{path}: goes on after an error; begin with set -euo pipefail"


def python_problems(path, text):
    try:
        compile(text, str(path), "exec")
    except SyntaxError as problem:
        yield f"{path}:{problem.lineno}: {problem.msg}"


def run(root):
    problems = []
    for path in tree.files(root):
        if not tree.is_script(root, path):
            continue
        text = tree.read(root, path)
        first = text.splitlines()[0] if text else ""
        if path.suffix == ".py" or "python" in first:
            problems.extend(python_problems(path, text))
        elif path.suffix == ".sh" or first.startswith("#!"):
            problems.extend(shell_problems(root, path, text))
    return problems
