"""Real runs of `talk sync` against real servers, killed at random moments, and what became of them.

`python -m talk_sdk.testing.kills --kills 200`.
"""
