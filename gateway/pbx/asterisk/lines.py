"""What an administrator adds to Asterisk's own files, as text. Pure.

The rights were measured on Asterisk 22.10.1 (tests/captures/asterisk/rights_*.txt, queue_*.txt): of `read`, `system`
brings FullyBooted and telephones that sign in, `user` what is dialled by star codes and what becomes of calls, `agent`
changes of queues; of `write`, `system` is for DBPut, DBDel, DBGetTree, `call` for Setvar, Hangup and Redirect, `agent`
for QueuePause, `originate` for Originate, `reporting` for who is in a conference, and for ShowDialPlan, which only
`ringplan check` uses (rights_originate_*.txt, conference_*.txt).
"""

from gateway.domain.code import Language
from gateway.domain.user import Extension

READ = "system,user,agent"
WRITE = "system,call,reporting,agent,originate"
LOCAL = "127.0.0.1/255.255.255.255"
CONTEXT = "ringplan"
TARGET = "ringplan-target"
OFF = "RINGPLAN_OFF"
LINE = "ExecIf($[${DIALPLAN_EXISTS(ringplan,${EXTEN},1)}]?Gosub(ringplan,${EXTEN},1(${EXTEN})))"
"""Without the question a dialplan that is not loaded would hang up every call."""

INCLUDE = "#include ringplan.conf"
HINTS = "ringplan-hints"
CODES = "ringplan-codes"
OPERATOR = "ringplan-operator"
ROOM = "ringplan-room"
DIAL_IN = "ringplan-dial-in"
AUTOCALL = "ringplan-autocall"
MENUS = "#include ringplan-menus.conf"
"""In confbridge.conf: the keys in conferences."""

OUTSIDE = " same => n,Set(__RINGPLAN_CALLER=external)"


def manager_stanza(user: str, address: str = LOCAL, told: str = "the text that the setting `secret` leads to") -> str:
    """Return the lines for manager.conf; in the place of the secret they say where it is found: `told`."""
    return (
        f"[{user}]\n"
        f"secret = <{told}>\n"
        "deny = 0.0.0.0/0.0.0.0\n"
        f"permit = {address}\n"
        f"read = {READ}\n"
        f"write = {WRITE}\n"
        "writetimeout = 5000\n"
    )


def line(priority: str = "n") -> str:
    """Return the line that goes before the Dial of every extension pattern."""
    return f" same => {priority},{LINE}"


def hint(pattern: Extension, channel: str = "PJSIP/${EXTEN}") -> str:
    """Return the line that lights lamps and shows presence for `pattern`."""
    return f"exten => {pattern},hint,{channel}&Custom:ringplan-${{EXTEN}},CustomPresence:ringplan-${{EXTEN}}"


def include(context: str) -> str:
    """Return the line that lets one context have what is in another."""
    return f"include => {context}"


def target_context() -> str:
    """Return an example of the context in which targets are dialled."""
    return (
        f"[{TARGET}]\n"
        "; what targets of diversions and operators may reach, for example the context of your phones\n"
        "include => phones\n"
    )


def room(pattern: str = "_80XX") -> str:
    """Return the line that leads to rooms with numbers like `pattern`."""
    return f"exten => {pattern},1,Goto({ROOM},${{EXTEN}},1)"


def dial_in(number: Extension = "8901", language: Language = "sv") -> str:
    """Return the line behind which guests are asked for room and PIN in `language`."""
    return f"exten => {number},1,Goto({DIAL_IN},{language},1)"


def autocall_context() -> str:
    """Return an example of the context in which those are rung who are called into a conference."""
    return (
        f"[{AUTOCALL}]\n; how participants are rung, for example as in the context of your phones\ninclude => phones\n"
    )


def dialplan_lines(pattern: str = "_1XXX") -> str:
    """Return the lines for extensions.conf, for extensions like `pattern`.

    The include comes last: whatever stands below it would belong to the last context of the included file.
    """
    return (
        f"; in every extension pattern, before its Dial:\n{line()}\n\n"
        f"; optional, lamps and presence: beside the pattern\n{hint(pattern)}\n"
        f"; or, under *21 and the extension, in the context that phones subscribe in\n{include(HINTS)}\n\n"
        f"; optional, star codes for absences by hand: in the context that phones dial in\n{include(CODES)}\n"
        f"; and, only where operators dial, to ring through to somebody who is diverted\n{include(OPERATOR)}\n\n"
        f"; optional, rooms of conferences, with their numbers: where phones dial\n{room()}\n"
        f"; for guests, where calls come in from outside\n{dial_in()}\n"
        f"; and in confbridge.conf, for keys in conferences\n;     {MENUS}\n\n"
        "; where calls come in from outside, first of all: colleagues and others are treated differently\n"
        f"{OUTSIDE}\n\n"
        f"; at the end of the file\n{target_context()}\n{autocall_context()}\n{INCLUDE}\n"
    )
