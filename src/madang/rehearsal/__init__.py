"""Rehearsal: a shop that does not exist yet, opened for a day on the twin and run by the real engine.

``read`` takes an operator's shop file, ``laid_out`` makes the shop of it, ``day`` runs its days, ``summary`` says what
they came to and how sure that is, ``compare`` sets two layouts side by side. Everything it says is simulated.
It stands at the edges: it knows the twin and the engine, and nothing knows it.
"""
