"""Edge: a shop's own machine goes on selling when the link to its neighbourhood's server is cut.

The shop's machine has everything a shop needs (engine, deals, books); what happens there is true there at once. Its
receipts go to the server in their order, each taken once; people, prices and products come the other way.
``sending`` is the shop's side, ``taking`` the server's, ``docs/decisions/0005-the-edge-decides.md`` why it is so.
"""
