"""Conferences, from what appointments ask for to what a PBX holds so that people can dial in. Pure.

In the order in which data meets them: `meetings` (with `location`, `shown`, `outside`) are what appointments ask for,
`conferences` (with `pool`) which there are and in which room, `calling` who is called into them and when. `joining`
says what a PBX holds: a `room`'s openings, and to what somebody is `invited`.
"""
