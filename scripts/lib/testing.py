"""Makes the tables of docs/TESTING.md: counts, promises and faults with the tests that hold them.

A test says what it proves in a line comment directly above it: `// covers: U7, P18` or `# covers: S2`. The ids
stand in tests/cases.txt.
"""
import pathlib
import re
import subprocess

CASES = "tests/cases.txt"
PAGE = "docs/TESTING.md"
TAG = re.compile(r"^\s*(?://|#) covers: (.*)$")
CASE = re.compile(r"^([PUSHGTAM])(\d+) \| ([^|]+?)(?: \| (.+))?$")
TEST = re.compile(r"^\s*(?:(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)"
                  r"\(\s*(\w+),\s*(\w+)|def (test_\w+)|(?:\w+_test|add_test)\((?:NAME )?(\w+))")
SHOWN = 3  # tests in one cell
KINDS = {"U": "an upstream", "S": "the store", "H": "the host process", "G": "plugins", "T": "Temporal", "A": "the API",
         "M": "the manifest"}


def files(root):
    listed = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z"],
                            check=True, capture_output=True, text=True).stdout.split("\0")
    found = {p for p in listed if p and (root / p).is_file()}
    return sorted(p for p in found if p.endswith((".cpp", ".hpp", ".h", ".c", ".py", "CMakeLists.txt")))


def is_test_code(path):
    return path.startswith("tests/") or "/testing/" in path or path.endswith("_test.cpp")


def suite_of(path):
    parts = path.split("/")
    if parts[0] != "tests":
        return "plugins"
    return "/".join(parts[1:3]) if parts[1] == "unit" else parts[1]


class Tree:
    """What the sources say of themselves: cases, tests, tags, lines, and what is wrong with the tags."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.cases, self.covered, self.problems = {}, {}, []
        self.suites, self.lines = {}, {"code": 0, "tests": 0}
        self.read_cases()
        for path in files(self.root):
            self.read_file(path)

    def read_cases(self):
        for line in (self.root / CASES).read_text(encoding="utf-8").splitlines():
            if found := CASE.match(line):
                self.cases[found[1] + found[2]] = (found[3], found[4])
            elif line and not line.startswith("#"):
                self.problems.append(f"{CASES}: not understood: {line}")

    def read_file(self, path):
        text = (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        if path.startswith(("core/", "plugins/", "sdk/", "tests/")) and not path.endswith("CMakeLists.txt"):
            self.lines["tests" if is_test_code(path) else "code"] += len(text)
        ids, at = [], 0
        for number, line in enumerate(text, 1):
            if tag := TAG.match(line):
                ids, at = [i.strip() for i in tag[1].split(",")], number
                self.problems += [f"{path}:{number}: there is no case {i}; {CASES} has them" for i in ids if i not in self.cases]
                continue
            test = TEST.match(line)
            if test and (not test[4] or ids):
                self.read_test(path, test, ids)
            elif ids:
                self.problems.append(f"{path}:{at}: `covers` stands above no test")
            ids = []

    def read_test(self, path, test, ids):
        if is_test_code(path):
            self.suites[suite_of(path)] = self.suites.get(suite_of(path), 0) + 1
        name = f"{test[1]}.{test[2]}" if test[1] else test[3] or test[4]
        for i in ids:
            self.covered.setdefault(i, []).append((path, name))

    def cell(self, case):
        tests = self.covered.get(case, [])
        if not tests:
            why = self.cases[case][1]
            return f"none: {why}" if why else "**none yet**"
        # One of each file first, so that the cell shows how far apart they stand.
        first = {}
        for path, name in tests:
            first.setdefault(path, (path, name))
        ordered = list(first.values()) + [t for t in tests if t not in first.values()]
        shown = ", ".join(f"[{name.removeprefix('test_')}](../{path})" for path, name in ordered[:SHOWN])
        return shown + (f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else "")

    def table(self, kinds):
        rows = ["| id | what | tests |", "| --- | --- | --- |"]
        return rows + [f"| {i} | {text} | {self.cell(i)} |" for i, (text, _) in self.cases.items() if i[0] in kinds]

    def lines_text(self, old):
        """In thousands; the old figures stay while they are about true, so that not every commit has to renew the page."""
        real = [self.lines["code"] / 1000, self.lines["tests"] / 1000]
        shown = re.search(r"in thousands: (\d+) : (\d+)", old)
        figures = [int(n) for n in shown.groups()] if shown else []
        if not figures or any(abs(n - r) > 2 for n, r in zip(figures, real)):
            figures = [round(r) for r in real]
        return f"Lines of code : lines of tests, in thousands: {figures[0]} : {figures[1]}."

    def counts(self, old):
        out = ["| suite | test cases as written |", "| --- | --- |"]
        out += [f"| {s} | {n} |" for s, n in sorted(self.suites.items())]
        out += [f"| **all** | **{sum(self.suites.values())}** |", "",
                self.lines_text(old), ""]
        for kinds in ["P", *KINDS]:
            mine = [i for i in self.cases if i[0] == kinds]
            held = sum(i in self.covered for i in mine)
            out.append(f"- {'promises' if kinds == 'P' else 'faults of ' + KINDS[kinds]} with a test: {held} of {len(mine)}")
        return out

    def page(self, old):
        parts = {"counts": self.counts(old), "promises": self.table("P"), "faults": self.table("USHGTAM")}
        for name, lines in parts.items():
            block = re.compile(rf"(<!-- made by scripts/testing: {name} -->\n).*?(<!-- end -->)", re.S)
            old = block.sub(lambda m, lines=lines: m[1] + "\n".join(lines) + "\n" + m[2], old)
        return old


def problems(root):
    """Of the tags, and of a page that is not what scripts/testing would make."""
    root = pathlib.Path(root)
    if not (root / CASES).is_file():
        return []
    tree = Tree(root)
    old = (root / PAGE).read_text(encoding="utf-8")
    late = [] if tree.page(old) == old else [f"{PAGE}: its tables are not those of the tests; run scripts/testing"]
    return tree.problems + late
