#!/usr/bin/env python3
"""Plants one violation at a time in an otherwise clean tree: each check must see it, and only it."""
import importlib
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HEADER = "// What it is for.\n#pragma once\n"
CLEAN = {
    "core/engine/run.hpp": HEADER + '#include <boost/asio/awaitable.hpp>\n#include <boost/container/small_vector.hpp>\n#include "engine/types.hpp"\n',
    "core/engine/event.hpp": HEADER + "#include <boost/asio/steady_timer.hpp>\n",
    "core/store/sqlite/a.cpp": '#include <sqlite3.h>\n#include "engine/types.hpp"\n',
    "core/host/a.cpp": '// entities, credits: only spoken of\n#include "store/a.hpp"\nvoid direct_copy();\n',
    "plugins/x/x.cpp": '#include <sluice/domain.hpp>\n#include <curl/curl.h>\n#include "rules.hpp"\n',
    "sdk/include/sluice/a.hpp": HEADER + "#include <vector>\n#include <sluice/b.hpp>\n",
    "scripts/go": "#!/bin/sh\nset -eu\ntrue\n",
    "README.md": "See [x](plugins/x/x.cpp), `core/engine/run.hpp`.\n\n```sh\nscripts/go --fast\n```\n"
                 "<!-- file: scripts/go -->\n```sh\n#!/bin/sh\nset -eu\ntrue\n```\n",
}
CLEAN["core/host/codes.hpp"] = HEADER + 'const char* gone = "SLU-7001";  // unlike SLU-7999\n'
CLEAN["docs/errors.md"] = "| code | what |\n| SLU-7001 | gone |\n"
LONG = "int f(int a) {\n" + "  a += 1;\n" * 60 + "  return a;\n}\n"
# check, file, its text, what the check must say
PLANTED = [
    ("includes", "core/engine/b.cpp", "#include <boost/asio/ip/tcp.hpp>\n", "no sockets"),
    ("includes", "core/engine/b.cpp", "#include <boost/asio/steady_timer.hpp>\n", "no sockets"),
    ("includes", "core/engine/b.cpp", "#include <thread>\n", "<thread>"),
    ("includes", "core/engine/b.cpp", "auto x = std::chrono::system_clock::now();\n", "system_clock"),
    ("includes", "core/engine/b.cpp", 'auto x = std::getenv("A");\n', "getenv"),
    ("includes", "core/engine/b.cpp", '#include "store/store.hpp"\n', "engine may include no other room"),
    ("includes", "core/manifest/b.cpp", '#include "engine/run.hpp"\n', "manifest may include observe, plugin"),
    ("includes", "core/observe/b.cpp", '#include "plugin/catalog.hpp"\n', "observe may include no other room"),
    ("includes", "core/host/b.cpp", '#include "cli/main.hpp"\n', "host may include"),
    ("includes", "core/host/b.cpp", "#include <spdlog/spdlog.h>\n", "only core/observe/"),
    ("includes", "core/plugin/b.cpp", "#include <boost/dll/shared_library.hpp>\n", "only core/plugin/library.cpp"),
    ("includes", "core/store/b.cpp", "#include <pqxx/pqxx>\n", "only core/store/postgres/"),
    ("includes", "plugins/x/b.cpp", '#include "engine/types.hpp"\n', "only the SDK"),
    ("includes", "plugins/x/b.cpp", '#include "../y/y.hpp"\n', "outside its folder"),
    ("includes", "plugins/x/b.cpp", "#include <spdlog/spdlog.h>\n", "logs through the host"),
    ("includes", "sdk/include/sluice/b.hpp", HEADER + "#include <nlohmann/json.hpp>\n", "nlohmann/json.hpp"),
    ("includes", "sdk/include/sluice/b.hpp", HEADER + "#include <boost/asio.hpp>\n", "the standard library"),
    ("names", "core/host/b.cpp", 'bool x = name == "credits";\n', "core names `credits`"),
    ("names", "core/host/b.cpp", 'auto temporal = 1;\n', "core names `temporal`"),
    ("sizes", "core/host/b.cpp", "int a;\n" * 401, "401 lines"),
    ("sizes", "core/host/b.cpp", LONG, "f has 63 lines"),
    ("sizes", "core/host/b.cpp", "int g() { return 1; }\n\n" + LONG, "b.cpp:3: f has 63 lines"),
    ("sizes", "core/host/b.cpp", "int " + "a" * 240 + ";\n", "columns"),
    ("text", "core/host/b.cpp", "void f() { try { g(); } catch (...) { } }\n", "swallows"),
    ("text", "core/host/b.cpp", "void f() { std::this_thread::sleep" + "_for(1s); }\n", "sleeps"),
    ("text", "core/host/b.cpp", "// TO" + "DO later\n", "unfinished"),
    ("text", "core/host/b.hpp", "#pragma once\n", "begin with"),
    ("text", "core/host/b.hpp", "// What it is for.\n", "no #pragma once"),
    ("text", "core/host/b.hpp", HEADER + "using namespace std;\n", "using-directive"),
    ("text", "docs/b.md", "See issue" + " 3.\n", "issue number"),
    ("text", "docs/b.md", "In /work" + "/main there.\n", "path of one machine"),
    ("text", "scripts/b.sh", "#!/bin/sh\nset -eu\npip install -i https://registry" + ".corp.test/simple x\n", "mirror host"),
    ("scripts", "scripts/b.sh", "#!/bin/sh\nset -eu\nif true; then\n", "b.sh"),
    ("scripts", "scripts/b.sh", "#!/bin/sh\ntrue\n", "goes on after an error"),
    ("scripts", "scripts/b.py", "def f(:\n", "b.py:1"),
    ("docs", "docs/b.md", "[x](nowhere.md)\n", "leads nowhere"),
    ("docs", "docs/b.md", "```sh\nscripts/absent --x\n```\n", "scripts/absent, which does not exist"),
    ("docs", "docs/b.md", "Read `core/absent.hpp`.\n", "core/absent.hpp, which does not exist"),
    ("docs", "docs/b.md", "<!-- file: ../scripts/go -->\n```sh\nelse\n```\n", "does not exist"),
    ("docs", "docs/b.md", "<!-- file: scripts/go -->\n```sh\nelse\n```\n", "differs from the file"),
    ("codes", "core/host/b.cpp", 'throw error("SLU-7002", "no");\n', "SLU-7002 is not in docs/errors.md"),
    ("codes", "sdk/include/sluice/f.hpp", HEADER + 'const char* defect = "SLU-7004";\n', "SLU-7004 is not in docs/errors.md"),
    ("codes", "docs/errors.md", "| SLU-7001 | a |\n| SLU-7003 | b |\n", "SLU-7003 is used nowhere"),
    ("codes", "docs/errors.md", "| SLU-7001 | a |\n| SLU-7001 | b |\n", "stands there twice"),
]


