"""What a charge point makes of answers that are not as their schemas want them."""

REGISTRATIONS = ("Accepted", "Pending", "Rejected")


def readable_answer(action, payload):
    """What can be read of an answer, and None where that is not enough.

    A registration stands with any interval, and an id with any idTagInfo beside it.
    """
    if not isinstance(payload, dict):
        return None
    if action == "BootNotification":
        status, interval = str(payload.get("status")).capitalize(), payload.get("interval")
        if status in REGISTRATIONS:
            return {"status": status, "interval": interval if isinstance(interval, int) else 0}
    if action == "StartTransaction":
        try:
            return {"transactionId": int(payload["transactionId"])}
        except (KeyError, TypeError, ValueError):
            return None
    return None


def is_id_missing(answer):
    """Whether a start is known, as ConcurrentTx says of one that comes again, and its id is not told."""
    return answer["transactionId"] == 0 and answer.get("idTagInfo", {}).get("status") == "ConcurrentTx"
