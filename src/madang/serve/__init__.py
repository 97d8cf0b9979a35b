"""Serving a real shop: ``madang serve`` puts database, sensor gateway, engine, pages and the operator's door together.

``Serving`` is one shop served by this process, ``Front`` its pages over a hub (the demo's could be the same), ``door``
what the operator's app may ask, ``check_in`` how a shopper gets an entry code, ``Rounds`` what is done again and again.
"""
