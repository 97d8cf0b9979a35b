"""The gateways this process is connected to, by name: set once at start, from settings."""

from __future__ import annotations

from madang.kernel import Unavailable
from madang.payments.charging import ByGateway
from madang.payments.gateways import Gateway
from madang.payments.means import register

_gateways: dict[str, Gateway] = {}


def connect(gateway: Gateway) -> None:
    """From now on parts may be paid by it; the same name again replaces what was connected."""
    _gateways[gateway.name] = gateway
    register(ByGateway(gateway.name))


def gateway_of(name: str) -> Gateway:
    """Raises ``Unavailable`` where this process is not connected to it: whoever asks tries again later."""
    found = _gateways.get(name)
    if found is None:
        raise Unavailable(
            "payments.gateway_not_connected",
            ko=f"'{name}' 결제사에 연결되어 있지 않습니다.",
            en=f"The payment company '{name}' is not connected.",
            next_ko="설정에 결제사의 비밀 키를 넣으세요.",
            next_en="Put its secret key into the settings.",
            gateway=name,
        )
    return found


def connected() -> list[str]:
    """Names, in alphabetical order."""
    return sorted(_gateways)
