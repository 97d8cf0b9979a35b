"""The guard at every door: rate limits, and the memory that makes a request sent twice be done once."""

from madang.guard.limits import Limit, Limiter
from madang.guard.once import Answer, fingerprint, forget_answers, once

__all__ = ["Answer", "Limit", "Limiter", "fingerprint", "forget_answers", "once"]
