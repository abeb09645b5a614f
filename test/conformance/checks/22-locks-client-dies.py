#!/usr/bin/python3
"""A kernel client that dies with locks: others wait for them until it has come back and said so."""
import threading

from two_movers import guest, sound_and_silent, start_two_with_locks
from steps import equal, require
from world import check

SOON_S = 1.0


def until(lines, word, found):
    for line in lines:
        if line.startswith(word):
            found.append(line)
            return


def body(world):
    steps = world.steps
    server = start_two_with_locks(world)
    holder = guest(server, 'a', 'hold.py', ['/mnt/share', 'hold'], locks=True)
    for line in holder.lines():
        if line.startswith('holds'):
            break
    waiter = guest(server, 'b', 'hold.py', ['/mnt/share', 'wait'], locks=True)
    got = []
    lines = waiter.lines()
    for line in lines:
        if line.startswith('waits'):
            break
    thread = threading.Thread(target=until, args=(lines, 'holds', got))
    thread.start()
    holder.die()
    thread.join(5)
    steps.step('nobody gets the locks of a client that is merely silent', equal, got, [])
    again = guest(server, 'a', 'hold.py', ['/mnt/share', 'notice'], locks=True)
    notice, back = [], []
    lines_again = again.lines()
    until(lines_again, 'guest: statd', notice)
    until(lines_again, 'back', back)
    thread.join(30)
    steps.step('who waits has the lock when the client has come back', require, bool(got and notice and back), 'no lock')

    def soon():
        waited = float(got[0].split()[1]) - float(notice[0].split()[-1])
        require(0 <= waited < SOON_S, f'{waited:.2f} s')
        return f'{waited:.2f} s'
    steps.step('and soon', soon)
    for one in (waiter, again):
        steps.step('a client ends well', lambda: equal(one.finish(), 0))
    sound_and_silent(world, server)


check(body)
