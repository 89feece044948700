"""Letters through a real SMTP server: by every kind of TLS, signed in, refused, and never with more than was meant."""

import asyncio
import ssl
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.letter import Letter
from gateway.domain.secret import Secret
from gateway.errors import Misconfigured, Refused, RetryLater, RingplanError, SignInAgain, Unreachable
from gateway.mail.message import message_of
from gateway.mail.settings import MailSettings
from gateway.mail.smtp import Smtp
from gateway.net.trust import fingerprint
from peers import ports
from tests.fakes.mail import HOST, PASSWORD, USER, MailServer, mail_server

SENDER = "ringplan@example.org"
LETTER = Letter("00ff", "anna@example.org", "Telefonkonferens på måndag", "Rum 8001\n\n.\nHälsningar\n")
DEADLINE = 60.0
HEADERS = [
    *("Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID"),
    *("Subject", "To", "X-Auto-Response-Suppress"),
]


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def pem(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def by(tls: str, certificate: trustme.LeafCert) -> AbstractAsyncContextManager[MailServer]:
    made = context(certificate)
    return mail_server(starttls=made) if tls == "starttls" else mail_server(tls=made)


def post(port: int, **values) -> Smtp:
    plain = {"tls": "none"} if "tls" not in values else {}
    return Smtp(MailSettings(host=HOST, port=port, sender=SENDER, deadline=DEADLINE, **plain, **values))


async def test_a_letter_arrives_as_it_was_written():
    async with mail_server() as server:
        await post(server.port).send(LETTER)
        (letter,) = server.letters
    assert server.recipients == [["anna@example.org"]]
    assert (letter["To"], letter["From"]) == ("anna@example.org", f"Ringplan <{SENDER}>")
    assert letter["Subject"] == LETTER.subject
    assert letter.get_content().replace("\r\n", "\n").rstrip() == LETTER.body.rstrip()
    assert letter["Message-ID"] == "<00ff@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    assert server.raw[0].isascii()


async def test_by_starttls_and_signed_in(authority, pem):
    async with mail_server(context(authority.issue_cert(HOST)), sign_in=True) as server:
        await post(server.port, tls="starttls", ca=pem, user=USER, secret=Secret(PASSWORD)).send(LETTER)
        assert len(server.letters) == 1
        assert server.sign_ins


async def test_by_tls_from_the_first_byte(authority, pem):
    async with mail_server(tls=context(authority.issue_cert(HOST))) as server:
        await post(server.port, tls="tls", ca=pem).send(LETTER)
        assert len(server.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_pinned_certificate_is_trusted_alone(authority, tls):
    shown, other = authority.issue_cert("mail.example.test"), authority.issue_cert("mail.example.test")
    async with by(tls, shown) as server:
        await post(server.port, tls=tls, pin=_print(shown)).send(LETTER)
        with pytest.raises(Unreachable, match="another certificate than the pinned one"):
            await post(server.port, tls=tls, pin=_print(other)).send(LETTER)
        assert len(server.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_stranger_with_the_right_name_gets_neither_secret_nor_letter(authority, tls):
    async with by(tls, authority.issue_cert(HOST)) as server:
        with pytest.raises(Unreachable, match="not trusted"):
            await post(server.port, tls=tls, user=USER, secret=Secret(PASSWORD)).send(LETTER)
        assert (server.letters, server.sign_ins) == ([], [])


async def test_a_server_that_drops_starttls_gets_neither_secret_nor_letter(pem):
    async with mail_server() as server:
        with pytest.raises(Misconfigured, match="STARTTLS"):
            await post(server.port, tls="starttls", ca=pem, user=USER, secret=Secret(PASSWORD)).send(LETTER)
        assert (server.letters, server.sign_ins) == ([], [])


async def test_a_wrong_secret_is_said_without_it(authority, pem):
    async with mail_server(context(authority.issue_cert(HOST)), sign_in=True) as server:
        with pytest.raises(SignInAgain) as raised:
            await post(server.port, tls="starttls", ca=pem, user=USER, secret=Secret("wrong-secret")).send(LETTER)
        assert "wrong-secret" not in f"{raised.value!r} {raised.value.remedy}"
        assert server.letters == []


async def test_a_server_that_wants_to_be_signed_in_to_is_said(authority, pem):
    async with mail_server(context(authority.issue_cert(HOST)), sign_in=True) as server:
        with pytest.raises(Misconfigured, match="without signing in"):
            await post(server.port, tls="starttls", ca=pem).send(LETTER)


@pytest.mark.parametrize(
    ("answers", "meant"),
    [
        ({"RCPT": "550 5.1.1 <anna@example.org> unknown"}, Refused),
        ({"RCPT": "450 4.2.0 <anna@example.org> greylisted"}, RetryLater),
        ({"RCPT": "421 4.3.2 closing"}, Unreachable),
        ({"DATA": "554 5.7.1 anna@example.org gets no such things"}, Refused),
        ({"DATA": "451 4.3.0 later"}, RetryLater),
        ({"MAIL": "550 5.7.1 not from there"}, Misconfigured),
        ({"MAIL": "452 4.3.1 full"}, RetryLater),
    ],
)
async def test_what_a_server_answers_is_sorted_by_what_can_be_done(answers, meant):
    async with mail_server(**answers) as server:
        with pytest.raises(RingplanError) as raised:
            await post(server.port).send(LETTER)
        assert type(raised.value) is meant
        assert "anna" not in f"{raised.value!r} {raised.value.remedy} {raised.value.__cause__!r}"
        assert server.letters == []
        server.answers.clear()
        await post(server.port).send(LETTER)
        assert len(server.letters) == 1


async def test_once_the_server_has_it_nothing_makes_it_be_sent_again():
    async with mail_server(QUIT="500 what?") as server:
        await post(server.port).send(LETTER)
        assert len(server.letters) == 1


async def test_nobody_listens():
    port = ports.free()
    with pytest.raises(Unreachable, match=f"localhost:{port}"):
        await post(port).send(LETTER)
    ports.release(port)


async def test_a_server_that_says_nothing_is_not_waited_for():
    gone = asyncio.Semaphore(0)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.release()

    port = ports.free()
    silent = Smtp(MailSettings(host=HOST, port=port, sender=SENDER, tls="none", deadline=0.5))
    async with await asyncio.start_server(say_nothing, HOST, port), asyncio.timeout(DEADLINE):
        with pytest.raises(Unreachable, match="did not answer"):
            await silent.send(LETTER)
        await gone.acquire()
        sending = asyncio.create_task(silent.send(LETTER))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait((sending,))
        assert sending.cancelled()
        await gone.acquire()
    ports.release(port)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "anna",
        "anna@example.org\r\nRCPT TO:<eva@example.com>",
        "anna@example.org, eva@example.com",
        "anna@example.org>",
        "<anna@example.org>",
        '"anna eva"@example.org',
        "Anna <anna@example.org>",
        "anna@exämple.org",
        "anna@example.org\n",
    ],
)
async def test_a_recipient_that_is_more_than_an_address_is_refused_before_a_server_is_asked(to):
    with pytest.raises(Refused) as raised:
        await post(ports.SINGLE.start).send(replace(LETTER, to=to))
    assert "anna" not in str(raised.value)


NASTY = st.sampled_from(
    (
        "\r\n",
        "\n",
        "\r",
        "\x00",
        "\u2028",
        "\x0b",
        "\x85",
        "\ud800",
        "\u202e",
        "Bcc: eva@example.com",
        ".",
        "=?utf-8?q?=0A?=",
        "å",
    )
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(NASTY | st.text(max_size=8), max_size=12).map("".join),
    st.lists(NASTY | st.text(), max_size=12).map("".join),
)
def test_nothing_written_becomes_a_header_or_a_second_letter(subject, body):
    raw = message_of(replace(LETTER, subject=subject, body=body), SENDER)
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    names = [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert sorted(names) == HEADERS
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def _print(certificate: trustme.LeafCert) -> str:
    return fingerprint(ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode()))
