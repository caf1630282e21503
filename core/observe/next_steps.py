"""Makes a table in C++ of the codes and next steps in docs/errors.md."""
import re
import sys

ROW = re.compile(r"^\| (SLU-\d{4}) \| .* \| (.*) \|$")


def main(document, out):
    steps = {}
    with open(document, encoding="utf-8") as lines:
        for line in lines:
            if found := ROW.match(line.rstrip("\n")):
                steps[found[1]] = found[2].replace("`", "")
    with open(out, "w", encoding="utf-8") as table:
        for code, step in sorted(steps.items()):
            table.write('{"%s", R"(%s)"},\n' % (code, step))


main(*sys.argv[1:])
