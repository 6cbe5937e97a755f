"""A charge point with one socket, in asyncio: somebody plugs in a vehicle and shows a card.

usage: charge_point.py ws://127.0.0.1:9000
"""

import asyncio
import sys
import time

from evcp import Answer, ChargePoint, Config, Ev, LogLevel, Measurand, Sample, Status, set_log

POWER_W = 11000.0


class Charger(ChargePoint):
    wh, on, since = 0.0, False, 0.0

    def on_supply(self, connector, supply):
        self.integrate()
        self.on = supply.permit
        print(f"connector {connector}: contactor {'closed' if self.on else 'open'}, {supply.amps} A")
        self.set_ev(connector, Ev.CHARGING if self.on else Ev.PLUGGED)

    def integrate(self):
        before, self.since = self.since, time.monotonic()
        self.wh += self.on * POWER_W * (self.since - before) / 3600

    def on_meter_read(self, connector, context):
        self.integrate()
        return [Sample(self.wh), Sample(POWER_W * self.on, Measurand.POWER_IMPORT)]

    async def on_unlock(self, connector):
        await asyncio.sleep(0.4)  # the motor runs
        return Answer.ACCEPTED

    def on_status(self, now):
        if now.status is Status.PREPARING:
            self.present_tag(now.connector, "CAFE01")

    def on_tx(self, tx):
        print(f"transaction {tx.ocpp_id} of {tx.tag}: {tx.change}")

    def on_reset(self, hard):
        return Answer.ACCEPTED

    def on_reboot(self, hard):
        self.over.set()  # a device would restart now


async def main(url):
    measurands = {"meter.measurands": "Power.Active.Import"}
    charger = Charger(Config(url, "PYTHON", "evcp", "charge_point.py", settings=measurands))
    charger.over = asyncio.Event()
    async with charger:
        await charger.over.wait()


set_log(LogLevel.WARN)
asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:9000"))
