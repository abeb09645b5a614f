#!/usr/bin/python3
"""Two kernel clients at two data movers go on while the primary is killed, and lose nothing that was acknowledged.
The other one takes over, and is the next to be killed."""
from two_movers import Killer, sound_and_silent, start_two, two_clients
from world import check

HALVES = ('a pages', 'b exclusive', 'b big-b')
EXPECTED = ('supervisor: mover [ab]: ',)


def body(world):
    server = start_two(world)
    two_clients(world, server, Killer(server, 'primary', HALVES))
    sound_and_silent(world, server, EXPECTED)


check(body)
