"""The command blocks of a page of docs, each marked with `run`, as one script."""
import re

import harness

SHELL = re.compile(r"^(<!-- run -->\n)?```sh\n(.*?)^```", re.S | re.M)


def commands_of(case, name, built):
    """`built` is where the page says that the programs are; here another build folder stands for it."""
    blocks = SHELL.findall((harness.SOURCE / name).read_text())
    case.assertEqual([text for marked, text in blocks if not marked], [], "blocks that nobody carries out")
    commands = "".join(text for _, text in blocks)
    # The page begins where scripts/demo built.
    case.assertEqual(commands.count(built), 1)
    return commands.replace(built, str(harness.BINARY))
