"""Memory and processor time of processes, and bytes on disk, from Linux's /proc and the file system."""

import os
from contextlib import suppress
from pathlib import Path

MIB = 2**20
NO_PAGE = "no such page"


def read_memory_mib(field: str, process: int | str = "self") -> float:
    """Return a line of /proc/PID/status: VmRSS for resident memory, VmHWM for its peak."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def read_proportional_mib(process: int) -> float:
    """Return the proportional set size: what the process shares with others counts in parts."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def sum_proportional_mib(parent: int) -> float:
    """Return the proportional set size of a process and its own children together."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sum(map(read_proportional_mib, [parent, *map(int, children)]))


def read_thread_s(process: int) -> float:
    """Return the processor time of a process's first thread, in finer steps than `read_processor_s`."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def read_processor_s(process: int) -> float:
    """Return the processor time of a process with all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def reset_peak_memory(process: int | str = "self") -> None:
    """VmHWM of the process begins again at its present memory."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def find_processes(name: str, *, parent: int) -> list[int]:
    """Return the ids of the parent's own children of this name."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if fields["Name"] == name and int(fields["PPid"]) == parent:
                found.append(int(fields["Pid"]))
    return found


def count_mib(folder: Path, pattern: str = "**/*") -> float:
    """Return what the files below a folder take on disk; files that vanish meanwhile do not count."""
    total = 0
    for path in folder.glob(pattern):
        with suppress(OSError):
            total += path.stat().st_blocks * 512 if path.is_file() else 0
    return total / MIB
