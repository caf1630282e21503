"""Core names no plugin, domain or backend: what is special about one stands in a manifest or its plugin.json."""
import re

from . import tree

NAMES = re.compile(r"\b(entities|credits|roles|temporal|direct|memberships|role_assignments|entity_credits)\b")

QUOTED = re.compile(r"`[^`]*`")  # an example in a text that people read


def run(root):
    problems = []
    for path in filter(tree.is_code, tree.files(root)):
        if path.parts[0] != "core":
            continue
        text = tree.without_comments(tree.read(root, path))
        for number, line in enumerate(text.splitlines(), 1):
            for word in NAMES.findall(QUOTED.sub("", line)):
                problems.append(f"{path}:{number}: core names `{word}`; move that into a manifest or plugin.json")
    return problems
