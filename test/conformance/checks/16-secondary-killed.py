#!/usr/bin/python3
"""Two kernel clients at two data movers go on while the secondary is killed, and lose nothing that was acknowledged."""
from two_movers import Killer, sound_and_silent, start_two, two_clients
from world import check

HALVES = ('b pages', 'b exclusive', 'b rename', 'b big-b')
EXPECTED = ('supervisor: mover b: ',)


def body(world):
    server = start_two(world)
    two_clients(world, server, Killer(server, 'secondary', HALVES))
    sound_and_silent(world, server, EXPECTED)


check(body)
