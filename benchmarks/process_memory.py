"""The memory of a process as Linux counts it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in MiB: `now`, and at its `peak` since the program was started."""

    now: float
    peak: float


def memory_of(process: int | str) -> Memory:
    """Of a process by its id, or of `self`; zeros once it has ended.

    Not `ru_maxrss`: that begins with what the process was before it became this program.
    """
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return Memory(0.0, 0.0)
    fields = {name: value for name, _, value in (line.partition(":") for line in lines)}

    def mebibytes(name: str) -> float:
        return int(fields[name].split()[0]) / 1024 if name in fields else 0.0

    return Memory(mebibytes("VmRSS"), mebibytes("VmHWM"))
