#!/usr/bin/python3
"""Two kernel clients at two data movers of one volume share a folder: what they may rely on, by locks and without, and what
else holds of locks."""
from two_movers import sound_and_silent, start_two_with_locks, two_clients
from world import check


def body(world):
    server = start_two_with_locks(world)
    two_clients(world, server, script='locks.py', locks=True)
    sound_and_silent(world, server)


check(body)
