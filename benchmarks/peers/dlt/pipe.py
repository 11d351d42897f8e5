"""dlt creates the customers of a system in another: `pipe.py SOURCE TARGET FOLDER`.

https://dlthub.com/docs/dlt-ecosystem/destinations/destination: a custom destination, with the
batch size that the documentation starts with. How many files there are, and so how many posts are
in flight, is the setting NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false"}

import dlt
import httpx
from customers import customers

FRAME = {"id", "etag", "created_at", "updated_at"}
LOCAL = threading.local()


@dlt.destination(batch_size=10, name="pages", loader_parallelism_strategy="parallel")
def pages(items: list[dict[str, Any]], table: Any, url: str = dlt.config.value) -> None:  # noqa: ARG001 - dlt's
    """Create each record."""
    if not hasattr(LOCAL, "client"):
        LOCAL.client = httpx.Client(verify=False)  # noqa: S501 - plain HTTP on loopback
    for item in items:
        content = {name: value for name, value in item.items() if name not in FRAME}
        LOCAL.client.post(f"{url}/Customer", json=content).raise_for_status()


def main() -> None:
    """Read and create."""
    source, target, folder = sys.argv[1:]
    began = time.perf_counter()
    pipeline = dlt.pipeline(
        pipeline_name="bench", destination=pages(url=target), pipelines_dir=f"{folder}/pipelines"
    )
    pipeline.run(customers(source))
    print(json.dumps({"work_s": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
