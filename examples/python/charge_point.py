"""A charge point with one socket, in asyncio: somebody plugs in a vehicle and shows a card.

usage: charge_point.py ws://127.0.0.1:9000
"""

import asyncio
import sys
import time

from evcp import Answer, Change, ChargePoint, Config, Ev, LogLevel, Measurand, Sample, set_log

POWER_W = 11000.0


class Charger(ChargePoint):
    wh, closed, since = 0.0, False, 0.0

    def __init__(self, config):
        super().__init__(config)
        self.over = asyncio.Event()

    def on_supply(self, connector, supply):
        print(f"connector {connector}: contactor {'closed' if supply.permit else 'open'}, {supply.amps} A")
        self.integrate()
        self.closed = supply.permit
        self.set_ev(connector, Ev.CHARGING if self.closed else Ev.PLUGGED)

    def integrate(self):
        now = time.monotonic()
        if self.closed:
            self.wh += POWER_W * (now - self.since) / 3600
        self.since = now

    def on_meter_read(self, connector, context):
        self.integrate()
        return [Sample(self.wh), Sample(POWER_W * self.closed, Measurand.POWER_IMPORT)]

    async def on_unlock(self, connector):
        await asyncio.sleep(0.4)  # the motor runs
        return Answer.ACCEPTED

    def on_tx(self, tx):
        print(f"transaction {tx.ocpp_id} of {tx.tag}: {tx.change.name.lower()}")
        if tx.change is Change.STOPPED:
            self.over.set()


async def main(url):
    config = Config(url, "PYTHON", "evcp", "charge_point.py", settings={"meter.measurands": "Power.Active.Import"})
    async with Charger(config) as charger:
        charger.present_tag(1, "CAFE01")
        await charger.over.wait()


set_log(LogLevel.WARN)
asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:9000"))
