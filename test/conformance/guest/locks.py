#!/usr/bin/python3
"""One of two clients that lock files in one folder, each at a data mover of its own: locks.py FOLDER a|b PORT; see pair.py.
They also tell the host when they are half-way through a check. Locks go to the server: mount without nolock, and with
actimeo=0."""
import errno
import fcntl
import os
import signal
import sys
import time

sys.path.insert(0, os.environ['JOB'])
from basics import basics, prepare
from pair import (IS_A, ROLE, TRY_READ, TRY_WRITE, Checks, both, busy, in_the_way, meet, only_a, only_b, opened, path,
                  talk)
from steps import equal, raises, require

TURNS = 30
# A mover that comes back answers only reclaims for a while.
PATIENCE_S = 60


def parts():
    """What is in the way is told in parts when some of it has been let go."""
    fd = opened('ranges')
    only_a(fcntl.lockf, fd, TRY_WRITE, 100, 0)
    only_a(fcntl.lockf, fd, fcntl.LOCK_UN, 20, 40)
    only_b(fcntl.lockf, fd, TRY_WRITE, 20, 40)
    only_a(lambda: equal(in_the_way(fd, 0, 0), (fcntl.F_WRLCK, 40, 20)))
    only_b(lambda: equal(in_the_way(fd, 45, 100), (fcntl.F_WRLCK, 60, 40)))
    os.close(fd)
    meet()


def shared():
    """Read locks go together, until one becomes a write lock."""
    fd = opened('ranges')
    fcntl.lockf(fd, TRY_READ, 100, 0)
    meet()
    busy(fd, fcntl.LOCK_EX, 1, 50)
    meet()
    only_b(fcntl.lockf, fd, fcntl.LOCK_UN, 50, 50)
    only_a(fcntl.lockf, fd, TRY_WRITE, 50, 50)
    only_b(busy, fd, fcntl.LOCK_SH, 1, 60)
    only_a(fcntl.lockf, fd, TRY_READ, 50, 50)
    only_b(fcntl.lockf, fd, TRY_READ, 1, 60)
    os.close(fd)
    meet()


def to_the_end():
    """A lock without a length goes as far as a file can."""
    fd = opened('ranges')
    only_a(fcntl.lockf, fd, TRY_WRITE, 0, 1000)
    only_b(busy, fd, fcntl.LOCK_EX, 1, (1 << 62))
    only_b(lambda: equal(in_the_way(fd, 0, 0), (fcntl.F_WRLCK, 1000, 0)))
    only_b(fcntl.lockf, fd, TRY_WRITE, 1000, 0)
    os.close(fd)
    meet()


def given_up():
    """Who gives up waiting does not get the lock afterwards."""
    fd = opened('waited')
    only_a(fcntl.lockf, fd, fcntl.LOCK_EX)
    if not IS_A:
        def stop(*_):
            raise InterruptedError
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 1)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX)
            raise AssertionError('granted while it was held')
        except InterruptedError:
            pass
    meet()
    only_a(fcntl.lockf, fd, fcntl.LOCK_UN)
    only_a(fcntl.lockf, fd, TRY_WRITE)
    os.close(fd)
    meet()


def closed():
    """Closing a file lets its locks go."""
    fd = opened('waited')
    only_a(fcntl.lockf, fd, TRY_WRITE)
    only_b(busy, fd, fcntl.LOCK_EX, 0, 0)
    if IS_A:
        os.close(fd)
    meet()
    only_b(fcntl.lockf, fd, TRY_WRITE)
    if not IS_A:
        os.close(fd)
    meet()


def flocks():
    """flock is a lock of the whole file, and keeps other clients out too."""
    fd = opened('flock')
    only_a(fcntl.flock, fd, fcntl.LOCK_EX)
    only_b(raises, errno.EAGAIN, fcntl.flock, fd, TRY_WRITE)
    only_a(fcntl.flock, fd, fcntl.LOCK_SH)
    only_b(fcntl.flock, fd, TRY_READ)
    only_b(raises, errno.EAGAIN, fcntl.flock, fd, TRY_WRITE)
    only_a(fcntl.flock, fd, fcntl.LOCK_UN)
    only_b(fcntl.flock, fd, TRY_WRITE)
    os.close(fd)
    meet()


def deadlock():
    """Two who would wait for each other: one is refused."""
    fd = opened('ranges')
    mine, other = (0, 10) if IS_A else (10, 0)
    fcntl.lockf(fd, TRY_WRITE, 10, mine)
    meet()
    refused = False
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX, 10, other)
    except OSError as error:
        equal(error.errno, errno.EDEADLK)
        refused = True
    fcntl.lockf(fd, fcntl.LOCK_UN)
    equal(sorted([refused, meet(refused)]), [False, True], 'refused')
    os.close(fd)
    meet()


def counter():
    """A number in a file that both count up, each time under a lock: none is counted twice."""
    fd = opened('counter')
    for number in range(TURNS):
        fcntl.lockf(fd, fcntl.LOCK_EX)
        count = int(os.pread(fd, 20, 0) or b'0')
        os.pwrite(fd, b'%020d' % (count + 1), 0)
        os.fsync(fd)
        talk.half_way(number, TURNS, f'{ROLE} counter')
        fcntl.lockf(fd, fcntl.LOCK_UN)
    meet()
    # A client that has a file open for writing looks for what others have written when it locks the file.
    fcntl.lockf(fd, fcntl.LOCK_SH)
    equal(int(os.pread(fd, 20, 0)), 2 * TURNS)
    os.close(fd)
    meet()


def kept():
    """A lock that is held all the time stays its holder's, whatever happens to the movers."""
    fd = opened('kept')
    only_a(fcntl.lockf, fd, TRY_WRITE, 10, 0)
    only_b(fcntl.lockf, fd, TRY_WRITE, 10, 10)
    talk.say('half', f'{ROLE} kept')
    meet()
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.lockf(fd, TRY_WRITE, 10, 20 if IS_A else 30)
            break
        except OSError as error:
            require(time.monotonic() < deadline, f'no lock in {PATIENCE_S} s: {error}')
            time.sleep(0.2)
    meet()
    busy(fd, fcntl.LOCK_EX, 10, 10 if IS_A else 0)
    meet()
    os.close(fd)
    meet()


def main():
    checks = Checks()
    prepare()
    if IS_A:
        for name in ('ranges', 'waited', 'flock', 'counter', 'kept'):
            os.close(opened(name))
    checks.run('what two clients of one folder may rely on', basics())
    checks.run('with what else holds of locks', (
        both('what is in the way, in parts', parts),
        both('read locks', shared),
        both('to the end', to_the_end),
        both('a lock that is waited for no more', given_up),
        both('locks of a file that is closed', closed),
        both('flock, shared', flocks),
        both('two who would wait for each other', deadlock),
        both('a counter under a lock', counter),
        both('a lock that is kept', kept),
    ))
    checks.steps.finish()


main()
