"""The server's door for shops' machines: receipts in, news out. One key per shop."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from madang.db import Database
from madang.edge import taking
from madang.edge.model import NEWS, RECEIPTS, TOGETHER_MAX, Batch, News, Upto
from madang.kernel import Clock, Malformed, NotSignedIn, TooLarge
from madang.ui import access
from madang.ui.answers import answers

BYTES_MAX = 4 << 20

_batch = msgspec.json.Decoder(Batch).decode


def router(db: Database, clock: Clock, neighbourhood: str, keys: Mapping[str, bytes]) -> APIRouter:
    """``keys`` by shop: who may speak for which."""
    routes = APIRouter(tags=["edge"], dependencies=[access.key("a shop's key, of the --edges file: shop_of")])

    def shop_of(authorization: str | None) -> str:
        scheme, _, key = (authorization or "").partition(" ")
        given = key.strip().encode() if scheme.lower() == "bearer" else b""
        found = [shop for shop, known in keys.items() if hmac.compare_digest(known, given)]
        if not found:
            raise _unknown_key()
        return found[0]

    @routes.post(RECEIPTS)
    @answers(Upto)
    async def receipts(request: Request, authorization: Annotated[str | None, Header()] = None) -> Response:
        """Take a batch of a shop's receipts, in order, and its words on what shoppers said of them; what was taken
        before is passed over."""
        by = taking.machine(neighbourhood, shop_of(authorization))
        batch, at_us = _read(await request.body()), clock.now_us()

        def take() -> Upto:
            do = db.write if batch.receipts or batch.words else db.read
            return do(lambda tx: taking.take(tx, by, batch, at_us=at_us), neighbourhood=neighbourhood)

        return _json(await run_in_threadpool(take))

    @routes.get(NEWS)
    @answers(News)
    def news(
        authorization: Annotated[str | None, Header()] = None, if_none_match: Annotated[str | None, Header()] = None
    ) -> Response:
        """Entry codes, wallets, products and prices; 304 while they are what the shop has (its ``ETag``)."""
        shop, at_us = shop_of(authorization), clock.now_us()
        by = taking.machine(neighbourhood, shop)
        found = db.read(lambda tx: taking.news(tx, by, shop, at_us=at_us), neighbourhood=neighbourhood)
        tag = f'"{taking.version(found)}"'
        if if_none_match == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return _json(found, tag)

    return routes


def _read(body: bytes) -> Batch:
    if len(body) > BYTES_MAX:
        raise _too_much()
    try:
        batch = _batch(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as fault:
        raise Malformed(
            "edge.unreadable",
            ko="영수증 묶음을 읽을 수 없습니다.",
            en=f"The batch of receipts cannot be read: {fault}.",
            next_ko="가게와 서버의 프로그램 버전을 맞추세요.",
            next_en="Bring the shop's and the server's program to the same version.",
        ) from fault
    if max(len(batch.receipts), len(batch.words)) > TOGETHER_MAX:
        raise _too_much()
    return batch


def _json(said: Upto | object, tag: str = "") -> Response:
    headers = {"ETag": tag} if tag else {}
    return Response(msgspec.json.encode(said), media_type="application/json", headers=headers)


def _unknown_key() -> NotSignedIn:
    return NotSignedIn(
        "edge.unknown_key",
        ko="가게의 열쇠가 없거나 맞지 않습니다.",
        en="The shop's key is missing or wrong.",
        next_ko="서버의 --edges 파일에 적힌 열쇠를 가게의 upstream_key 설정에 넣으세요.",
        next_en="Put the key from the server's --edges file into the shop's setting upstream_key.",
    )


def _too_much() -> TooLarge:
    return TooLarge(
        "edge.batch_too_big",
        ko=f"한 번에 영수증 {TOGETHER_MAX}건까지 보낼 수 있습니다.",
        en=f"At most {TOGETHER_MAX} receipts can be sent at once.",
        next_ko="나누어 보내세요.",
        next_en="Send them in parts.",
    )
