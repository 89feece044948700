"""API: everybody who has no password yet is invited by letter."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from gateway.deciding import inviting
from gateway.domain.signin import Scope
from gateway.web.api.answers import HELD
from gateway.web.api.caller import Calling, good_for

router = APIRouter(tags=["users"])


class Invitations(BaseModel):
    """So many users are invited now, and so many letters wait to be sent, with those of before.

    `unaddressed`: users who take part, and have neither a password nor an e-mail address.
    """

    model_config = HELD

    invited: int
    waiting: int
    unaddressed: int


@router.post("/users/invitations", dependencies=[Depends(good_for(Scope.ADMINISTRATION_WRITE))])
async def invite_everybody(caller: Calling) -> Invitations:
    """Invite everybody who takes part and has an address, but neither a password nor an invitation that still counts.

    Letters go one after the other, as the mail server takes them; a link is good for a week after its letter.
    """
    async with caller.portal.store.write() as rows:
        before = await inviting.want_everybody(rows, caller.portal.installation, caller.now, caller.who)
    waiting = before.uninvited + before.waiting
    return Invitations(invited=before.uninvited, waiting=waiting, unaddressed=before.unaddressed)
