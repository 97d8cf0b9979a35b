"""Twin: the project's own simulator of a shop, for rehearsals, the demo and tests. Its scores are always called simulated.

``layout`` builds shops, ``Shop`` enacts a ``Plan`` as sensor messages with the truth kept apart. It shares no code with the engine.
"""
