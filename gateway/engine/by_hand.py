"""Taking over what people dial: from the PBX's register of absences by hand into the store.

The dialplan writes the register (dialplan/README.md) and acts on it by itself, also while no gateway runs. Each time it
counts `turn` up; what has a later turn than the store knows is taken over, once, and what has not is an old copy. The
register says all that has been dialled since, so it does not matter how often, or whether, each of it was heard; but
where the gateway's own writing crosses what was dialled, the event alone tells of it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping

from gateway.domain.held import Place
from gateway.domain.user import User
from gateway.planning.hand import Hand, parse, taken_over
from gateway.planning.rules import Rules
from gateway.ports import Clock
from gateway.store import absences
from gateway.store.store import Store

log = logging.getLogger(__name__)


async def take_over(
    store: Store,
    owners: Mapping[Place, User],
    rules: Rules,
    told: Iterable[tuple[Place, str]],
    turns: Mapping[Place, int],
    clock: Clock,
) -> bool:
    """Keep what was dialled at the telephones of `owners` since the `turns` that are known, both by main number.

    True: there is something new.

    `told` are hands by main number in the order in which they were heard, then those that were read.
    """
    dialled = list(_new(owners, told, turns))
    if not dialled:
        return False
    async with store.write() as rows:
        now = clock.now()  # the database may have been long in coming: nothing that is over is kept
        for user, hand in dialled:
            absence = taken_over(hand, rules, user, now)
            if hand.window is not None and absence is None and hand.window.end > now:
                log.warning("user %s dialled a code that is no more, or an absence that is too long", user.id)
            await absences.take_over(rows, user, hand.turn, hand.ended, absence)
    return True


def _new(
    owners: Mapping[Place, User], told: Iterable[tuple[Place, str]], turns: Mapping[Place, int]
) -> Iterator[tuple[User, Hand]]:
    for place, text in told:
        user = owners.get(place)
        if user is None:
            continue
        try:
            hand = parse(text)
        except ValueError:
            log.warning("what is held as dialled by user %s cannot be read, and is removed", user.id)
            continue
        if hand.turn > turns.get(user.extension, 0):
            yield user, hand
