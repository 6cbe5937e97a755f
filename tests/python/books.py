"""What a central system has on its books for one charge point."""

from dataclasses import dataclass, field


@dataclass
class Session:
    """One transaction; the messages as they came."""

    transaction_id: int
    start: dict
    values: list = field(default_factory=list)
    stop: dict | None = None

    @property
    def id_tag(self):
        return self.start["idTag"]

    @property
    def connector(self):
        return self.start["connectorId"]

    @property
    def meter_start(self):
        return self.start["meterStart"]

    @property
    def meter_stop(self):
        return self.stop and self.stop["meterStop"]

    @property
    def readings(self):
        """The energy register in Wh as the meter values tell it, in the order of their arrival."""
        found = []
        for message in self.values:
            found += energy_readings(message["meterValue"])
        return found


def energy_readings(meter_values):
    """All readings of the energy register in Wh."""
    found = []
    for value in meter_values:
        for sample in value["sampledValue"]:
            if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register":
                scale = 1000 if sample.get("unit") == "kWh" else 1
                found.append(float(sample["value"]) * scale)
    return found


class Books:
    """Sessions by transaction id, in the order in which they were opened."""

    def __init__(self, first_id):
        self.sessions = {}
        self.next_id = first_id
        self.strays = []  # messages that belong to no session

    def open(self, start):
        session = Session(self.next_id, start)
        self.next_id += 1
        self.sessions[session.transaction_id] = session
        return session

    def meter_values(self, message):
        transaction = message.get("transactionId")
        if transaction is None:
            return
        if session := self.sessions.get(transaction):
            session.values.append(message)
        else:
            self.strays.append(message)

    def close(self, stop):
        session = self.sessions.get(stop["transactionId"])
        if session is None or session.stop is not None:
            self.strays.append(stop)
        else:
            session.stop = stop

    def of_tag(self, id_tag):
        return [one for one in self.sessions.values() if one.id_tag == id_tag]

    @property
    def running(self):
        return [one for one in self.sessions.values() if one.stop is None]
