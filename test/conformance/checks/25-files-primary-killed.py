#!/usr/bin/python3
"""A kernel client's basic file operations at a secondary, while the primary is killed half-way through some of them. The
client's mover takes over, and is the next to be killed."""
from guest import SECOND_ADDRESS, run_guest
from meeting import PORT, Meeting
from two_movers import Killer, sound_and_silent, start_two
from world import check

FILES = 300
BIG_MIB = 32
HALVES = ('create', 'rename', 'unlink', 'fsync', 'big')
EXPECTED = ('supervisor: mover [ab]: ',)


def body(world):
    server = start_two(world)
    killer = Killer(server, 'primary', HALVES)

    def half(step):
        killer.half(step)
        killer.before_release()
    Meeting(half)
    run_guest([(server.source(address=SECOND_ADDRESS), server.options(), '/mnt/share')], 'fsops.py',
              ['/mnt/share', FILES, BIG_MIB, PORT])
    world.steps.step('every kill came', killer.all_came)
    sound_and_silent(world, server, EXPECTED)


check(body)
