"""`python -m talk_sdk` is `talk`."""

from __future__ import annotations

from talk_sdk.cli import main

if __name__ == "__main__":
    main()
