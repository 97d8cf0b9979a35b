"""Keeping the sensors' alarms: one fact when an alarm begins, one when it ends, however often it is told."""

from __future__ import annotations

from collections.abc import Sequence

from madang import journal
from madang.db import Tx
from madang.doors import facts, records
from madang.doors.alarms import STEPPED, Alarm
from madang.journal import New
from madang.kernel import Actor, Role, derived


def alarms(tx: Tx, by: Actor, shop: str) -> list[tuple[str, str, int]]:
    """(device, alarm, since when) of what is going on in a shop."""
    by.need_shop(shop)
    return records.on(tx, by, shop)


def keep_alarms(tx: Tx, by: Actor, shop: str, told: Sequence[Alarm]) -> int:
    """Keep what a watch has seen, in its order; what is known already is passed over. Returns how many were new."""
    by.need(Role.SYSTEM)
    since = {(device, kind): at_us for device, kind, at_us in records.on(tx, by, shop)}
    news: list[New] = []
    for alarm in told:
        key = (alarm.device, alarm.kind)
        body: facts.ClockStepped | facts.AlarmBegan | facts.AlarmEnded | None = None
        if alarm.kind == STEPPED:
            body = facts.ClockStepped(device=alarm.device, by_us=round(alarm.value))
        elif alarm.on and key not in since:
            since[key] = alarm.at_us
            records.begin(tx, shop, [(*key, alarm.at_us)])
            body = facts.AlarmBegan(device=alarm.device, alarm=alarm.kind, value=alarm.value)
        elif not alarm.on and key in since:
            lasted_us = alarm.at_us - since.pop(key)
            records.end(tx, shop, [key])
            body = facts.AlarmEnded(device=alarm.device, alarm=alarm.kind, value=alarm.value, lasted_us=lasted_us)
        if body is not None:
            id = derived("sensors.alarm", tx.neighbourhood, shop, *key, alarm.on, alarm.at_us)
            news.append(New(body=body, id=id, at_us=alarm.at_us, subject=shop, shop=shop))
    journal.append_many(tx, by, news)
    return len(news)
