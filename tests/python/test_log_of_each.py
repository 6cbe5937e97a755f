"""Whose line it is: through C (plain, sanitizers, valgrind) and through Python."""

import logging

import evcp
from evcp import LogLevel

from binding import Charger, config
from test_c_api import SANITIZE, VALGRIND, compiled, run

PROGRAM = "tests/capi/log_of_each.c"


async def test_a_program_in_c_hears_which_charge_point_a_line_is_about(central, tmp_path):
    assert "0 failures" in await run([compiled(PROGRAM, tmp_path), central.url])


async def test_it_is_clean_under_sanitizers(central, tmp_path):
    assert "0 failures" in await run([compiled(PROGRAM, tmp_path, *SANITIZE), central.url])


async def test_it_is_clean_under_valgrind(central, tmp_path):
    assert "0 failures" in await run([*VALGRIND, compiled(PROGRAM, tmp_path, "-g"), central.url])


def test_records_of_python_have_the_identity(caplog):
    caplog.set_level(logging.DEBUG, "evcp")
    evcp.set_log(LogLevel.DEBUG)
    with Charger(config(identity="A")) as first, Charger(config(identity="B")) as second:
        for charger in (first, second):
            while not any(item["on"] == "connection" for item in charger.told.items):
                charger.dispatch(None)
    evcp.set_log(None)
    refused = [record for record in caplog.records if "no connection" in record.getMessage()]
    assert {record.identity for record in refused} == {"A", "B"}
