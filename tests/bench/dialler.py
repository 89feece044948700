"""The least that dials: one socket that sends an INVITE, signs in, and hangs up as soon as it is answered.

RFC 3261, and RFC 7616 with RFC 8760 for the password, as in peers/lamp.py. What is spoken goes to a port that nobody
reads.
"""

import hashlib
import re
import secrets
import socket
import time
from dataclasses import dataclass

from peers.asterisk import Asterisk

PATIENCE = 10.0  # seconds
_ASKED = re.compile(r'(\w+)="?([^",\r\n]*)"?')


@dataclass(frozen=True, slots=True)
class Dialled:
    """When the first INVITE left and when the answer came, in seconds since 1970."""

    invited: float
    answered: float


class Dialler:
    """The phone `number`; it need not be registered."""

    def __init__(self, asterisk: Asterisk, number: str) -> None:
        self._asterisk, self._number = asterisk, number
        self._socket, self._sound = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self._socket, self._sound):
            one.bind((asterisk.host, 0))
        self._socket.settimeout(PATIENCE)

    def close(self) -> None:
        """Close its sockets."""
        self._socket.close()
        self._sound.close()

    def dial(self, code: str) -> Dialled:
        """Dial `code`, and hang up at the answer. Blocks; raises TimeoutError, or ConnectionRefusedError."""
        uri = f"sip:{code.replace('#', '%23')}@{self._asterisk.host}:{self._asterisk.sip_port}"
        call = secrets.token_hex(8)
        invited = time.time()
        self._send("INVITE", uri, call, 1)
        status, head = self._answer(call, "INVITE")
        self._send("ACK", uri, call, 1, head["to"])
        if status == 401:
            self._send("INVITE", uri, call, 2, sign=head["www-authenticate"])
            status, head = self._answer(call, "INVITE")
            self._send("ACK", uri, call, 2, head["to"])
        answered = time.time()
        if status != 200:
            raise ConnectionRefusedError(f"{code}: {status}")
        self._send("BYE", uri, call, 3, head["to"])
        self._answer(call, "BYE")
        return Dialled(invited, answered)

    def _answer(self, call: str, method: str) -> tuple[int, dict[str, str]]:
        """Return the final answer to a request of this call, its headers in lower case."""
        while True:
            text = self._socket.recv(8192).decode(errors="replace")
            first, *lines = text.partition("\r\n\r\n")[0].split("\r\n")
            head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if not first.startswith("SIP/2.0 ") or head.get("call-id") != call:
                continue
            status = int(first.split()[1])
            if status >= 200 and head["cseq"].endswith(method):
                return status, head

    def _send(self, method: str, uri: str, call: str, number: int, to: str = "", sign: str = "") -> None:
        host, port = self._socket.getsockname()
        body = ""
        if method == "INVITE":
            sound = self._sound.getsockname()[1]
            body = (
                f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
                f"m=audio {sound} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
            )
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call}{number}{'a' if method == 'ACK' else ''};rport",
            f"From: <sip:{self._number}@{host}>;tag={call[:6]}",
            f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{self._number}@{host}:{port}>",
            "Max-Forwards: 70",
            *([f"Authorization: {self._signed(sign, method, uri)}"] if sign else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        where = (self._asterisk.host, self._asterisk.sip_port)
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), where)

    def _signed(self, challenge: str, method: str, uri: str) -> str:
        asked, own = dict(_ASKED.findall(challenge)), secrets.token_hex(4)
        who = _md5(f"{self._number}:{asked['realm']}:{self._asterisk.sip_secret}")
        answer = _md5(f"{who}:{asked['nonce']}:00000001:{own}:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Digest username="{self._number}",realm="{asked["realm"]}",nonce="{asked["nonce"]}",uri="{uri}",'
            f'response="{answer}",algorithm=MD5,qop=auth,nc=00000001,cnonce="{own}",opaque="{asked.get("opaque", "")}"'
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
