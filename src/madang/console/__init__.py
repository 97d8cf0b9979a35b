"""Console: where an operator looks and changes things, and sees who did what.

It decides nothing: every change goes through the rooms' own services. What it adds is the **change**: many edits at
once, shown before they are made, made together or not at all, and taken back together.
"""

from madang.console.model import Change, Edit, Kind
from madang.console.service import apply, find, get, stage, undo

__all__ = ["Change", "Edit", "Kind", "apply", "find", "get", "stage", "undo"]
