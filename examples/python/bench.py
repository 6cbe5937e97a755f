"""A test bench: ten charge points in one process and one thread, each with a session from plug to unplug.

usage: bench.py ws://127.0.0.1:9000 [count]
"""

import selectors
import sys
import time

from evcp import Auth, Change, ChargePoint, Config, Ev, EvcpError, Sample, Status


class Charger(ChargePoint):
    """Plays its part of the bench, one step for each thing that it is told."""

    def __init__(self, url, number):
        super().__init__(Config(url, f"BENCH{number}", "evcp", "bench.py", settings={"reconnect.min_s": 0.2}))
        self.name, self.tag = f"BENCH{number}", f"TAG{number}"
        self.meter_wh, self.bill_wh, self.result = 1000.0 * number, None, None

    def on_status(self, now):
        if now.connector == 1 and now.status is Status.AVAILABLE:
            if self.bill_wh is None:
                self.set_ev(1, Ev.PLUGGED)
            else:
                self.result = f"{self.bill_wh:.0f} Wh"
        elif now.connector == 1 and now.status is Status.PREPARING:
            self.present_tag(1, self.tag)

    def on_auth(self, auth):
        if auth.status is not Auth.ACCEPTED:
            self.result = f"{auth.tag} is {auth.status}"

    def on_supply(self, connector, supply):
        if supply.permit:
            self.set_ev(1, Ev.CHARGING)

    def on_meter_read(self, connector, context):
        self.meter_wh += 100.0
        return [Sample(self.meter_wh)]

    def on_tx(self, tx):
        if tx.change is Change.CONFIRMED:
            self.present_tag(1, self.tag)
        elif tx.change is Change.STOPPED:
            self.bill_wh = tx.meter_stop_wh - tx.meter_start_wh
            self.set_ev(1, Ev.ABSENT)

    def on_fatal(self, error):
        self.result = str(error)

    def is_done(self):
        # Without a directory for storage, what was not delivered yet would be forgotten.
        return self.result is not None and self.get_stats().queued == 0


def main(url, count):
    began = time.monotonic()
    chargers = [Charger(url, number) for number in range(1, count + 1)]
    with selectors.DefaultSelector() as selector:
        try:
            for charger in chargers:
                charger.start()
                selector.register(charger, selectors.EVENT_READ)
            while not all(charger.is_done() for charger in chargers):
                for key, _ in selector.select(0.1):
                    key.fileobj.dispatch()
        except (EvcpError, KeyboardInterrupt) as error:
            print(f"the bench stops: {error!r}", file=sys.stderr)
        finally:
            for charger in chargers:
                charger.close()
    for charger in chargers:
        print(f"{charger.name}: {charger.result}")
    print(f"{count} charge points in {time.monotonic() - began:.1f} s")
    return all(charger.bill_wh for charger in chargers)


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:9000"
    sys.exit(0 if main(address, int(sys.argv[2]) if len(sys.argv) > 2 else 10) else 1)
