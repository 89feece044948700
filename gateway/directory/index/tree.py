"""Which entries lie in the scope of a search (RFC 4511, section 4.5.1.2), for somebody who sees this much. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.directory.index import bits, names
from gateway.directory.index.attributes import Column
from gateway.directory.index.segment import Segment
from gateway.directory.index.shelf import Part
from gateway.directory.query import Scope
from gateway.directory.wire.answers import NO_SUCH_OBJECT, Refusal

Group = Sequence[Part]  # entries that come in one order


@dataclass(frozen=True, slots=True)
class Branch:
    """`node`: the one entry at the top of it. `inner`: branches by their own part of the name. `people`: below it."""

    node: Segment
    inner: dict[names.Part, "Branch"] = field(default_factory=dict)
    people: Group = ()


def reached(root: Branch, path: names.Name, scope: Scope) -> list[Group]:
    """Return what lies in `scope` of the entry at `path` below the root: people by branch, then nodes.

    Raises `Refusal` (noSuchObject), which names the nearest entry above that is there.
    """
    branch = root
    left = list(path)
    while left and (inner := branch.inner.get(left[-1])):
        branch = inner
        left.pop()
    if left:
        part = _person(branch, left[-1])
        if part is None:
            raise Refusal(NO_SUCH_OBJECT, matched=branch.node.dn(0))
        if len(left) > 1:
            raise Refusal(NO_SUCH_OBJECT, matched=part.segment.dn(next(bits.each(part.there))))
        return [] if scope is Scope.ONE else [(part,)]
    if scope is Scope.BASE:
        return [(_whole(branch.node),)]
    if scope is Scope.ONE:
        return [branch.people, *((_whole(inner.node),) for inner in branch.inner.values())]
    every = list(_branches(branch))
    return [*(one.people for one in every), *((_whole(one.node),) for one in every)]


def _branches(branch: Branch) -> Iterator[Branch]:
    for inner in branch.inner.values():
        yield from _branches(inner)
    yield branch


def _person(branch: Branch, own: names.Part) -> Part | None:
    """Return the entry with this part of a name as all that there is."""
    if len(own) != 1 or own[0][0] != "uid":
        return None
    for part in branch.people:
        found = part.segment.column(Column.UID).whole(own[0][1]) & part.there
        if found:
            return Part(part.segment, found)
    return None


def _whole(segment: Segment) -> Part:
    return Part(segment, segment.all)