def plant(folder, files):
    for name, text in files.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def problems(check, files):
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, files)
        return importlib.import_module(f"checks.{check}").run(folder)


class Selftest(unittest.TestCase):
    def test_a_clean_tree_passes_every_check(self):
        for check in ("includes", "names", "sizes", "text", "scripts", "docs", "codes"):
            self.assertEqual(problems(check, CLEAN), [], check)

    # covers: P18
    def test_each_planted_violation_is_seen(self):
        for check, name, text, expected in PLANTED:
            with self.subTest(check=check, text=text[:60]):
                found = problems(check, {**CLEAN, name: text})
                self.assertTrue(any(expected in p for p in found), f"{expected!r} not in {found}")
                self.assertTrue(all(p.startswith((name, "90 %", "1 of ")) for p in found), found)

    def test_the_ninetieth_percentile_is_held(self):
        files = {f"core/host/f{i}.cpp": "int a;\n" * 250 for i in range(10)}
        self.assertTrue(any("90 %" in p for p in problems("sizes", files)))


    def test_a_tree_of_wide_lines_is_seen(self):
        files = {"core/host/b.cpp": "int a;\n" * 90 + ("int " + "a" * 120 + ";\n") * 10}
        self.assertTrue(any("wider than 110" in p for p in problems("sizes", files)))


if __name__ == "__main__":
    unittest.main()
