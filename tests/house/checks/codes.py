"""Every error code of core, the SDK and the plugins stands in docs/errors.md once, and every code there is in use."""
import re

from . import tree

DOCUMENT = "docs/errors.md"
CODE = re.compile(r'"(SLU-\d{4})')
ROW = re.compile(r"^\| (SLU-\d{4}) \|", re.M)


def used(root):
    """code -> the first place that has it as text."""
    found = {}
    for path in filter(tree.is_code, tree.files(root)):
        if path.parts[0] not in ("core", "plugins", "sdk") or path.stem.endswith("_test") or "testing" in path.parts:
            continue
        text = tree.without_comments(tree.read(root, path))
        for number, line in enumerate(text.splitlines(), 1):
            for code in CODE.findall(line):
                found.setdefault(code, f"{path}:{number}")
    return found


def run(root):
    codes = used(root)
    paths = [p for p in tree.files(root) if str(p) == DOCUMENT]
    rows = ROW.findall(tree.read(root, paths[0])) if paths else []
    problems = [f"{place}: {code} is not in {DOCUMENT}" for code, place in sorted(codes.items()) if code not in rows]
    problems += [f"{DOCUMENT}: {code} is used nowhere" for code in rows if code not in codes]
    problems += [f"{DOCUMENT}: {code} stands there twice" for code in sorted(set(rows)) if rows.count(code) > 1]
    return problems
