"""Letters that the portal sends, in the language of whoever gets them: an invitation, a new password, an address.

Their texts are messages like those of pages (`texts/*/letters.po`). A link in one opens something once; until when is
said in it.
"""

import hashlib
import logging
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from gateway.deciding.signing import Invitation
from gateway.domain.code import Language
from gateway.domain.letter import Letter
from gateway.domain.secret import Secret
from gateway.domain.user import User
from gateway.errors import RingplanError
from gateway.ports import Post
from gateway.web.texts import Texts

log = logging.getLogger(__name__)


def N_(message: str) -> str:  # noqa: N802 (gettext's name for a message that is translated later)
    """Mark a message."""
    return message


GREETING, GREETING_NAMED = N_("Hello,"), N_("Hello {name},")
UNTIL = N_("The link can be used once, until {until}.")
INVITED = N_("Choose your password for Ringplan")
INVITED_BODY = N_(
    "you can now look after your telephone yourself: your calendar, absences, conferences and contacts. Choose a"
    " password here:"
)
RESET = N_("Choose a new password for Ringplan")
RESET_BODY = N_("somebody, probably you, has asked for a new password for Ringplan. Choose it here:")
RESET_ELSE = N_("If it was not you, you need not do anything: your password stays as it is.")
CLAIMED = N_("Confirm your e-mail address for Ringplan")
CLAIMED_BODY = N_(
    "{name} (extension {extension}) says in Ringplan that this address is theirs. If that is you, confirm it here:"
)
CLAIMED_ELSE = N_("If it is not you, you need not do anything: nobody gets your address.")


def invitation(texts: Texts, invited: Invitation, link: str, zone: ZoneInfo) -> Letter:
    """Return the letter with which somebody chooses a password, the first or another one."""
    say = partial(_said, texts, invited.language)
    again = invited.signin.has_password
    parts = [
        say(GREETING_NAMED, name=invited.name) if invited.name else say(GREETING),
        say(RESET_BODY if again else INVITED_BODY),
        link,
        say(UNTIL, until=_until(texts, invited.language, invited.until, zone)),
    ]
    if again:
        parts.append(say(RESET_ELSE))
    return _letter(invited.secret, invited.to, say(RESET if again else INVITED), parts)


def confirmation(texts: Texts, to: str, secret: Secret, link: str, until: datetime, user: User) -> Letter:
    """Return the letter with which `user` confirms an address. It goes to that address, whoever reads there."""
    say = partial(_said, texts, user.language)
    parts = [
        say(GREETING),
        say(CLAIMED_BODY, name=user.name or user.extension, extension=user.extension),
        link,
        say(UNTIL, until=_until(texts, user.language, until, user.zone)),
        say(CLAIMED_ELSE),
    ]
    return _letter(secret, to, say(CLAIMED), parts)


async def send(post: Post, letter: Letter) -> None:
    """Send a letter for which nobody waits; that it cannot be sent is in the log."""
    try:
        await post.send(letter)
    except RingplanError as error:
        log.warning("a letter of the portal cannot be sent: %s (%s)", error, error.remedy)


def _said(texts: Texts, language: Language, message: str, **values: str) -> str:
    said = texts.said(language, message)
    return said.format_map(values) if values else said


def _until(texts: Texts, language: Language, until: datetime, zone: ZoneInfo) -> str:
    return str(texts.environment(language).filters["stamp_text"](until, zone))


def _letter(secret: Secret, to: str, subject: str, parts: list[str]) -> Letter:
    return Letter(hashlib.sha256(secret.reveal().encode()).hexdigest()[:32], to, subject, "\n\n".join(parts))
