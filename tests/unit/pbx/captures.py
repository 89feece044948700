"""What a real Asterisk sent, as tests/captures/asterisk keeps it."""

from pathlib import Path

from gateway.pbx.asterisk.codec import Decoder, Message

CAPTURES = Path(__file__).parents[2] / "captures" / "asterisk"


def captured(name: str) -> list[Message]:
    """Return what Asterisk sent, of one or several connections."""
    sent = [line[3:] for line in (CAPTURES / name).read_text().splitlines() if line.startswith("S:")]
    text = "".join(f"{line}\r\n" for line in sent)
    each = [f"Asterisk Call Manager{one}" for one in text.split("Asterisk Call Manager")[1:]]
    return [message for one in each for message in Decoder().feed(one.encode())]
