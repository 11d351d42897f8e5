"""The tap writes the customers of a system into a file: `read.py CONFIG FILE`."""

from __future__ import annotations

import json
import os
import sys
import time

from tap import TapPages


def main() -> None:
    """Read."""
    config, file = sys.argv[1:]
    ours = os.dup(1)
    with open(file, "wb") as out:  # noqa: PTH123 - as in a shell, `tap > FILE`
        os.dup2(out.fileno(), 1)
    began = time.perf_counter()
    TapPages.cli(["--config", config], standalone_mode=False)
    sys.stdout.flush()
    took = time.perf_counter() - began
    os.dup2(ours, 1)
    print(json.dumps({"work_s": took}))


if __name__ == "__main__":
    main()
