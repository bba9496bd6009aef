"""What `benches/peers` and `benches/figures` share: building, measuring whole processes, facts, Markdown.

Python 3's standard library alone. Nothing here knows what is compared with what.
"""
import datetime, json, os, pathlib, platform, re, statistics, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Runs one command and tells its wall seconds, cpu seconds, peak memory in KiB and exit code. A process of its own, with
# next to no imports: the kernel counts the memory of whoever starts a program to that program's peak.
LAUNCHER = """
import os, sys, time
out, err = (os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) for path in sys.argv[1:3])
words = sys.argv[3:]
began = time.perf_counter()
pid = os.posix_spawnp(words[0], words, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)])
_, status, used = os.wait4(pid, 0)
wall = time.perf_counter() - began
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


class Run:
    """One run of a command."""

    def __init__(self, words, good=(0,), out=os.devnull):
        with tempfile.NamedTemporaryFile("r", errors="replace") as err:
            launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, out, err.name]
            told = subprocess.run(launcher + [str(word) for word in words], stdout=subprocess.PIPE, text=True, check=True).stdout
            self.err = err.read()
        wall, cpu, kib, code = told.split()
        self.wall, self.cpu, self.code = float(wall), float(cpu), int(code)
        self.mib = int(kib) / (1 << 20 if sys.platform == "darwin" else 1024)
        if self.code not in good:
            sys.exit(f"exit code {self.code} of {' '.join(map(str, words))}\n{self.err[-2000:]}")

    def figures(self):
        return {"wall": self.wall, "cpu": self.cpu, "mib": self.mib}


def median(runs, name):
    return statistics.median(run[name] for run in runs)


def build(*targets):
    """Builds in release and gives the programs by name; `targets` are cargo's words, such as `--bin outflow`.

    OUTFLOW_BENCH_PROFILE names another profile: `dev` to see quickly that a benchmark still works.
    """
    words = ["cargo", "build", "--profile", os.environ.get("OUTFLOW_BENCH_PROFILE", "release"), "--message-format=json-render-diagnostics", *targets]
    told = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    made = [json.loads(line) for line in told.splitlines()]
    return {one["target"]["name"]: one["executable"] for one in made if one.get("executable")}


def machine():
    """The machine, in a line."""
    processor, memory = platform.processor() or platform.machine(), ""
    for path, pattern in [("/proc/cpuinfo", r"model name\s*: (.*)"), ("/proc/meminfo", r"MemTotal: *(\d+) kB")]:
        found = re.search(pattern, pathlib.Path(path).read_text()) if os.path.exists(path) else None
        if found and path.endswith("cpuinfo"):
            processor = found[1]
        elif found:
            memory = f", {int(found[1]) / (1 << 20):.0f} GiB"
    return f"{os.cpu_count()} cores of {processor}{memory}, {platform.system()} {platform.release()}"


def commit():
    """The commit, with `+` behind it where the program's source differs from it."""
    git = lambda *words: subprocess.run(["git", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def today():
    return datetime.date.today().isoformat()


def files_below(folder):
    """The logs of a folder: paths, largest first."""
    found = [path for path in pathlib.Path(folder).rglob("*") if path.name.endswith((".gz", ".parquet"))]
    return sorted(found, key=lambda path: -path.stat().st_size)


def table(heads, rows):
    """A Markdown table; columns of figures are right aligned."""
    is_text = lambda place: any(row[place] and not re.match(r"[\d–]", row[place]) for row in rows)
    line = lambda cells: "| " + " | ".join(cells) + " |"
    return "\n".join([line(heads), line(["---" if is_text(i) else "---:" for i in range(len(heads))]), *map(line, rows)])


def update(path, name, text):
    """Puts a text between the marks `<!-- NAME:begin -->` and `<!-- NAME:end -->` of a page."""
    page = pathlib.Path(path).read_text()
    marks = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if any(page.count(mark) != 1 for mark in marks):
        sys.exit(f"{path}: the marks {marks[0]} and {marks[1]} must be there once")
    before, after = page.split(marks[0])[0], page.split(marks[1])[1]
    pathlib.Path(path).write_text(f"{before}{marks[0]}\n\n{text.strip()}\n\n{marks[1]}{after}")
