"""How recently somebody proved that it is them, and what asks for it: payouts, bank accounts, ways in."""

from __future__ import annotations

from madang.kernel import Actor, Forbidden, Kind
from madang.kernel.clock import MINUTE_US

FRESH_US = 5 * MINUTE_US


class StepUpNeeded(Forbidden):
    """What is asked needs a passkey used just now; pages lead to ``/account/step-up`` and back (403)."""

    leads_to = "/account/step-up"


def is_fresh(by: Actor, at_us: int) -> bool:
    """True when the person used a passkey, with their finger, face or PIN, in the last five minutes.

    The software itself and agents have none: what they may do is bounded elsewhere (jobs, mandates).
    """
    return by.kind is not Kind.PERSON or 0 <= at_us - by.proved_us <= FRESH_US


def need_step_up(by: Actor, at_us: int) -> None:
    """Raise ``StepUpNeeded`` unless ``is_fresh``: call it in the use case that pays out or changes where to."""
    if not is_fresh(by, at_us):
        raise StepUpNeeded(
            "members.step_up",
            ko="본인인지 한 번 더 확인해야 합니다.",
            en="This needs one more proof that it is you.",
            next_ko="/account/step-up에서 패스키로 확인하고 다시 하세요.",
            next_en="Confirm with your passkey at /account/step-up, then do it again.",
        )
