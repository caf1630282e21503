"""What may stand in no file: leftovers, machine paths, private hosts, swallowed errors, sleeps, unfinished work."""
import re

from . import tree

# Put together from pieces, so that this file passes its own check.
ANYWHERE = {
    r"\bissue" + r"s? #?\d+\b": "speaks of an issue number; say what it is about",
    r"(?<![\w.$}/])/(work/(main|shared)|tmp/" + r"brief|root/|home/\w+/)": "holds a path of one machine",
    r"https?://[^\s/\"'<>]*\b(artifactory|nexus|jfrog|registry|mirror|proxy)" + r"\.[^\s\"'<>]*":
        "names a registry or mirror host; the ordinary clients' settings know it",
    r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b": "is unfinished; finish it or say why it is left",
    r"^(<{7}|>{7}) ": "holds a merge conflict",
}
IN_CODE = {
    r"\b(sleep" + r"_(for|until)|u" + r"sleep|nano" + r"sleep)\s*\(|(?<!\w)::sleep\s*\(":
        "sleeps; wait for what it waits for",
}
EMPTY_CATCH = re.compile(r"catch\s*\([^)]*\)\s*\{\s*\}")
TEXTUAL = {".md", ".yaml", ".yml", ".json", ".txt", ".in", ".map", ".service", ".css", ".js", ".html", ".sql", ".csv"}


def line_problems(path, text, rules):
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in rules.items():
            if re.search(pattern, line):
                yield f"{path}:{number}: {why}"


def header_problems(path, text):
    """Headers say what they are for, then #pragma once (the C ones have guards)."""
    if path.suffix != ".hpp":
        return
    if not text.startswith(("//", "/*")):
        yield f"{path}:1: begin with one to five lines that say what this header is for"
    if re.search(r"^using namespace", text, re.M):
        yield f"{path}: has a using-directive that reaches everybody who includes it"
    if "#pragma once" not in text:
        yield f"{path}:1: has no #pragma once"


def run(root):
    problems = []
    for path in tree.files(root):
        code = tree.is_code(path)
        if not (code or path.suffix in TEXTUAL or tree.is_script(root, path)):
            continue
        text = tree.read(root, path)
        problems.extend(line_problems(path, text, ANYWHERE))
        if not code:
            continue
        problems.extend(header_problems(path, text))
        for match in EMPTY_CATCH.finditer(text):
            number = text.count("\n", 0, match.start()) + 1
            problems.append(f"{path}:{number}: swallows an error; handle it, or say in the braces why not")
        problems.extend(line_problems(path, tree.without_comments(text), IN_CODE))
    return problems
