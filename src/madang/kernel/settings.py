"""Every setting in one typed object, from the environment (``MADANG_*``) over a TOML file over the defaults.

Secrets never show in ``repr``, logs or errors. A key nobody knows is an error that names the nearest right one, so
that a typing mistake cannot go unseen. ``docs/settings.md`` lists every setting and is checked by a test.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from madang.kernel.clock import business_date
from madang.kernel.errors import Invalid, Malformed

PREFIX = "MADANG_"
TEST_PREFIX = "MADANG_TEST_"  # belongs to the test suite, not to the program


class Secret:
    """A text that shows itself only through ``reveal``."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(set)" if self._text else "Secret(empty)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


SECRETS = ("secret", "upstream_key", "toss_secret", "toss_hook_key", "kakao_secret")

# Flags the program knows: name -> what is on from its date. A flag lives as long as a change is being brought in.
FLAGS: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set. Every field's ``description`` is what ``docs/settings.md`` says about it."""

    home: Annotated[str, Meta(description="Folder for the database, stored files and raw sensor logs")] = "var"
    database: Annotated[
        str, Meta(description="Database address (`sqlite:///…` or `postgresql+psycopg://…`); empty: SQLite in `home`")
    ] = ""
    neighbourhood: Annotated[str, Meta(description="The neighbourhood this process serves", min_length=1)] = "n1"
    host: Annotated[str, Meta(description="Address the pages are served on")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port the pages are served on", ge=0, le=65535)] = 8300
    language: Annotated[str, Meta(description="Language of pages: `ko` or `en`", pattern="^(ko|en)$")] = "ko"
    secret: Annotated[Secret, Meta(description="Signs sessions; empty: they end when the process does")] = Secret()
    public_url: Annotated[
        str,
        Meta(
            description="Where people reach the pages, such as `https://shop.example`: passkeys and e-mail links need "
            "it beyond this machine; empty: `localhost` only",
            pattern=r"^(https?://[^/\s]+/?)?$",
        ),
    ] = ""
    smtp: Annotated[
        str,
        Meta(
            description="Mail server for sign-in links and notices: `smtp://user:password@host:587` (STARTTLS), "
            "`smtps://…:465`, or `folder:PATH`, where mails are laid instead of sent; empty: no mail, passkeys only"
        ),
    ] = ""
    dongs: Annotated[
        str,
        Meta(description="Codes of the dongs (법정동, 8 digits) whose people are neighbours here; empty: all"),
    ] = ""
    privacy_contact: Annotated[
        str, Meta(description="Who answers for personal data (개인정보 보호책임자), shown at `/privacy`")
    ] = ""
    mail_from: Annotated[str, Meta(description="Sender of mails, such as `마당 <hello@shop.example>`")] = (
        "Madang <madang@localhost>"
    )
    toss_secret: Annotated[
        Secret, Meta(description="Secret key of Toss Payments; empty: not a means of payment here")
    ] = Secret()
    toss_hook_key: Annotated[
        Secret, Meta(description="Security key (보안 키) of Toss Payments, where its notifications are signed")
    ] = Secret()
    toss_address: Annotated[str, Meta(description="Address of Toss Payments' API", pattern="^https?://.+$")] = (
        "https://api.tosspayments.com"
    )
    kakao_secret: Annotated[Secret, Meta(description="Secret key of Kakao Pay; empty: not a means of payment here")] = (
        Secret()
    )
    kakao_cid: Annotated[str, Meta(description="Merchant code of Kakao Pay; `TC0ONETIME` is its test code")] = (
        "TC0ONETIME"
    )
    kakao_address: Annotated[str, Meta(description="Address of Kakao Pay's API", pattern="^https?://.+$")] = (
        "https://open-api.kakaopay.com"
    )
    sandbox_gateway: Annotated[
        bool,
        Meta(
            description="Pay by a make-believe gateway inside this process, marked as simulated: no real money; "
            "has no effect where a real one is set"
        ),
    ] = False
    face_approval: Annotated[
        bool,
        Meta(description="What an officer, a guild or a shop sets of its face waits until somebody else agrees"),
    ] = False
    log_level: Annotated[
        str, Meta(description="Lowest level logged", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")
    ] = "INFO"
    job_lease_s: Annotated[int, Meta(description="How long a worker may hold a timer or an outside call", ge=1)] = 60
    sensor_log_d: Annotated[
        int, Meta(description="Days the raw sensor log is kept: as long as a receipt can be disputed", ge=1)
    ] = 14
    mqtt: Annotated[
        str, Meta(description="Broker of the sensors: `mqtt://user:password@host:1883` or `mqtts://…`; empty: no MQTT")
    ] = ""
    mqtt_version: Annotated[
        str, Meta(description="Version of MQTT: `3.1.1` (every broker) or `5`", pattern=r"^(3\.1\.1|5)$")
    ] = "3.1.1"
    mqtt_ca: Annotated[str, Meta(description="PEM file of the authority of the broker's certificate")] = ""
    mqtt_cert: Annotated[str, Meta(description="PEM file of our certificate, where the broker wants one")] = ""
    mqtt_cert_key: Annotated[str, Meta(description="PEM file of that certificate's private key")] = ""
    upstream: Annotated[
        str,
        Meta(
            description="Address of the neighbourhood's server, on a shop's own machine: it goes on selling when that "
            "cannot be reached, and sends its receipts there; empty: wallets are kept here",
            pattern="^(https?://.+)?$",
        ),
    ] = ""
    upstream_key: Annotated[Secret, Meta(description="The shop's key at that server (its `--edges` file)")] = Secret()
    offline_limit_krw: Annotated[
        int,
        Meta(
            description="What a payer may owe a shop whose server cannot be reached, of what the wallet last held", ge=0
        ),
    ] = 50_000
    offline_good_h: Annotated[
        int, Meta(description="Hours for which what the server last said of a wallet is good", ge=1)
    ] = 72
    clock_limit_ms: Annotated[
        int, Meta(description="How far a sensor's clock may be off before an alarm begins", ge=50, le=60_000)
    ] = 250
    live_queue: Annotated[
        int, Meta(description="Facts a slow live page may lag behind before it is told to resume", ge=1, le=100_000)
    ] = 1000
    flags: Annotated[
        dict[str, dict[str, date]],
        Meta(description="Dated flags: neighbourhood → flag → first business date it is on (TOML only)"),
    ] = {}

    @property
    def database_url(self) -> str:
        """``database``, or the SQLite file in ``home``."""
        return self.database or f"sqlite:///{Path(self.home) / 'madang.db'}"

    def flag(self, name: str, neighbourhood: str, at_us: int) -> bool:
        """True from the flag's business date on; ``Invalid`` for a flag the program does not know."""
        if name not in FLAGS:
            raise _unknown(name, FLAGS, "settings.unknown_flag")
        since = self.flags.get(neighbourhood, {}).get(name)
        return since is not None and since <= business_date(at_us)

    def shown(self) -> dict[str, Any]:
        """All values for people and logs; secrets and the database's password are hidden."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        values |= {name: _without_password(values[name]) for name in ("database", "mqtt", "smtp")}
        return {name: repr(value) if isinstance(value, Secret) else value for name, value in values.items()}

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.shown().items())})"


def load(environ: Mapping[str, str], toml: Path | None = None) -> Settings:
    """Read the settings: environment over ``toml`` over defaults.

    Raises ``Malformed`` for a file that is no TOML, ``Invalid`` for an unknown key or a value out of range.
    """
    values = _from_toml(toml) if toml is not None else {}
    values |= _from_environment(environ)
    for name in values:
        if name not in Settings.__struct_fields__:
            raise _unknown(name, Settings.__struct_fields__, "settings.unknown_key")
    for flags in _tables(values.get("flags")):
        for name in flags:
            if name not in FLAGS:
                raise _unknown(name, FLAGS, "settings.unknown_flag")
    return _convert(values)


def described() -> dict[str, tuple[str, str]]:
    """Every setting with its default as shown and its description: what the document is checked against."""
    defaults, hints = Settings().shown(), get_type_hints(Settings, include_extras=True)
    return {name: (str(defaults[name]), _description(hints[name])) for name in Settings.__struct_fields__}


def _description(hint: Any) -> str:
    return next(str(meta.description) for meta in hint.__metadata__ if isinstance(meta, Meta))


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise Malformed(
            "settings.unreadable",
            ko=f"설정 파일 {path}을(를) 읽을 수 없습니다: {fault}",
            en=f"The settings file {path} cannot be read: {fault}",
            next_ko="파일이 있는지, TOML 문법이 맞는지 보세요.",
            next_en="Check that it exists and is valid TOML.",
            path=str(path),
        ) from fault


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = (name for name in environ if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX))
    return {name.removeprefix(PREFIX).lower(): environ[name] for name in names}


def _tables(flags: object) -> Iterable[Mapping[str, object]]:
    return [table for table in flags.values() if isinstance(table, dict)] if isinstance(flags, dict) else []


def _convert(values: dict[str, Any]) -> Settings:
    hidden = {name: Secret(str(value)) if name in SECRETS else value for name, value in values.items()}
    try:
        return msgspec.convert(hidden, Settings, strict=False)
    except msgspec.ValidationError as fault:
        # msgspec's message holds the path and what was expected, never the value itself.
        raise Invalid(
            "settings.bad_value",
            ko=f"설정값이 맞지 않습니다: {fault}",
            en=f"A setting has a bad value: {fault}",
            next_ko="docs/settings.md에서 쓸 수 있는 값을 보세요.",
            next_en="See docs/settings.md for what it may be.",
        ) from fault


def _unknown(name: str, known: Iterable[str], code: str) -> Invalid:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return Invalid(
        code,
        ko=f"'{name}'은(는) 없는 설정입니다.",
        en=f"There is no setting '{name}'.",
        next_ko=f"'{near[0]}'을(를) 뜻했나요?" if near else "docs/settings.md에서 이름을 찾으세요.",
        next_en=f"Did you mean '{near[0]}'?" if near else "Look the name up in docs/settings.md.",
        name=name,
        nearest=near[0] if near else None,
    )


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    scheme, slashes, account = head.partition("://")
    if not at or ":" not in account:
        return url
    return f"{scheme}{slashes}{account.split(':', 1)[0]}:***@{tail}"
