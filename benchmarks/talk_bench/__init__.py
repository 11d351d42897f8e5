"""How fast talk-sdk is, beside floors and peers on the same server: `python -P -m talk_bench`."""
