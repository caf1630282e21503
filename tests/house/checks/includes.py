"""Who may include what: the rooms of core in their order, and which third party is seen from where."""
import re

from . import tree

# A room may include itself, the SDK, std, and these rooms.
ROOMS = {
    "observe": [],
    "plugin": ["observe"],
    "manifest": ["observe", "plugin"],
    "decode": [],
    "engine": [],
    "store": ["engine"],
    "host": ["observe", "plugin", "manifest", "decode", "engine", "store"],
}
ROOMS["server"] = [*ROOMS["host"], "host"]
ROOMS["cli"] = [*ROOMS["server"], "server"]

# Third party header -> the only places of core that may include it. A plugin takes what it needs, but logs
# through the host.
THIRD = {
    r"spdlog/": ["core/observe/"],
    r"boost/dll": ["core/plugin/library.cpp"],
    r"pqxx/|libpq-fe\.h": ["core/store/postgres/"],
    r"sqlite3\.h": ["core/store/sqlite/"],
    r"yaml-cpp/": ["core/manifest/", "core/host/settings.cpp"],
    r"valijson/": ["core/manifest/"],
    r"CLI/": ["core/cli/"],
    r"simdjson": ["core/decode/", "core/store/"],
    r"boost/beast": ["core/server/"],
    r"nlohmann/": ["core/observe/", "core/plugin/", "core/manifest/", "core/decode/compile", "core/store/",
                   "core/host/", "core/server/", "core/cli/"],
}
NOT_IN_PLUGINS = r"spdlog/|boost/dll"

# What the engine may see of Asio: coroutines, the executor they run on, and one timer that is aliased.
ENGINE_ASIO = {"awaitable", "any_io_executor", "co_spawn", "use_awaitable", "this_coro", "detached", "post",
               "async_result", "async_compose", "compose", "bind_cancellation_slot", "cancellation_signal",
               "cancellation_state", "associated_cancellation_slot", "bind_executor", "dispatch", "deferred",
               "error", "redirect_error", "as_tuple"}
ENGINE_TIMER = "core/engine/event.hpp"  # where the one timer gets its alias
ENGINE_STD_DENIED = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "latch",
                     "barrier", "stop_token", "fstream", "iostream", "filesystem", "cstdio", "random", "ctime"}
# <chrono> and <cstdlib> can't be denied whole: durations and abs() are theirs. Their clocks and environment are.
ENGINE_CALLS_DENIED = r"\b(system_clock|steady_clock|high_resolution_clock|getenv|random_device|time\s*\(\s*(0|nullptr)\s*\))"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    return path.parts[1] if len(path.parts) > 2 and path.parts[0] == "core" else None


def first_room(name):
    head = name.split("/")[0]
    return head if "/" in name and head in ROOMS else None


def third_party(path, name):
    for pattern, places in THIRD.items():
        if re.match(pattern, name):
            if not any(str(path).startswith(p) for p in places):
                return f"includes {name}: only {', '.join(places)} may"
    return None


def engine(path, name):
    if name == "boost/asio/steady_timer.hpp" and str(path) == ENGINE_TIMER:
        return None
    if name.startswith("boost/") and not name.startswith("boost/container/"):  # memory, and nothing else
        asio = re.fullmatch(r"boost/asio/(?:experimental/)?(\w+)\.hpp", name)
        if not asio or asio.group(1) not in ENGINE_ASIO:
            return f"includes {name}: the engine sees no sockets, threads, files or clocks"
    if name in ENGINE_STD_DENIED or name.startswith(("sys/", "unistd", "netinet/", "pthread")):
        return f"includes <{name}>: the engine sees no sockets, threads, files or clocks"
    return None


def sdk(path, name, quoted):
    if name.startswith("sluice/"):
        return None
    if quoted or "/" in name or name.endswith(".hpp"):
        return f"includes {name}: the SDK knows only the standard library and itself"
    return None


def plugin(path, name, quoted):
    if first_room(name):
        return f"includes {name}: a plugin knows only the SDK and third parties"
    if re.match(NOT_IN_PLUGINS, name):
        return f"includes {name}: a plugin logs through the host and loads nothing"
    if quoted and ".." in name:
        return f"includes {name}: a plugin includes nothing outside its folder"
    return None


def room(path, name):
    here, other = room_of(path), first_room(name)
    if here not in ROOMS or other in (None, here) or other in ROOMS[here]:
        return None
    allowed = ", ".join(ROOMS[here]) or "no other room"
    return f"includes {name}: {here} may include {allowed}"


def problem_of(path, name, quoted):
    top = path.parts[0]
    found = []
    if path.parts[:2] == ("sdk", "include"):
        found.append(sdk(path, name, quoted))
    elif top == "plugins":
        found.append(plugin(path, name, quoted))
    elif top == "core":
        found += [third_party(path, name), room(path, name)]
        if path.parts[1] == "engine":
            found.append(engine(path, name))
    return next((f for f in found if f), None)


def run(root):
    problems = []
    for path in filter(tree.is_code, tree.files(root)):
        text = tree.without_comments(tree.read(root, path))
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            problem = problem_of(path, match.group(2), match.group(1) == '"') if match else None
            if not match and path.parts[:2] == ("core", "engine"):
                clock = re.search(ENGINE_CALLS_DENIED, line)
                problem = f"uses {clock.group(1)}: the engine asks its ports" if clock else None
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    return problems
