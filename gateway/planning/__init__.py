"""From appointments to what a PBX should hold. Pure: no I/O, no asyncio, no logging; `now` is an argument.

In the order in which data meets them: `codes` (with `show_as`, `targets`, `working`) make diversions of appointments,
`timeline` lays them out, `plan` says what a PBX should hold now: what `callers` meet, as a `schedule`; the absence by
`hand`; and for star codes what is to be known of a `phone` (`grammar` is what these values are made of). `difference`
is what has to be written; `explain` tells why. `rules` is what they know of the organisation, `usual` what it starts
with.

Conferences have a drawer of their own, `conference`, and what organisers are told of them is in `telling`.

For the directory: what telephone `numbers` mean and how they are asked and shown, names as they are typed (`folding`),
and the settings of telephones that search (`handsets`).

Nothing here reads a calendar's dialect, a database or a PBX.
"""
