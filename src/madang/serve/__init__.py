"""Serving a real shop: ``madang serve`` puts database, sensor gateway, engine, pages and the operator's door together.

``Serving`` is one shop served by this process, ``Front`` its pages over a hub (the demo's could be the same),
``Rounds`` what is done again and again, ``check_in`` how a shopper gets an entry code.
"""
