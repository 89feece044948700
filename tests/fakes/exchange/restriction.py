"""Restrictions and orders of FindItem over what an item's properties say (Microsoft: "Restriction", "SortOrder").

Nothing can be sought by attendees or recurrence: ErrorUnsupportedPathForQuery (Microsoft: "ResponseCode").
"""

import operator
from collections.abc import Callable
from xml.etree.ElementTree import Element

from tests.fakes.exchange.fields import NOT_FOUND_BY_FIND, PROPERTIES, Writer
from tests.fakes.exchange.mailbox import Instance
from tests.fakes.exchange.paths import absent, named
from tests.fakes.exchange.soap import Fault, Refusal, find, moment

COMPARISONS = {
    "t:IsEqualTo": operator.eq,
    "t:IsNotEqualTo": operator.ne,
    "t:IsGreaterThan": operator.gt,
    "t:IsGreaterThanOrEqualTo": operator.ge,
    "t:IsLessThan": operator.lt,
    "t:IsLessThanOrEqualTo": operator.le,
}
TRUTHS = {"1": "true", "0": "false", "true": "true", "false": "false"}  # xs:boolean
TIMES = {"calendar:Start", "calendar:End", "item:LastModifiedTime", "item:DateTimeCreated", "item:DateTimeReceived"}


def holds(condition: Element, value: Callable[[Element], str]) -> bool:
    """Whether `condition` holds where `value` tells what the path of a property stands for, "": nothing."""
    if condition.tag == "t:And":
        return all(holds(part, value) for part in condition)
    if condition.tag == "t:Or":
        return any(holds(part, value) for part in condition)
    if condition.tag == "t:Not":
        return not holds(condition[0], value)
    found = value(condition[0])
    if condition.tag == "t:Exists":
        return bool(found)
    if condition.tag == "t:Contains":
        return _contains(condition, found)
    constant = find(condition, "t:FieldURIOrConstant/t:Constant")
    if constant is None or condition.tag not in COMPARISONS:
        raise Fault("ErrorInvalidRequest", f"{condition.tag} is not part of this scripted server.")
    wanted = constant.get("Value", "")
    if found in TRUTHS:
        wanted = TRUTHS.get(wanted, wanted)
    return bool(COMPARISONS[condition.tag](found, comparable(condition[0], wanted)))


def value(writer: Writer, one: Instance, path: Element) -> str:
    """Return a property as text that compares as its values do; "" is none."""
    name = named(path)
    if name not in PROPERTIES and path.tag == "t:ExtendedFieldURI":
        absent(name)
        return ""
    if name in NOT_FOUND_BY_FIND - {"item:Body"} or name not in PROPERTIES:
        raise Refusal("ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction.")
    found = PROPERTIES[name](writer, one)
    return comparable(path, "".join(found.itertext()) if found is not None else "")


def comparable(path: Element, text: str) -> str:
    """Return a value of the property at `path` as text that compares as its values do; "" stays."""
    kind = "SystemTime" if path.get("FieldURI") in TIMES else path.get("PropertyType")
    if text and kind == "SystemTime":
        return moment(text).isoformat()
    return text.zfill(10) if text and kind == "Integer" else text


def _contains(condition: Element, found: str) -> bool:
    constant = find(condition, "t:Constant")
    sought = constant.get("Value", "") if constant is not None else ""
    if condition.get("ContainmentComparison", "Exact") != "Exact":
        found, sought = found.casefold(), sought.casefold()
    mode = condition.get("ContainmentMode", "Substring")
    if mode == "FullString":
        return found == sought
    return found.startswith(sought) if mode.startswith("Prefix") else sought in found
