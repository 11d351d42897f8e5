"""The engine: collect, match, merge, plan, apply, settle.

`match`, `merge`, `lines` and `plan` decide, as pure functions over rows; the modules named
after what happens (`collecting`, `matching`, …) bring the rows and carry decisions out.
"""
