"""Privacy: the one gate for published numbers.

Whatever leaves a neighbourhood as a figure about people passes here (minimum counts, noise, budgets). Erasing a
person is not this room's work: that is ``members``. So far: ``floors`` for counts of people.
"""
