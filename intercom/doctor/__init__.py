"""`intercom doctor`: looks at everything a station needs, a line each, with the remedy.

PURE are `results`, `report`, `listening` and the `judge_*` modules: what was measured in, verdicts
out. Each other module is the shell of one check. `checks` lists them.
"""
