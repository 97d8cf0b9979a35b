"""The shop's online half: carts, checkout, orders and what becomes of them.

A cart reserves goods as pending transfers that run out; a checkout freezes prices, pays once for orders at one or
several shops; an order is a deal of the process ``order``. The walk-out shop's receipts and web orders are one history.
"""
