"""Tables of deals and receipts, and the queries on them."""

from madang.deals.records import deals, receipts

__all__ = ["deals", "receipts"]
