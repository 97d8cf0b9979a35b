"""A make-believe gateway: what Toss Payments and Kakao Pay do with our requests, in memory, without any money.

It is written from their public documents and shares no code with the adapters. ``TossSide`` and ``KakaoSide`` answer
requests; the demo serves them with a page on which a visitor pays (marked as simulated), tests make them misbehave.
"""

from madang.payments.sandbox.kakao_side import KakaoSide
from madang.payments.sandbox.money import Account, Answer, Desk
from madang.payments.sandbox.toss_side import TossSide

__all__ = ["Account", "Answer", "Desk", "KakaoSide", "TossSide"]
