"""`check`: what it says of a mail server, against a real one: would it take letters? Without sending any."""

import ssl

import pytest
import trustme

from gateway.cli.conference_check import of_mail
from gateway.mail.settings import MailSettings
from peers import ports
from tests.fakes.mail import HOST, PASSWORD, USER, mail_server

SENDER, SOMEBODY = "ringplan@example.org", "anna@example.org"


def plain(port: int, **values) -> MailSettings:
    return MailSettings(host=HOST, port=port, sender=SENDER, tls="none", deadline=60.0, **values)


async def test_a_server_that_would_take_letters_gets_none():
    async with mail_server() as server:
        (found,) = await of_mail(plain(server.port))
    assert found.ok
    assert found.said == f"{HOST}:{server.port} takes letters from {SENDER}"
    assert (server.raw, server.recipients) == ([], [])


async def test_a_letter_goes_only_to_whom_it_is_asked_for():
    async with mail_server() as server:
        found = await of_mail(plain(server.port), SOMEBODY)
    assert [(one.part, one.ok) for one in found] == [("server", True), ("letter", True)]
    assert server.recipients == [[SOMEBODY]]
    (letter,) = server.letters
    assert (letter["To"], letter["Subject"]) == (SOMEBODY, "Ringplan: test")


@pytest.mark.parametrize(
    ("answers", "part", "remedy"),
    [
        ({"MAIL": "550 no"}, "server", "write as sender an address that may be sent from there"),
        ({"MAIL": "530 no"}, "server", "give user and secret"),
        ({"MAIL": "451 later"}, "server", "see the mail server's log"),
        ({"RCPT": f"550 {SOMEBODY} is nobody"}, "letter", "see the mail server's log"),
        ({"DATA": "554 spam"}, "letter", "see the mail server's log"),
    ],
)
async def test_what_is_refused_is_told_with_its_remedy(answers, part, remedy):
    async with mail_server(**answers) as server:
        *_, found = await of_mail(plain(server.port), SOMEBODY)
    assert (found.part, found.ok, found.remedy) == (part, False, remedy)
    assert SOMEBODY not in found.said
    assert server.raw == []


@pytest.mark.parametrize(("secret", "is_ok"), [(PASSWORD, True), ("wrong", False)])
async def test_it_signs_in_as_for_a_letter(tmp_path, secret, is_ok):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(made)
    async with mail_server(starttls=made, sign_in=True) as server:
        settings = MailSettings(
            host=HOST, port=server.port, sender=SENDER, user=USER, secret=secret, ca=tmp_path / "ca.pem"
        )
        (found,) = await of_mail(settings)
    assert (found.ok, server.sign_ins != [], server.raw) == (is_ok, True, [])
    assert secret not in found.said


async def test_nobody_who_answers_is_a_finding():
    port = ports.free()
    (found,) = await of_mail(plain(port))
    ports.release(port)
    assert (found.ok, "cannot be reached" in found.said, found.remedy) == (False, True, "are host and port right?")
