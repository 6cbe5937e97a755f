"""WebSocket frames as bytes (RFC 6455 section 5.2), for those who handle them from outside."""

from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0


#: Where a frame can break off.
POSITIONS = (
    "before its first byte", "in its header", "before its payload", "in its middle", "before its last byte",
    "after its last byte",
)


@dataclass
class WebSocketFrame:
    """One whole frame, and the bytes that it came as."""

    raw: bytes
    header: int  # how many of them come before the payload
    fin: bool
    opcode: int
    payload: bytes

    def until(self, position):
        """The bytes that get through when it breaks off there."""
        middle = self.header + len(self.payload) // 2
        ends = (0, 1, self.header, middle, len(self.raw) - 1, len(self.raw))
        return self.raw[:ends[POSITIONS.index(position)]]


def build(opcode, payload=b"", *, fin=True, rsv=0, mask=None, length=None):
    """A frame; `length` is what it claims to carry."""
    length = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    flag = 0x80 if mask else 0
    if length < 126:
        head += bytes([flag | length])
    elif length < 1 << 16:
        head += bytes([flag | 126]) + length.to_bytes(2, "big")
    else:
        head += bytes([flag | 127]) + length.to_bytes(8, "big")
    if mask:
        head += mask
        payload = _masked(payload, mask)
    return head + payload


def _masked(payload, mask):
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class FrameReader:
    """Takes bytes as they come, gives frames as they become whole."""

    def __init__(self):
        self._bytes = b""

    def feed(self, data):
        self._bytes += data
        frames = []
        while frame := self._next():
            self._bytes = self._bytes[len(frame.raw):]
            frames.append(frame)
        return frames

    def _next(self):
        have = self._bytes
        if len(have) < 2:
            return None
        length, header = have[1] & 0x7F, 2
        if length >= 126:
            header += 2 if length == 126 else 8
            length = int.from_bytes(have[2:header], "big")
        mask = None
        if have[1] & 0x80:
            mask = have[header:header + 4]
            header += 4
        if len(have) < header + length:
            return None
        raw = have[:header + length]
        payload = _masked(raw[header:], mask) if mask else raw[header:]
        return WebSocketFrame(raw, header, bool(raw[0] & 0x80), raw[0] & 0x0F, payload)
