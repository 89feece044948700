"""Which calendars share a streaming connection."""

from collections import Counter
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.mailbox import Mailbox
from gateway.sources.ews.push.groups import MOST, Placed, anchor, plan

HERE = "https://mail.example.test/EWS/Exchange.asmx"
THERE = "https://other.example.test/EWS/Exchange.asmx"


def placed(number: int, group: str = "", url: str = HERE, address: str | None = None) -> Placed:
    address = address or f"user{number}@example.test"
    mailbox = Mailbox(number, number, 1, address, frozenset({address}), ZoneInfo("Europe/Stockholm"))
    return Placed(mailbox, url, group, address)


def several(first: int, count: int, group: str = "", url: str = HERE) -> list[Placed]:
    return [placed(number, group, url) for number in range(first, first + count)]


@st.composite
def organisations(draw: st.DrawFn) -> list[Placed]:
    """Groups as they occur, some beyond a stream's size; ids in any order."""
    sizes = draw(st.lists(st.one_of(st.integers(1, 5), st.integers(MOST - 2, 3 * MOST + 2)), max_size=5))
    ids = iter(draw(st.permutations(range(1, sum(sizes) + 1))))
    return [
        placed(next(ids), group=f"site {number // 2}", url=(HERE, THERE)[number % 2])
        for number, size in enumerate(sizes)
        for _ in range(size)
    ]


def test_one_group_shares_one_stream():
    everybody = several(1, 3)
    assert plan(everybody, 3).streams == (tuple(everybody),)


def test_a_stream_carries_two_hundred():
    planned = plan(several(1, 450), 3)
    assert [len(stream) for stream in planned.streams] == [200, 200, 50]
    assert planned.polled == ()


def test_what_lies_on_other_servers_or_in_other_groups_is_not_mixed():
    planned = plan([*several(1, 2, "a"), *several(3, 2, "b"), *several(5, 2, "a", THERE)], 3)
    assert {tuple(one.mailbox.id for one in stream) for stream in planned.streams} == {(1, 2), (3, 4), (5, 6)}


def test_few_streams_go_where_most_people_are():
    planned = plan([*several(1, 30, "small"), *several(31, 350, "large")], 2)
    assert [{one.group for one in stream} for stream in planned.streams] == [{"large"}, {"large"}]
    assert [one.group for one in planned.polled] == ["small"] * 30


def test_without_streams_everybody_is_polled():
    assert len(plan(several(1, 5), 0).polled) == 5


def test_the_anchor_is_the_first_by_name():
    stream = [placed(1, address="sadie@example.test"), placed(2, address="Alfred@example.test")]
    assert anchor(stream) == "Alfred@example.test"


@given(organisations(), st.integers(0, 10))
def test_everybody_is_there_once_and_limits_hold(everybody, streams):
    planned = plan(everybody, streams)
    there = [*(one for stream in planned.streams for one in stream), *planned.polled]
    assert Counter(there) == Counter(everybody)
    assert len(planned.streams) <= streams
    assert all(1 <= len(stream) <= MOST for stream in planned.streams)
    assert all(len({(one.url, one.group) for one in stream}) == 1 for stream in planned.streams)


@given(organisations(), st.integers(1, 10))
def test_no_stream_is_wasted(everybody, streams):
    planned = plan(everybody, streams)
    assert not planned.polled or len(planned.streams) == streams
    left = Counter((one.url, one.group) for one in planned.polled)
    assert all(len(stream) >= min(MOST, count) for stream in planned.streams for count in left.values())


@given(organisations(), st.integers(0, 10), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order(everybody, streams, chance):
    shuffled = list(everybody)
    chance.shuffle(shuffled)
    assert plan(shuffled, streams) == plan(everybody, streams)


@given(organisations(), st.integers(1, 10), st.sampled_from(["site 0", "site 1", "site 2"]))
def test_who_joins_last_moves_at_most_one_stream(everybody, streams, group):
    before = plan(everybody, streams)
    after = plan([*everybody, placed(len(everybody) + 1, group)], streams)
    assert len(set(before.streams) - set(after.streams)) <= 1
