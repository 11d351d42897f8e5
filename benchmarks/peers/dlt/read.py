"""dlt reads the customers of a system into files of JSON lines: `read.py URL FOLDER`.

https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic and
https://dlthub.com/docs/dlt-ecosystem/destinations/filesystem; of its destinations this one does
least. Files are left uncompressed, which is faster.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
}

import dlt
from customers import customers


def main() -> None:
    """Read."""
    url, folder = sys.argv[1:]
    began = time.perf_counter()
    pipeline = dlt.pipeline(
        pipeline_name="bench", dataset_name="bench", pipelines_dir=f"{folder}/pipelines",
        destination=dlt.destinations.filesystem(bucket_url=f"{folder}/out"),
    )  # fmt: skip
    pipeline.run(customers(url), loader_file_format="jsonl")
    print(json.dumps({"work_s": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
