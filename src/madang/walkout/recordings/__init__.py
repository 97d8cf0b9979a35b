"""Recordings of walk-out shops: what the sensors said over some minutes, read from disk and run through the engine.

``read_case`` reads the project's recording format (docs/recording-format.md), ``read_aifi`` the files of the CPS-IoT
AutoCheckout competition; ``replay`` runs one through an engine and says what the receipts and events are.
"""

from madang.walkout.recordings.aifi import read_aifi
from madang.walkout.recordings.model import Prediction, Recording, RecordingError
from madang.walkout.recordings.reading import find_cases, read_case, read_store
from madang.walkout.recordings.replaying import replay

__all__ = [
    "Prediction",
    "Recording",
    "RecordingError",
    "find_cases",
    "read_aifi",
    "read_case",
    "read_store",
    "replay",
]
