"""From appointments to what a PBX should hold. Pure: no I/O, no asyncio, no logging; `now` is an argument.

In the order in which data meets them: `codes` (with `show_as`, `targets`, `working`) make diversions of appointments,
`timeline` lays them out, `plan` says what a PBX should hold now: what `callers` meet, as a `schedule`; the absence by
`hand`; and for star codes what is to be known of a `phone` (`grammar` is what these values are made of). `difference`
is what has to be written; `explain` tells why. `rules` is what they know of the organisation, `usual` what it starts
with.

Conferences: `meetings` (with `location`, `shown`, `outside`) are what appointments ask for, `conferences` (with `pool`)
which there are and in which room, `calling` who is called into them and when. `joining` says what a PBX holds so that
people can dial in: a `room`'s openings, and to what somebody is `invited` (`fitting` keeps both short); `news` (with
`letters`, `wording`) what organisers are told.

Nothing here reads a calendar's dialect, a database or a PBX.
"""
