"""How a station's buttons and lamp are wired, drawn and listed from its settings. PURE."""

from intercom.wiring.draw import draw
from intercom.wiring.parts import Plan, plan
from intercom.wiring.table import table

__all__ = ["Plan", "draw", "plan", "table"]
