"""httpx without its command line, which it imports wherever click and rich are installed.

They are wherever talk-sdk is, and would cost every run 45 ms and 5 MB. Nothing else misses it.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["httpx"]

_COMMAND_LINE = "httpx._main"
_ABSENT: Any = None  # in `sys.modules`, it makes an import fail as if there were no such module

if "httpx" in sys.modules:
    import httpx
else:
    sys.modules[_COMMAND_LINE] = _ABSENT
    import httpx

    del sys.modules[_COMMAND_LINE]
