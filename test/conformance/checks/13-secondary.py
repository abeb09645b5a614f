#!/usr/bin/python3
"""A kernel client's basic file operations at a secondary, which asks the primary for all but data."""
from guest import SECOND_ADDRESS, run_guest
from two_movers import sound_and_silent, start_two
from world import check

FILES = 600


def body(world):
    server = start_two(world)
    run_guest([(server.source(address=SECOND_ADDRESS), server.options(), '/mnt/share')], 'fsops.py',
              ['/mnt/share', FILES])
    sound_and_silent(world, server)


check(body)
