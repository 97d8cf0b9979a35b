"""Deals: one engine for every way of selling, the receipts it makes and what becomes of a dispute.

A process is data (``Process``: states, transitions, who may make each, what it does, what time does on its own). It is
checked when it is declared, kept when its first deal begins, and running deals keep the version they began under. Every
step is recorded once, tells the journal, and runs its actions in the same transaction. ``docs/deals.md`` has it all.
"""

from madang.deals import disputes, lines, receipts, timers
from madang.deals.lines import GiveBack, Line, Receipt, Taken
from madang.deals.links import Links
from madang.deals.model import Deal, Fault, Move, Process, StateTimer, Transition
from madang.deals.process import faults
from madang.deals.registry import Registry, deal_key, declared
from madang.deals.service import choices, counts, find, get, history, made, move, oldest, open, process_of

declare, action, check = declared.declare, declared.action, declared.check

__all__ = [
    "Deal",
    "Fault",
    "GiveBack",
    "Line",
    "Links",
    "Move",
    "Process",
    "Receipt",
    "Registry",
    "StateTimer",
    "Taken",
    "Transition",
    "action",
    "check",
    "choices",
    "counts",
    "deal_key",
    "declare",
    "declared",
    "disputes",
    "faults",
    "find",
    "get",
    "history",
    "lines",
    "made",
    "move",
    "oldest",
    "open",
    "process_of",
    "receipts",
    "timers",
]
