#!/usr/bin/python3
"""Two kernel clients at two data movers go on while the primary is killed, and lose nothing that was acknowledged."""
from two_movers import Killer, sound_and_silent, start_two, two_clients
from world import check

HALVES = ('a pages', 'b exclusive', 'b big-b')
EXPECTED = ('supervisor: mover a: ',)


def body(world):
    server = start_two(world)
    two_clients(world, server, Killer(server, server.PRIMARY, HALVES))
    sound_and_silent(world, server, EXPECTED)


check(body)
