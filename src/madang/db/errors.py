"""What can go wrong with a database, in words."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.exc import DatabaseError

from madang.kernel import Conflict, Invalid, Unavailable


def unknown_outcome(cause: BaseException) -> Unavailable:
    return _because(
        cause,
        Unavailable(
            "db.unknown",
            ko="저장이 끝났는지 알 수 없습니다.",
            en="Nobody can say whether this was stored.",
            next_ko="같은 번호로 다시 보내세요. 두 번 처리되지 않습니다.",
            next_en="Send it again with the same id; it will not be done twice.",
        ),
    )


def unreachable(cause: BaseException) -> Unavailable:
    return _because(
        cause,
        Unavailable(
            "db.unreachable",
            ko="데이터베이스에 연결할 수 없습니다.",
            en="The database cannot be reached.",
            next_ko="데이터베이스가 켜져 있는지 보고 같은 번호로 다시 보내세요.",
            next_en="See that it is running and send the request again with the same id.",
        ),
    )


def left_transaction(cause: BaseException | None) -> Unavailable:
    return _because(
        cause,
        Unavailable(
            "db.transaction_ended",
            ko="데이터베이스가 작업을 스스로 되돌렸습니다. 아무것도 저장되지 않았습니다.",
            en="The database ended the transaction by itself; nothing was stored.",
            next_ko="디스크 공간과 연결을 보고 같은 번호로 다시 보내세요.",
            next_en="Check disk space and connection and send the request again with the same id.",
        ),
    )


def closed() -> Unavailable:
    return Unavailable(
        "db.closed",
        ko="데이터베이스를 닫는 중입니다.",
        en="The database is being closed.",
        next_ko="다시 켜진 뒤 같은 번호로 보내세요.",
        next_en="Send it again with the same id after the restart.",
    )


def in_use(path: Path, pid: int | None) -> Unavailable:
    who = str(pid) if pid else "?"
    return Unavailable(
        "db.in_use",
        ko=f"다른 프로그램(프로세스 {who})이 {path}를 쓰고 있습니다.",
        en=f"Another process (pid {who}) owns {path}.",
        next_ko="그 프로그램을 먼저 끝내거나 그 프로그램에 시키세요.",
        next_en="Stop that process first, or do it through that process.",
        pid=pid,
        path=str(path),
    )


def no_file(path: Path, cause: OSError) -> Unavailable:
    return _because(
        cause,
        Unavailable(
            "db.no_file",
            ko=f"데이터베이스 파일 {path}를 만들거나 열 수 없습니다.",
            en=f"The database file {path} can be neither made nor opened: {cause.strerror}.",
            next_ko="그 폴더에 쓸 수 있는지, MADANG_HOME 또는 MADANG_DATABASE가 맞는지 보세요.",
            next_en="See that the folder can be written to, and that MADANG_HOME or MADANG_DATABASE is right.",
            path=str(path),
        ),
    )


def no_database(path: Path, cause: DatabaseError) -> Unavailable:
    return _because(
        cause,
        Unavailable(
            "db.no_database",
            ko=f"{path} 파일은 SQLite 데이터베이스가 아니거나 손상되었습니다.",
            en=f"The file {path} is no SQLite database, or it is damaged.",
            next_ko="MADANG_DATABASE가 맞는지 보고, 맞다면 백업을 복원하세요 (madang restore).",
            next_en="See that MADANG_DATABASE is right; if it is, restore a backup (madang restore).",
            path=str(path),
        ),
    )


def newer_database(unknown: list[str]) -> Unavailable:
    return Unavailable(
        "db.newer_than_program",
        ko="데이터베이스가 이 프로그램보다 새 것입니다.",
        en="The database is newer than this program.",
        next_ko="새 버전을 설치하거나, 이전 백업을 다른 곳에 복원하세요.",
        next_en="Install the newer version, or restore an older backup elsewhere.",
        revisions=unknown,
    )


def _because(cause: BaseException | None, error: Unavailable) -> Unavailable:
    error.__cause__ = cause
    return error


def backup_exists(path: Path) -> Conflict:
    return Conflict(
        "db.backup_exists",
        ko=f"{path} 파일이 이미 있습니다.",
        en=f"{path} exists already.",
        next_ko="다른 이름을 고르세요. 백업은 덮어쓰지 않습니다.",
        next_en="Choose another name; a backup is never overwritten.",
        path=str(path),
    )


def backup_failed(why: str) -> Unavailable:
    return Unavailable(
        "db.backup_failed",
        ko=f"백업하지 못했습니다: {why}",
        en=f"The backup failed: {why}",
        next_ko="디스크 공간과 데이터베이스 주소를 확인하고 다시 하세요.",
        next_en="Check disk space and the database's address and do it again.",
    )


def bad_backup(path: Path, why: str) -> Invalid:
    return Invalid(
        "db.bad_backup",
        ko=f"{path}에서 복원할 수 없습니다: {why}",
        en=f"{path} cannot be restored: {why}",
        next_ko="다른 백업을 고르세요. 데이터베이스는 그대로입니다.",
        next_en="Choose another backup; the database is as it was.",
        path=str(path),
    )


def not_empty(target: str) -> Conflict:
    return Conflict(
        "db.not_empty",
        ko=f"{target}에는 이미 데이터가 있습니다.",
        en=f"{target} already holds data.",
        next_ko="먼저 백업한 뒤 덮어쓰려면 --replace를 붙이거나, 빈 데이터베이스를 고르세요.",
        next_en="Back it up and add --replace to overwrite it, or choose an empty database.",
    )


def restore_unfinished() -> Unavailable:
    return Unavailable(
        "db.restore_unfinished",
        ko="복원이 끝나지 않은 데이터베이스입니다. 이전 데이터는 따로 보관되어 있습니다.",
        en="A restore of this database has not ended; the old data is kept aside.",
        next_ko="복원이 끝나기를 기다리세요. 중간에 멈췄다면 madang restore를 다시 실행하세요.",
        next_en="Wait for it to end; if it was interrupted, run madang restore again.",
    )


def tool_missing(name: str) -> Unavailable:
    return Unavailable(
        "db.tool_missing",
        ko=f"PostgreSQL의 {name} 프로그램이 없습니다.",
        en=f"PostgreSQL's program {name} is not installed.",
        next_ko="서버와 같은 버전의 postgresql-client를 설치하세요.",
        next_en="Install postgresql-client of the server's version.",
    )
