"""A charger with two sockets whose logic sees time and pins alone, so that it can be tested without waiting.

`Board` is a board without hardware, `Charger` the firmware: somebody calls its `tick()` every few milliseconds.
tests/python/kit/charger_scenarios.py tests it.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from evcp import Answer, ChargePoint, Config, Ev, Fault, Read, Reason, Sample, Supply

POWER_W = 11000.0
MOTOR_MS = 400
OFF = Supply(permit=False, lock=False, amps=0.0, watts=0.0, phases=0, tx=0)


@dataclass
class Socket:
    """The hardware of a connector, and the vehicle in front of it."""

    vehicle: bool = False
    closed: bool = False  #: The contactor.
    locked: bool = False
    wh: float = 0.0  #: The register.
    takes_ms: Optional[int] = 0  #: How long the meter takes to say something; None: for ever.
    tripped: bool = False  #: The residual current device.


@dataclass
class Board:
    sockets: List[Socket] = field(default_factory=lambda: [Socket(), Socket()])
    emergency_stop: bool = False

    def socket(self, connector: int) -> Socket:
        return self.sockets[connector - 1]


class Charger(ChargePoint):
    def __init__(self, config: Config, board: Board, now: int) -> None:
        super().__init__(config)
        self.board = board
        self.now = now
        self.supplies = [OFF for _ in board.sockets]
        self.stopped = self.updates = self.over = False
        self.told: List[Tuple[Ev, bool]] = [(Ev.ABSENT, False) for _ in board.sockets]
        self.later: List[Tuple[int, int, Future]] = []  # when, of which meter (0: the lock), for whom

    # What the library wants

    def on_supply(self, connector: int, supply: Supply) -> None:
        self.supplies[connector - 1] = supply
        self.obey(connector)

    def on_meter_read(self, connector: int, context: Read):
        takes = self.board.socket(connector).takes_ms
        answer: Future = Future()
        if takes is None:
            answer.set_result([])  # it is dead
        elif takes == 0:
            return self.reading(connector)
        else:
            self.later.append((self.now + takes, connector, answer))
        return answer

    def on_unlock(self, connector: int):
        answer: Future = Future()
        self.later.append((self.now + MOTOR_MS, 0, answer))
        return answer

    def on_reset(self, hard: bool) -> Answer:
        return Answer.ACCEPTED

    def on_reboot(self, hard: bool) -> None:
        self.over = True

    # What happens at the charger

    def reading(self, connector: int) -> List[Sample]:
        return [Sample(self.board.socket(connector).wh)]

    def obey(self, connector: int) -> None:
        """The contactor first, then the lock: never unlocked under load, never closed without permission."""
        socket, supply = self.board.socket(connector), self.supplies[connector - 1]
        sound = not self.board.emergency_stop and not socket.tripped
        socket.closed = supply.permit and socket.vehicle and sound
        socket.locked = supply.lock or socket.closed
        ev = Ev.CHARGING if socket.closed else Ev.PLUGGED if socket.vehicle else Ev.ABSENT
        told = (ev, socket.tripped)
        before, self.told[connector - 1] = self.told[connector - 1], told
        if told[1] != before[1]:
            if socket.tripped:
                self.set_fault(connector, Fault.GROUND_FAILURE)
            else:
                self.clear_fault(connector, Fault.GROUND_FAILURE)
        if ev != before[0]:
            self.set_ev(connector, ev)

    def tick(self, now: int) -> None:
        for connector, socket in enumerate(self.board.sockets, 1):
            socket.wh += socket.closed * POWER_W * (now - self.now) / 3.6e6
        self.now = now
        due, self.later = [x for x in self.later if x[0] <= now], [x for x in self.later if x[0] > now]
        for _, connector, answer in due:
            answer.set_result(self.reading(connector) if connector else Answer.ACCEPTED)
        for connector in range(1, len(self.board.sockets) + 1):
            self.obey(connector)
        if self.board.emergency_stop != self.stopped:
            self.stopped = self.board.emergency_stop
            self.obey_emergency_stop()
        if self.updates and not any(self.get_tx(n) for n in range(1, len(self.board.sockets) + 1)):
            self.over = True

    def obey_emergency_stop(self) -> None:
        if not self.stopped:
            return self.clear_fault(0, Fault.OTHER_ERROR)
        for connector in range(1, len(self.board.sockets) + 1):
            self.stop_tx(connector, Reason.EMERGENCY_STOP)
        self.set_fault(0, Fault.OTHER_ERROR, "emergency stop")

    def update(self) -> None:
        """A new firmware waits: nobody begins any more, and when nobody charges the device restarts."""
        self.updates = True
        self.set_operative(0, False)
