"""Faces: what a municipality, a neighbourhood and a shop show themselves as, dated, inherited, readable.

Others use ``face_of`` (what a page shows) and ``Shown``; ``docs/faces.md`` has the rules.
"""

from madang.places.faces.model import Face, Season, Shown, Speciality
from madang.places.faces.service import face_of, set_face

__all__ = ["Face", "Season", "Shown", "Speciality", "face_of", "set_face"]
