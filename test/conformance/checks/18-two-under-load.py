#!/usr/bin/python3
"""Clients load two data movers of one volume while one of them, or everything, is killed: what was acknowledged as durable
at either is there, at either."""
import random
import time

from load import Worker
from nfs3 import client
from server import kill
from steps import require
from two_movers import sound_and_silent, start_two
from world import check

SEED = 18
PATIENT, IMPATIENT = 2, 1  # at each mover
EXPECTED = ('supervisor: mover [ab]: ',)


def everything(server):
    server.kill_all()
    server.start()


def round_of(workers, server, root, disturb, load_s):
    """No worker begins another turn after the kill, so that nothing paints over what was lost."""
    for worker in workers:
        worker.gate.set()
    time.sleep(load_s)
    disturb()
    for worker in workers:
        worker.gate.clear()
    for worker in workers:
        require(worker.idle.wait(90), f'{worker.name} hangs')
        if worker.error:
            raise worker.error
    return compare(workers, server, root)


def compare(workers, server, root):
    """Each worker's folder as a client of either mover sees it."""
    server.await_all()
    names = sum(worker.compare(root, address) for worker in workers for address in server.movers.values())
    counts = [sum(getattr(worker, what) for worker in workers) for what in ('acknowledged', 'in_doubt', 'rewritten')]
    return '{} names, {} acknowledged, {} in doubt, {} rewritten'.format(names, *counts)


def body(world):
    server = start_two(world)
    rng = random.Random(SEED)
    _, root = client(server)
    workers = [Worker(server, root, number, SEED, number % (PATIENT + IMPATIENT) < PATIENT, address)
               for number, address in enumerate([a for a in server.movers.values() for _ in range(PATIENT + IMPATIENT)])]
    for worker in workers:
        worker.start()
    for number, role in enumerate(('primary', 'secondary', 'primary', 'secondary'), 1):
        pid = server.pid_of(role)
        world.steps.step(f'round {number}: kill -9 of the {role}, nothing is lost', round_of, workers, server, root, lambda: kill(pid),
                         1 + rng.random())
    world.steps.step('round 5: kill -9 of everything, nothing is lost', round_of, workers, server, root,
                     lambda: everything(server), 1 + rng.random())
    world.steps.step('the load met the kills', lambda: require(
        sum(w.connection.resends for w in workers) >= 5 and sum(w.acknowledged for w in workers) > 500,
        'too few operations, or none was cut off'))
    for worker in workers:
        worker.ending = True
    sound_and_silent(world, server, EXPECTED)


check(body)
