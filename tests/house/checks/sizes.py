"""Small files and small functions: 90 % of the files under 200 lines, none over 400; functions under 40."""
import re

from . import tree

MAX_FILE, MAX_NINETIETH, MAX_FUNCTION = 400, 200, 40
# clang-format keeps the width; texts that it can't break may go over, few of them and not by much.
WIDTH, MAX_WIDTH, WIDE_SHARE = 110, 200, 0.03
RAW = re.compile(r'R"(\w*)\(.*?\)\1"', re.S)
# What starts in column 0 and is no function; clang-format leaves definitions at namespace scope there.
NOT_A_FUNCTION = re.compile(
    r"^(namespace|class|struct|enum|union|extern|using|template|typedef|public|private)\b")


def functions(text):
    """(name, first line, length) of the definitions that start in column 0."""
    start = None
    lines = RAW.sub('""', tree.without_comments(text)).splitlines()  # SQL and the like is no code of ours
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


def width_problems(texts):
    lines = wide = 0
    for path, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            lines, wide = lines + 1, wide + (len(line) > WIDTH)
            if len(line) > MAX_WIDTH:
                yield f"{path}:{number}: {len(line)} columns; the limit is {WIDTH}"
    if wide > lines * WIDE_SHARE:
        yield f"{wide} of {lines} lines are wider than {WIDTH} columns; run scripts/tidy --format"


def run(root):
    files = measured(root)
    problems = list(width_problems([(p, t) for p, t in files if tree.is_code(p)]))
    sizes = sorted(text.count("\n") for _, text in files)
    for path, text in files:
        lines = text.count("\n")
        if lines > MAX_FILE:
            problems.append(f"{path}: {lines} lines; the limit is {MAX_FILE}: split it by what it does")
        if tree.is_code(path) and path.parts[0] in ("core", "sdk", "plugins"):
            for name, first, length in functions(text):
                if length > MAX_FUNCTION:
                    problems.append(f"{path}:{first}: {name} has {length} lines; the limit is {MAX_FUNCTION}")
    if sizes:
        ninetieth = sizes[min(len(sizes) - 1, int(len(sizes) * 0.9))]
        print(f"{len(sizes)} files, 90th percentile {ninetieth} lines, longest {sizes[-1]}")
        if ninetieth >= MAX_NINETIETH:
            problems.append(f"90 % of the files should be under {MAX_NINETIETH} lines; it is {ninetieth}")
    return problems
