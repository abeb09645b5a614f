#!/usr/bin/python3
"""`lockkeeper locks` and `clients` tell who holds and who waits for whom; `locks break` takes a lock away."""
import json
import threading
import time

from steps import equal, require
from two_movers import guest, sound_and_silent, start_two_with_locks
from world import check

SHOWN_S = 10


def until(guest, word, then=lambda: None):
    for line in guest.lines():
        if line.startswith(word):
            then()
            return


def body(world):
    steps = world.steps
    server = start_two_with_locks(world)
    holder = guest(server, 'a', 'hold.py', ['/mnt/share', 'hold'], locks=True)
    until(holder, 'holds')
    waiter = guest(server, 'b', 'hold.py', ['/mnt/share', 'wait'], locks=True)
    until(waiter, 'waits')
    got = threading.Event()
    threading.Thread(target=until, args=(waiter, 'holds', got.set), daemon=True).start()

    def shown():
        deadline = time.monotonic() + SHOWN_S
        while True:
            found = json.loads(server.cli('locks', '--json'))
            if found['waiting'] or time.monotonic() > deadline:
                return found
            time.sleep(0.2)
    found = shown()

    def told():
        equal([(one['mover'], one['client'], one['lock'], one['bytes']) for one in found['held']],
              [('a', 'c1 10.0.2.16', 'exclusive', ['0', None])], 'held')
        equal([(one['mover'], one['client'], [other['client'] for other in one['waitsFor']])
               for one in found['waiting']], [('b', 'c2 10.0.2.17', ['c1 10.0.2.16'])], 'waiting')
    steps.step('locks tells who holds and who waits for whom', told)

    def clients():
        told = [(one['mover'], one['address'], one['mounts'], one['locks'], one['waiting'])
                for one in json.loads(server.cli('clients', '--json'))]
        equal(told, [('a', '10.0.2.16', ['/share'], 1, 0), ('b', '10.0.2.17', ['/share'], 0, 1)])
    steps.step('clients tells what they have mounted and locked', clients)
    identity = found['held'][0]['id']

    def preview():
        text = server.cli('locks', 'break', identity)
        require('nothing was changed' in text and 'c2 10.0.2.17' in text, text)
        equal([one['id'] for one in json.loads(server.cli('locks', '--json'))['held']], [identity])
    steps.step('break shows what would be lost, and changes nothing', preview)

    def broken():
        server.cli('locks', 'break', identity, '--yes')
        require(got.wait(SHOWN_S), 'who waits has not got the lock')
    steps.step('break --yes takes the lock away: who waits has it', broken)
    steps.step('a lock that is not there', lambda: equal(server.cli_status('locks', 'break', identity)[0], 1))
    holder.die()
    steps.step('the other client ends well', lambda: equal(waiter.finish(), 0))
    sound_and_silent(world, server)


check(body)
