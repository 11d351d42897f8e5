"""The source writes the customers of a system into a file: `read.py CONFIG CATALOG FILE`."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.yaml_declarative_source import YamlDeclarativeSource

MANIFEST = Path(__file__).with_name("manifest.yaml")


def main() -> None:
    """Read."""
    config, catalog, file = sys.argv[1:]
    ours = os.dup(1)
    with open(file, "wb") as out:  # noqa: PTH123 - as in a shell, `source read … > FILE`
        os.dup2(out.fileno(), 1)
    began = time.perf_counter()
    arguments = ["read", "--config", config, "--catalog", catalog]
    source = YamlDeclarativeSource(
        str(MANIFEST),
        catalog=YamlDeclarativeSource.read_catalog(AirbyteEntrypoint.extract_catalog(arguments)),
        config=YamlDeclarativeSource.read_config(AirbyteEntrypoint.extract_config(arguments)),
    )
    launch(source, arguments)
    sys.stdout.flush()
    took = time.perf_counter() - began
    os.dup2(ours, 1)
    print(json.dumps({"work_s": took}))


if __name__ == "__main__":
    main()
