"""Run a command and write down what it took: `python -I measured.py FILE COMMAND…`.

A process's peak of memory begins with that of the process that has started it (Linux, exec after
vfork), so what starts the measured ones has to be small: this, and not the benchmark itself.
"""

from __future__ import annotations

import json
import os
import sys
import time

__all__ = ["main"]


def main() -> None:
    """Run the command; ends as it ends."""
    file, *command = sys.argv[1:]
    began = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    taken = {
        "wall_s": wall,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "maxrss": usage.ru_maxrss,
    }
    with open(file, "w", encoding="utf-8") as written:  # noqa: PTH123 - pathlib would cost memory
        json.dump(taken, written)
    sys.exit(os.waitstatus_to_exitcode(status) and 1)


if __name__ == "__main__":
    main()
