#!/usr/bin/python3
"""Two kernel clients at two data movers of one volume see one file system. They lock nothing:
without NLM locks stay in each client; see 19-locks."""
from two_movers import sound_and_silent, start_two, two_clients
from world import check


def body(world):
    server = start_two(world)
    two_clients(world, server)
    sound_and_silent(world, server)


check(body)
