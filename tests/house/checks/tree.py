"""The files that the checks look at: what git tracks or would track, or everything where there is no git."""
import pathlib
import subprocess

SKIPPED = {".git", ".cache", ".venv", "__pycache__"}
CODE = {".cpp", ".hpp", ".h", ".c"}
SCRIPT = {".py", ".sh", ".cmake"}


def files(root):
    """Relative paths, sorted."""
    root = pathlib.Path(root)
    if (root / ".git").exists():
        listed = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z"],
                                check=True, capture_output=True, text=True).stdout.split("\0")
        found = [pathlib.PurePosixPath(p) for p in listed if p and (root / p).is_file()]
    else:
        found = [pathlib.PurePosixPath(p.relative_to(root).as_posix()) for p in root.rglob("*") if p.is_file()]
    return sorted(p for p in found if not SKIPPED & set(p.parts) and not p.parts[0].startswith("build"))


def read(root, path):
    return (pathlib.Path(root) / path).read_bytes().decode("utf-8", errors="replace")


def is_code(path):
    return path.suffix in CODE


def is_script(root, path):
    """Shell or Python by suffix or by its first line."""
    if path.suffix in SCRIPT or path.name == "CMakeLists.txt":
        return True
    if path.suffix:
        return False
    return read(root, path).startswith("#!")


def without_comments(text):
    """C++ text with comments blanked; line numbers stay. Text inside quotes is kept."""
    out, i, n = [], 0, len(text)
    while i < n:
        c = text[i]
        if text.startswith("//", i):
            end = text.find("\n", i)
            i = n if end < 0 else end
        elif text.startswith("/*", i):
            end = text.find("*/", i)
            end = n if end < 0 else end + 2
            out.append("\n" * text.count("\n", i, end))
            i = end
        elif c == '"' and text[max(0, i - 1):i] == "R":
            close = ")" + text[i + 1:text.index("(", i)] + '"'
            end = text.index(close, i) + len(close)
            out.append(text[i:end])
            i = end
        elif c == '"' or (c == "'" and not text[max(0, i - 1):i].isalnum()):
            end = i + 1
            while end < n and text[end] != c and text[end] != "\n":
                end += 2 if text[end] == "\\" else 1
            out.append(text[i:end + 1])
            i = end + 1
        else:
            out.append(c)
            i += 1
    return "".join(out)
