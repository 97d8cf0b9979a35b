"""The guard at every door: rate limits, and the memory that makes a request sent twice be done once."""

from madang.guard.limits import Limit, Limiter

__all__ = ["Limit", "Limiter"]
