"""Sending mail: a job in the outbox, made into a message and handed to an SMTP server outside any transaction.

A job's payload is plain JSON that others may read, so who gets the mail and the link in it are sealed under the
neighbourhood's key (``addresses.Keyring``) and opened only here. A message carries the job's id as its Message-ID: a
server that is sent the same twice can tell.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from madang import jobs
from madang.db import Tx
from madang.jobs import Job, Retry
from madang.kernel import Invalid, Unavailable, seoul
from madang.kernel.clock import MINUTE_US
from madang.members.addresses import Keyring

KIND = "members.mail"
TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in. ``security``: ``tls`` from the first byte, ``starttls``, ``none`` (this machine), or
    ``folder``: ``host`` is a folder in which mails are laid instead of being sent."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is one."""

    to: str
    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """What sending needs. ``write`` makes the letter of a job's unsealed ``(what, to, link, language)``."""

    server: Server
    sender: str
    keyring: Keyring
    write: Callable[[str, str, str, str], Letter]


_posts: dict[str, Post] = {}


def server_of(url: str) -> Server:
    """``smtp://user:password@host:587`` (STARTTLS; without it only on this machine) or ``smtps://…:465``.

    ``?ca=FILE`` names another certificate authority. ``folder:PATH`` sends nothing and lays mails there, to be looked
    at. Raises ``Invalid`` ``members.bad_mail_server``.
    """
    if url.startswith("folder:") and url != "folder:":
        return Server(url.removeprefix("folder:"), 0, "folder")
    try:
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "smtps"
        port = parts.port or (465 if secure else 587)
        query = parse_qs(parts.query)
        if parts.scheme not in ("smtp", "smtps") or not host:
            raise ValueError(parts.scheme)
    except ValueError as fault:
        raise Invalid(
            "members.bad_mail_server",
            ko="메일 서버 주소를 읽을 수 없습니다.",
            en="The address of the mail server cannot be read.",
            next_ko="smtp://사용자:비밀번호@호스트:587 처럼 적으세요.",
            next_en="Write it like smtp://user:password@host:587.",
        ) from fault
    plain = query.get("tls") == ["none"] and host in ("127.0.0.1", "localhost", "::1")
    security = "tls" if secure else "none" if plain else "starttls"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(host, port, security, user, password, query.get("ca", [""])[0])


def serve(neighbourhood: str, post: Post) -> None:
    """From now on this process sends the neighbourhood's mail."""
    _posts[neighbourhood] = post


def send(tx: Tx, keyring: Keyring, *, id: UUID, what: str, to: str, link: str, language: str, at_us: int) -> None:
    """Have a mail sent once this transaction is durable."""
    payload = {"what": what, "to": _sealed(keyring, to), "link": _sealed(keyring, link), "language": language}
    jobs.send(tx, id=id, kind=KIND, payload=payload, at_us=at_us)


@jobs.outside(KIND, retry=Retry(attempts_max=6, longest_us=5 * MINUTE_US))
def _hand_in(job: Job) -> None:
    post = _posts.get(job.neighbourhood)
    if post is None:
        raise Unavailable(
            "members.no_mail",
            ko="메일을 보낼 서버가 정해지지 않았습니다.",
            en="No mail server is set.",
            next_ko="MADANG_SMTP를 설정하세요.",
            next_en="Set MADANG_SMTP.",
        )
    to, link = (post.keyring.unseal(base64.b64decode(job.payload[name])) for name in ("to", "link"))
    letter = post.write(job.payload["what"], to, link, job.payload["language"])
    hand_in(post.server, message_of(letter, post.sender, id=job.id, at_us=job.due_us))


def message_of(letter: Letter, sender: str, *, id: UUID, at_us: int) -> EmailMessage:
    """The mail as it goes over the wire."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = letter.subject, sender, letter.to
    message["Date"] = format_datetime(seoul(at_us))
    message["Message-ID"] = f"<{id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def hand_in(server: Server, message: EmailMessage) -> None:
    """Give a message to the server, over TLS and signed in where the address says so."""
    if server.security == "folder":
        return _lay(Path(server.host), message)
    trust = ssl.create_default_context(cafile=server.authority or None)
    with _connection(server, trust) as smtp:
        if server.security == "starttls":
            smtp.starttls(context=trust)
        if server.user:
            smtp.login(server.user, server.password)
        smtp.send_message(message)
    return None


def _lay(folder: Path, message: EmailMessage) -> None:
    """One file a mail, named by its id: laid twice it is one."""
    folder.mkdir(parents=True, exist_ok=True)
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    part = folder / f"{name}.part"
    part.write_bytes(message.as_bytes())
    part.replace(folder / f"{name}.eml")


def _connection(server: Server, trust: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=trust)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)


def _sealed(keyring: Keyring, text: str) -> str:
    return base64.b64encode(keyring.seal(text)).decode()
