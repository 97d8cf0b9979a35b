"""Jobs: what is to happen later (timers) and outside (outbox), kept in the database with what they belong to.

Leased, retried with growing waits, given up in the end; time is injected. External calls happen here only.
"""

from madang.jobs.model import Job, Retry
from madang.jobs.registry import handler, outside
from madang.jobs.service import cancel_timer, counts, forget_closed, send, set_timer
from madang.jobs.worker import Worker, run_due, run_timers

__all__ = [
    "Job",
    "Retry",
    "Worker",
    "cancel_timer",
    "counts",
    "forget_closed",
    "handler",
    "outside",
    "run_due",
    "run_timers",
    "send",
    "set_timer",
]
