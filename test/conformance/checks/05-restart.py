#!/usr/bin/python3
"""The server goes away and comes back under a kernel client with open files: the client goes on where it was, no handle
goes stale, nothing that was acknowledged is missing."""
import os
import queue
import threading
import time

from guest import Guest
from steps import equal
from world import check

BETWEEN = 40
PATIENCE_S = 60


class Watched:
    """A guest whose progress lines arrive in a queue."""

    def __init__(self, server):
        self.guest = Guest([(server.source(), server.options('acregmax=3'), '/mnt/share')], 'restart.py',
                           ['/mnt/share', 'yes' if server.remembers_replies else 'no'])
        self.progress = queue.Queue()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.guest.lines(quiet='progress '):
            if line.startswith('progress '):
                self.progress.put(line)

    def advance(self, records):
        """Waits for so many records more."""
        deadline = time.monotonic() + PATIENCE_S
        for done in range(records):
            try:
                self.progress.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f'{done} of {records} records within {PATIENCE_S} s') from None

    def drain(self):
        while not self.progress.empty():
            self.progress.get()

    def stop(self):
        with open(os.path.join(self.guest.job, 'stop'), 'w'):
            pass
        self.thread.join(PATIENCE_S)
        return self.guest.finish()


def stop_and_start(server):
    server.stop()
    server.start()


def kill_mover(server):
    server.kill_mover()
    server.await_mover()


def kill_all_and_start(server):
    server.kill_all()
    server.start()


def kill_supervisor_and_start(server):
    server.kill_supervisor()
    server.start()


def round_of(watched, server, disturb):
    watched.advance(BETWEEN)
    begin = time.monotonic()
    disturb(server)
    watched.drain()
    watched.advance(1)
    pause_s = time.monotonic() - begin
    watched.advance(BETWEEN)
    return f'went on after {pause_s:.1f} s'


def body(world):
    server = world.server()
    watched = Watched(server)
    for name, disturb in (('SIGTERM and a new start', stop_and_start),
                          ('kill -9 of the mover', kill_mover),
                          ('kill -9 of everything and a new start', kill_all_and_start),
                          ('kill -9 of the supervisor and a new start', kill_supervisor_and_start),
                          ('kill -9 of the mover once more', kill_mover)):
        world.steps.step(f'the client goes on after {name}', round_of, watched, server, disturb)
    world.steps.step('the guest ends well', lambda: equal(watched.stop(), 0))
    server.stop()
    world.steps.step('the volume is sound', server.check_offline)


check(body)
