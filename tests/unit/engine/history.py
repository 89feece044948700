"""What has happened in a house, and whether it has come to what told.py says.

`states` is all that each person's doings may have come to when everything was quiet last; the three strands are what
has happened since. What is known of the order and of losses makes them exact; each tolerance has a method of its own.
"""

from collections.abc import Iterable
from dataclasses import replace

from gateway.domain.held import Held
from tests.fakes import dialplan
from tests.fakes.dialplan import Answer, Diverted, Ring
from tests.unit.engine import right, told
from tests.unit.engine.house import PHONES, House
from tests.unit.engine.told import ByHand, End, Forgot, Happened, Item, Read, Set, State
from tests.unit.engine.written import BY_DIGIT

MANY = 10**12  # no turn is so high


class History:
    """`left_at`: when the PBX held all that was known, and nobody but people has done anything since."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.states: dict[str, frozenset[State]] = {main: frozenset({State()}) for main in PHONES}
        self.read: dict[str, list[Read | Forgot]] = {main: [] for main in PHONES}
        self.dialled: dict[str, list[Set | End]] = {main: [] for main in PHONES}
        self.commanded: dict[str, list[Set | End]] = {main: [] for main in PHONES}
        self.left_at: int | None = None
        self.leapt_at: int | None = None  # to where the clock was set in the middle of work
        self._was_killed = False  # the PBX, since all was quiet
        self._turns = dict.fromkeys(PHONES, 0)
        self._crossed = dict.fromkeys(PHONES, 0)  # turns that were overwritten before they were taken over
        house.pbx.on_overwrite, house.pbx.on_lost = self._crosses, self.doubt_crossed

    @property
    def now(self) -> int:
        return dialplan.seconds(self.house.clock.now())

    def since(self, main: str) -> list[list[Happened]]:
        """Return what has happened to `main` since all was quiet."""
        return [list(self.read[main]), list(self.dialled[main]), list(self.commanded[main])]

    def check_answer(self, main: str, code: str, says: str) -> None:
        """All was quiet until now: what is said to who dials `code` is what CODES.md says."""
        away = {told.decides(state, self.now) for state in self.states[main]} != {None}
        ends = code.endswith(("#23#", "*23*0", "*23*0#")) or (code.startswith("*21") and away)
        assert says == ("hand-set" if not ends else "hand-ended" if away else "hand-nothing")

    def dials(self, main: str, answer: Answer) -> None:
        """Something was set or ended on the telephone: calls and lamps follow at once."""
        holds, now = self.house.pbx.holds, self.house.clock.now()
        assert right.lamps(holds, main) == {answer.lamp}
        assert (answer.main, answer.phones) == (main, PHONES[main])
        hand = dialplan.hand_of({main: Held(hand=answer.hand)}, main)
        assert hand is not None
        calls = {dialplan.decides(holds, place, now) for place in PHONES[main]}
        # the first code since its start, lost with the PBX's last second, and dialled again before the gateway is back
        again = self._was_killed and hand.turn <= self.house.turn_of(main)
        if hand.window is None:
            assert (hand.ended, calls) == (self.now, {Ring()})
            self.dialled[main].append(End(self.now, hand.turn, may_be_lost=again))
            return
        away = {(call.by_hand, call.until) for call in calls if isinstance(call, Diverted)}
        assert away == {(True, hand.window.until)}
        assert hand.window.start == self.now
        by_hand = ByHand(self.now, hand.window.until, BY_DIGIT[hand.digit])
        self.dialled[main].append(Set(by_hand, hand.turn, may_be_lost=again))

    def may_forget(self) -> None:
        """Time has passed while a gateway runs."""
        for read in self.read.values():
            if read[-1:] != [Forgot(self.now)]:
                read.append(Forgot(self.now))

    def has_forgotten(self) -> None:
        """A gateway has had its time: what was over some while ago is forgotten, what is over now may be."""
        for read in self.read.values():
            forgot = [Forgot(self.now - right.SOON, is_sure=True), Forgot(self.now)]
            if read[-2:] != forgot:
                read += forgot

    def doubt_read(self) -> None:
        """The gateway was killed: what was read or forgotten may not have been kept."""
        self.doubt_crossed()
        for main, read in self.read.items():
            self.read[main] = [replace(one, is_sure=False) for one in read]
        if any(any(self.since(main)) for main in PHONES):
            self.left_at = None

    def doubt_last_second(self) -> None:
        """The PBX was killed: what was dialled within its last second may be lost, and only that."""
        self.left_at, self._was_killed = None, True
        for main in PHONES:
            self._may_be_lost(main, self._register(main).turn + 1, MANY)

    def doubt_crossed(self) -> None:
        """The connection or the gateway is lost: what was dialled while the register was being written may be, too.

        It is gone from there, and only its event could have told of it.
        """
        for main, last in self._crossed.items():
            self._may_be_lost(main, self.house.turn_of(main) + 1, last)
        self._crossed = dict.fromkeys(PHONES, 0)

    def doubt_dialled(self) -> None:
        """The clock was set back while no gateway ran: of ends ahead and those that follow, the PBX keeps the last."""
        for main in PHONES:
            self._may_be_lost(main, 0, MANY)

    def _crosses(self, place: str) -> None:
        turn = self._register(place).turn
        if turn > self.house.turn_of(place):
            self._crossed[place] = turn

    def _register(self, main: str) -> dialplan.Hand:
        hand = dialplan.hand_of(self.house.pbx.holds, main)
        assert hand is not None
        return hand

    def _may_be_lost(self, main: str, first: int, last: int) -> None:
        self.dialled[main] = [
            replace(one, may_be_lost=True) if first <= one.turn <= last else one for one in self.dialled[main]
        ]

    async def check(self, *, is_off: bool) -> None:
        """All is quiet: the PBX holds what CODES.md says, the store agrees with it, and nothing over is left."""
        pbx = self.house.pbx
        for main in PHONES:
            turn, hand = await right.kept(self.house, main, None if self.leapt_at == self.now else self.now)
            found: dict[State, str] = {}
            for state in told.outcomes(self.states[main], *self.since(main)):
                found[state] = "" if is_off else right.differs(pbx.holds, main, state, self.now)
                found[state] = found[state] or ("" if state.hand == hand else f"{hand} is kept")
            self.states[main] = frozenset(state for state, why in found.items() if not why)
            assert self.states[main], f"{main} at {self.now}: " + "\n".join(f"{s}: {why}" for s, why in found.items())
            if is_off:
                assert not any(place in pbx.holds for place in PHONES[main]), "not all is released"
            else:
                right.agree(pbx.holds, main, self.now, turn, hand)
            self._check_turn(main, turn)
            self.read[main], self.dialled[main], self.commanded[main] = [], [], []
        assert pbx.paused == (set() if is_off else right.paused(self.house, pbx.members or ()))
        self.left_at, self._was_killed = None if is_off else self.now, self._was_killed and is_off

    def _check_turn(self, main: str, turn: int) -> None:
        """Each code that was dialled has counted, and once."""
        sure = max((one.turn for one in self.dialled[main] if not one.may_be_lost), default=0)
        assert turn >= max(self._turns[main], sure), "a turn has not been taken over, or went down"
        assert turn in {self._turns[main], *(one.turn for one in self.dialled[main])}, "nobody has dialled this turn"
        self._turns[main] = turn

    def check_alone(self) -> None:
        """No gateway: what it has left behind and what is dialled decide; what calendars and commands say is late."""
        if self.left_at is None or self.now < self.left_at:
            return
        for main in PHONES:
            possible = told.outcomes(self.states[main], self.dialled[main])
            holds, left_at = self.house.pbx.holds, self.left_at
            why = [right.differs_alone(holds, main, state, self.now, left_at) for state in possible]
            assert not all(why), f"{main} at {self.now}, left alone: {why}"

    def check_items(self, main: str, items: Iterable[Item]) -> None:
        """Time enough has passed: everything that the calendar says has been read."""
        over = Forgot(self.now)
        known = {told.after(state, over).items for state in self.states[main]}
        assert told.after(State(frozenset(items)), over).items in known, "not as the calendar is"
