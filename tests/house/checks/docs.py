"""Documentation that can't rot: links lead somewhere, named scripts exist, quoted files are quoted exactly."""
import pathlib
import re

from . import tree

LINK = re.compile(r"\[[^\]]+\]\(([^)\s#]+)(?:#[^)]*)?\)")
# The line before a code block:  <!-- file: sdk/template/x.cpp -->
QUOTED = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```", re.S | re.M)
SHELL = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.S | re.M)
COMMAND = re.compile(r"^(?:\$ )?((?:\./)?(?:scripts|tests|\.ci)/[\w./-]+)")
NAMED = re.compile(r"`((?:core|sdk|plugins|tests|scripts|cmake|docs|examples|deploy)/[\w./-]+)`")


def link_problems(root, path, text):
    for match in LINK.finditer(text):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        if not (pathlib.Path(root) / path.parent / target).exists():
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: the link {target} leads nowhere"


def named_problems(root, path, text):
    commands = [m for block in SHELL.findall(text) for m in map(COMMAND.match, block.splitlines()) if m]
    for word in [m.group(1) for m in commands] + NAMED.findall(text):
        stands_for_any = any(part.isupper() for part in pathlib.PurePosixPath(word).parts)
        if not stands_for_any and not (pathlib.Path(root) / word).exists():
            yield f"{path}: names {word}, which does not exist"


def quote_problems(root, path, text):
    for name, body in QUOTED.findall(text):
        source = pathlib.Path(root) / name
        if not source.is_file():
            yield f"{path}: quotes {name}, which does not exist"
        elif source.read_text() != body:
            yield f"{path}: the quoted {name} differs from the file; run scripts/quote"


def run(root):
    problems = []
    for path in tree.files(root):
        if path.suffix == ".md":
            text = tree.read(root, path)
            problems.extend(link_problems(root, path, text))
            problems.extend(named_problems(root, path, text))
            problems.extend(quote_problems(root, path, text))
    return problems
