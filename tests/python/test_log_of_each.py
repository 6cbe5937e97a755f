"""Whose line it is: through Python."""

import logging

import evcp
from evcp import LogLevel

from binding import Charger, config


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
