"""The journal: what happened, written once and never edited.

Every change appends its facts in its own transaction: who did what to what, where, when, in which stage of the value
chain, how long it took, on whose mandate and why. Facts are numbered per neighbourhood in the order of their commits,
chained by hashes, and hold opaque keys only, never personal data. Live pages, insight, audit and agents' memory are
readers of facts.
"""

from madang.journal.kinds import KINDS, kind, upcast
from madang.journal.live import Beat, Feed, Resume, sse
from madang.journal.model import ChainReport, Fact, New, Opaque, Stage
from madang.journal.readers import Reader, ReaderLoop
from madang.journal.service import append, append_many, head, read, trail, verify

__all__ = [
    "KINDS",
    "Beat",
    "ChainReport",
    "Fact",
    "Feed",
    "New",
    "Opaque",
    "Reader",
    "ReaderLoop",
    "Resume",
    "Stage",
    "append",
    "append_many",
    "head",
    "kind",
    "read",
    "sse",
    "trail",
    "upcast",
    "verify",
]
