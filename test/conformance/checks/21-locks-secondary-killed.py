#!/usr/bin/python3
"""Two kernel clients at two data movers lock files while the secondary is killed: nobody loses a lock, or has one that another
has."""
from two_movers import Killer, sound_and_silent, start_two_with_locks, two_clients
from world import check

HALVES = ('a appends', 'b counter', 'a kept')
EXPECTED = ('supervisor: mover [ab]: ', 'is primary', 'wait')


def body(world):
    server = start_two_with_locks(world)
    two_clients(world, server, Killer(server, 'secondary', HALVES), script='locks.py', locks=True)
    sound_and_silent(world, server, EXPECTED)


check(body)
