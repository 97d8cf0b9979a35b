"""Files: bytes under the hash of their content, each kept for a reason and destroyed when the reason ends.

``Store`` holds the bytes (written whole, checked when read); the database knows which are kept, why and until when.
"""

from madang.files.model import KEEP_D, Kept, Retention
from madang.files.service import close, destroy_due, find, keep
from madang.files.store import Store

__all__ = ["KEEP_D", "Kept", "Retention", "Store", "close", "destroy_due", "find", "keep"]
