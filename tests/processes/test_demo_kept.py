"""`talk demo --keep` in a process of its own: Ctrl-C ends it, the workspace stays."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

SMALL = """
import signal, sys
from talk_sdk.cli import main
from talk_sdk.testing.demo import play

class SmallStage(play.Stage):
    def __init__(self, folder):
        super().__init__(folder, parties=40, items=30, deals=40)

play.Stage = SmallStage
# Whoever runs the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["talk", "demo", "--keep"]
main()
"""


def test_ctrl_c_ends_a_kept_demo_and_its_servers_and_the_workspace_stays(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-u", "-c", SMALL], env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    seen = []
    assert demo.stdout is not None
    for line in demo.stdout:
        seen.append(line)
        if "until you press Ctrl-C" in line:
            break
    else:
        raise AssertionError("".join(seen) + demo.communicate()[1])
    shown = "".join(seen).replace("\n", "")
    address = re.search(r"shop is served on (http://127\.0\.0\.1:\d+)", shown)
    config = re.search(r"Workspace: (\S*?talk\.toml)", shown)
    assert address is not None
    assert config is not None
    assert httpx.get(address[1] + "/api/shop", trust_env=False).status_code == 401

    # The terminal sends it to all processes of the group, the servers included.
    os.killpg(demo.pid, signal.SIGINT)
    out, err = demo.communicate(timeout=30)
    assert (demo.returncode, err) == (0, "")
    assert "The workspace stays" in out
    with pytest.raises(httpx.ConnectError):
        httpx.get(address[1], trust_env=False)

    status = subprocess.run(
        [sys.executable, "-m", "talk_sdk", "-c", config[1], "status"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert status.returncode in {0, 1}
    assert status.stdout.startswith("Systems: shop, erp, books.")
    shutil.rmtree(Path(config[1]).parent)
