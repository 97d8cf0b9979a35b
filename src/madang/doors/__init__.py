"""Doors: where the outside comes in. So far the sensor gateway (``Gateway``), in process and as HTTP batches
(``doors.api``); its messages are those of ``madang.walkout.messages``."""

from madang.doors.devices import Device
from madang.doors.gateway import Encoding, Gateway, Seen, Taken

__all__ = ["Device", "Encoding", "Gateway", "Seen", "Taken"]
