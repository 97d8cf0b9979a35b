"""Databases that tests borrow come back empty, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from tests.lending import Lending

from madang.db.private import PrivatePostgres

pytestmark = pytest.mark.postgres
WRITE = "INSERT INTO walkout_claims VALUES ('n1', 's1', '00000000000000000000000000000001', 'kim', 1, 2)"
COUNT = "SELECT count(*) FROM walkout_claims"


class Lent:
    """A database out on loan, spoken to in SQL."""

    def __init__(self, server: PrivatePostgres, lending: Lending) -> None:
        self.name = lending.lend()
        self._url = server.url(self.name).replace("+psycopg", "")

    def connected(self) -> psycopg.Connection:
        return psycopg.connect(self._url, autocommit=True)

    def run(self, command: str) -> list[tuple[object, ...]]:
        with self.connected() as connection:
            done = connection.execute(command)
            return done.fetchall() if done.description else []


@pytest.fixture(scope="module")
def lending(postgres_server: PrivatePostgres, _lending: Lending) -> Iterator[Lending]:
    """One of its own, on the server of all."""
    with contextlib.closing(Lending(postgres_server, prefix="lent")) as lending:
        yield lending


def test_what_a_test_wrote_is_gone_for_the_next(postgres_server: PrivatePostgres, lending: Lending) -> None:
    one = Lent(postgres_server, lending)
    assert one.run("SELECT sequencename FROM pg_sequences") == [], "emptying would not turn them back"
    one.run(WRITE)
    assert one.run(COUNT) == [(1,)]
    lending.take_back(one.name)
    again = Lent(postgres_server, lending)
    assert again.name == one.name
    assert again.run(COUNT) == [(0,)]


def test_one_that_says_it_is_of_a_newer_release_is_thrown_away(
    postgres_server: PrivatePostgres, lending: Lending
) -> None:
    one = Lent(postgres_server, lending)
    one.run("INSERT INTO alembic_version VALUES ('of_tomorrow')")
    lending.take_back(one.name)
    again = Lent(postgres_server, lending)
    assert again.name != one.name
    assert again.run("SELECT 1 FROM alembic_version WHERE version_num = 'of_tomorrow'") == []


def test_a_connection_a_test_left_open_in_a_transaction_is_cut_off(
    postgres_server: PrivatePostgres, lending: Lending
) -> None:
    one = Lent(postgres_server, lending)
    with one.connected() as left:
        left.execute("BEGIN")
        left.execute(WRITE)
        lending.take_back(one.name)
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
    assert Lent(postgres_server, lending).run(COUNT) == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE walkout_claims DROP COLUMN holder",
        "ALTER TABLE walkout_claims ALTER COLUMN holder DROP NOT NULL",
        "ALTER TABLE walkout_claims DROP CONSTRAINT pk_walkout_claims",
        "CREATE VIEW another AS SELECT 1",
        "CREATE FUNCTION nothing() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA another",
    ],
)
def test_a_database_whose_schema_was_changed_is_thrown_away(
    postgres_server: PrivatePostgres, lending: Lending, change: str
) -> None:
    one = Lent(postgres_server, lending)
    one.run(change)
    lending.take_back(one.name)
    assert Lent(postgres_server, lending).name != one.name


def test_a_table_of_a_tests_own_goes_and_the_database_is_lent_again(
    postgres_server: PrivatePostgres, lending: Lending
) -> None:
    one = Lent(postgres_server, lending)
    one.run("CREATE TABLE another (id BIGINT)")
    lending.take_back(one.name)
    again = Lent(postgres_server, lending)
    assert again.name == one.name
    assert again.run("SELECT to_regclass('another')") == [(None,)]


def test_a_database_that_a_test_took_away_is_not_lent_again(postgres_server: PrivatePostgres, lending: Lending) -> None:
    one = Lent(postgres_server, lending)
    postgres_server.drop(one.name)
    lending.take_back(one.name)
    assert Lent(postgres_server, lending).name != one.name
