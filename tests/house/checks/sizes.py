"""Small files and small functions: 90 % of the files under 200 lines, none over 400; functions under 60."""
import re

from . import tree

MAX_FILE, MAX_NINETIETH, MAX_FUNCTION, WIDTH = 400, 200, 60, 110
# What starts in column 0 and is no function; clang-format leaves definitions at namespace scope there.
NOT_A_FUNCTION = re.compile(
    r"^(namespace|class|struct|enum|union|extern|using|template|typedef|public|private)\b")


def functions(text):
    """(name, first line, length) of the definitions that start in column 0."""
    start = None
    lines = tree.without_comments(text).splitlines()
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"^[A-Za-z_~\[]", line) and not NOT_A_FUNCTION.match(line):
            start = number
        if start == number and line.rstrip().endswith((";", "}")):
            start = None  # a declaration, or a definition on one line
        elif start is not None and line.startswith("}"):
            name = re.search(r"([\w:~]+)\s*\(", " ".join(lines[start - 1:start + 2]))
            if name:
                yield name.group(1), start, number - start + 1
            start = None


def measured(root):
    out = []
    for path in tree.files(root):
        if (tree.is_code(path) or tree.is_script(root, path)) and "bad" not in path.parts:
            out.append((path, tree.read(root, path)))
    return out


def run(root):
    problems, sizes = [], []
    for path, text in measured(root):
        lines = text.count("\n")
        sizes.append(lines)
        if lines > MAX_FILE:
            problems.append(f"{path}: {lines} lines; the limit is {MAX_FILE}: split it by what it does")
        if not tree.is_code(path):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > WIDTH + 20:
                problems.append(f"{path}:{number}: {len(line)} columns; the limit is {WIDTH}")
        if path.parts[0] in ("core", "sdk", "plugins"):
            for name, first, length in functions(text):
                if length > MAX_FUNCTION:
                    problems.append(f"{path}:{first}: {name} has {length} lines; the limit is {MAX_FUNCTION}")
    if sizes:
        sizes.sort()
        ninetieth = sizes[min(len(sizes) - 1, int(len(sizes) * 0.9))]
        print(f"{len(sizes)} files, 90th percentile {ninetieth} lines, longest {sizes[-1]}")
        if ninetieth >= MAX_NINETIETH:
            problems.append(f"90 % of the files should be under {MAX_NINETIETH} lines; it is {ninetieth}")
    return problems
