"""Telling buyers what became of their orders, outside any transaction, at least once, under the message's id.

Whoever can reach people (members' e-mail) sets ``deliver``; without it a notice stays on the order's page, where every
step stands anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from madang import jobs
from madang.storefront.actions import NOTICE

log = logging.getLogger("madang.storefront")

Deliver = Callable[[jobs.Job], None]
"""Gets a job whose payload names ``order`` and ``what`` (cancelled, short, ready, returned, declined)."""

_deliver: list[Deliver] = []


def deliver_by(deliver: Deliver) -> None:
    """From now on notices go out this way."""
    _deliver[:] = [deliver]


@jobs.outside(NOTICE)
def send(job: jobs.Job) -> None:
    for deliver in _deliver:
        deliver(job)
    log.info("storefront.notice", extra={"order": job.payload["order"], "what": job.payload["what"]})
