"""Twin: the project's own simulator of a shop, for rehearsals, the demo and tests.

``layout`` builds shops, ``Shop.stream`` enacts a ``Plan`` as sensor messages in order of arrival and keeps the truth
apart, ``baskets`` reads real basket lines, ``record`` writes recordings an engine can be measured on. It shares no code
with the engine, and every score reached on it is called simulated. Models and figures: ``docs/twin.md``.
"""

from madang.twin import baskets, layout
from madang.twin.geometry import Geometry
from madang.twin.messages import MISSING, GateEvent, Message, PlateBatch, SkeletonFrame, VisionObs
from madang.twin.plan import Basket, Do, Line, Plan, Visit, busy_plan, day_plan
from madang.twin.record import record, record_set, record_store
from madang.twin.settings import Settings, preset
from madang.twin.shop import Shop, Stream
from madang.twin.truth import Truth

__all__ = [
    "MISSING",
    "Basket",
    "Do",
    "GateEvent",
    "Geometry",
    "Line",
    "Message",
    "Plan",
    "PlateBatch",
    "Settings",
    "Shop",
    "SkeletonFrame",
    "Stream",
    "Truth",
    "VisionObs",
    "Visit",
    "baskets",
    "busy_plan",
    "day_plan",
    "layout",
    "preset",
    "record",
    "record_set",
    "record_store",
]
