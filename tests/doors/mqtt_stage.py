"""A gateway with a door to a broker in a process of its own, to be killed: ``FOLDER PORT VERSION``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from madang.doors import Gateway
from madang.doors.brokers import broker
from madang.doors.mqtt import MqttDoor
from madang.kernel import ManualClock
from madang.walkout.sensorlog import SensorLog


def main(folder: str, port: str, version: str) -> None:
    clock = ManualClock()
    gateway = Gateway(SensorLog(Path(folder), segment_bytes=50_000), clock=clock)
    door = MqttDoor(gateway, "s1", broker(f"mqtt://127.0.0.1:{port}", version=version), clock=clock)
    door.start()
    while door.failure is None:
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
