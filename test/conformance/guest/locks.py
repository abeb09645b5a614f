#!/usr/bin/python3
"""One of two clients that lock files in one folder, each at a data mover of its own: locks.py FOLDER a|b PORT. Both take the
same steps and meet before each at the host's PORT (lib/meeting.py), where they also tell when they are half-way through
one. Locks go to the server: mount without nolock, and with actimeo=0."""
import errno
import fcntl
import os
import struct
import sys
import time

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, raises, require
from talk import Talk

FOLDER, ROLE, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
IS_A = ROLE == 'a'
TURNS = 30
HELD_S = 1.5
SOON_S = 1.0
FAR = 1 << 40
TRY_WRITE = fcntl.LOCK_EX | fcntl.LOCK_NB
TRY_READ = fcntl.LOCK_SH | fcntl.LOCK_NB
FLOCK64 = 'hhqqi4x'

talk = Talk(PORT)
meet = talk.meet


def path(name):
    return os.path.join(FOLDER, name)


def opened(name, flags=os.O_RDWR | os.O_CREAT):
    return os.open(path(name), flags, 0o666)


def busy(fd, how, length, start):
    raises(errno.EAGAIN, fcntl.lockf, fd, how | fcntl.LOCK_NB, length, start)


def in_the_way(fd, start, length):
    """What a write lock would meet: (type, start, length), None for nothing."""
    asked = struct.pack(FLOCK64, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, _, start, length, _ = struct.unpack(FLOCK64, fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else (kind, start, length)


def only_a(body, *arguments):
    if IS_A:
        body(*arguments)
    meet()


def only_b(body, *arguments):
    if not IS_A:
        body(*arguments)
    meet()


def ranges():
    """What one has locked the other cannot lock, byte by byte, and nothing else."""
    fd = opened('ranges')
    only_a(fcntl.lockf, fd, TRY_WRITE, 100, 0)
    only_b(busy, fd, fcntl.LOCK_EX, 10, 50)
    only_b(busy, fd, fcntl.LOCK_SH, 1, 99)
    only_b(lambda: equal(in_the_way(fd, 10, 10), (fcntl.F_WRLCK, 0, 100)))
    only_b(fcntl.lockf, fd, TRY_WRITE, 100, 100)
    only_a(busy, fd, fcntl.LOCK_EX, 1, 150)
    only_a(fcntl.lockf, fd, fcntl.LOCK_UN, 20, 40)
    only_b(fcntl.lockf, fd, TRY_WRITE, 20, 40)
    only_b(busy, fd, fcntl.LOCK_EX, 1, 10)
    only_b(lambda: equal(in_the_way(fd, 10, 100), (fcntl.F_WRLCK, 0, 40)))
    only_a(lambda: equal(in_the_way(fd, 0, 0), (fcntl.F_WRLCK, 40, 20)))
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


def blocking():
    """Who waits has the lock soon after its holder lets go, and not before."""
    fd = opened('waited')
    only_a(fcntl.lockf, fd, fcntl.LOCK_EX)
    begin = time.monotonic()
    if IS_A:
        time.sleep(HELD_S)
        fcntl.lockf(fd, fcntl.LOCK_UN)
        waited = None
    else:
        fcntl.lockf(fd, fcntl.LOCK_EX)
        waited = time.monotonic() - begin
        require(waited > HELD_S * 0.8, f'granted after {waited:.2f} s, while it was held')
    meet()
    os.close(fd)
    return None if waited is None else f'{waited - HELD_S:.2f} s after the release'


def given_up():
    """Who gives up waiting does not get the lock afterwards."""
    import signal
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


def appends(step):
    """Appends under a lock, by both at once: all are there, in whole."""
    fd = opened('appended', os.O_RDWR | os.O_APPEND | os.O_CREAT)
    for number in range(TURNS):
        fcntl.lockf(fd, fcntl.LOCK_EX, 1, FAR)
        os.fstat(fd)
        os.write(fd, b'%s%06d\n' % (ROLE.encode(), number))
        os.fsync(fd)
        talk.half_way(number, TURNS, f'{ROLE} {step}')
        fcntl.lockf(fd, fcntl.LOCK_UN, 1, FAR)
    os.close(fd)
    meet()
    with open(path('appended'), 'rb') as file:
        lines = file.read().split(b'\n')[:-1]
    equal(sorted(lines), sorted(b'%s%06d' % (role, n) for role in (b'a', b'b') for n in range(TURNS)))
    return f'{len(lines)} records'


def counter(step):
    """A number in a file that both count up, each time under a lock: none is counted twice."""
    fd = opened('counter')
    for number in range(TURNS):
        fcntl.lockf(fd, fcntl.LOCK_EX)
        count = int(os.pread(fd, 20, 0) or b'0')
        os.pwrite(fd, b'%020d' % (count + 1), 0)
        os.fsync(fd)
        talk.half_way(number, TURNS, f'{ROLE} {step}')
        fcntl.lockf(fd, fcntl.LOCK_UN)
    meet()
    # A client that has a file open for writing looks for what others have written when it locks the file.
    fcntl.lockf(fd, fcntl.LOCK_SH)
    equal(int(os.pread(fd, 20, 0)), 2 * TURNS)
    os.close(fd)
    meet()


def kept(step):
    """A lock that is held all the time stays its holder's, whatever happens to the movers."""
    fd = opened('kept')
    only_a(fcntl.lockf, fd, TRY_WRITE, 10, 0)
    only_b(fcntl.lockf, fd, TRY_WRITE, 10, 10)
    talk.say('half', f'{ROLE} {step}')
    meet()
    # A mover that comes back answers only reclaims for a while.
    deadline = time.monotonic() + 60
    while True:
        try:
            fcntl.lockf(fd, TRY_WRITE, 10, 20 if IS_A else 30)
            break
        except OSError as error:
            require(time.monotonic() < deadline, f'no lock within a minute: {error}')
            time.sleep(0.2)
    meet()
    busy(fd, fcntl.LOCK_EX, 10, 10 if IS_A else 0)
    meet()
    os.close(fd)
    meet()


def main():
    steps = Steps()
    if IS_A:
        for name in ('ranges', 'waited', 'flock', 'appended', 'counter', 'kept'):
            os.close(opened(name))
    for name, body, *arguments in (
        ('ranges', ranges),
        ('read locks', shared),
        ('to the end', to_the_end),
        ('a lock that is waited for', blocking),
        ('a lock that is waited for no more', given_up),
        ('locks of a file that is closed', closed),
        ('flock', flocks),
        ('two who would wait for each other', deadlock),
        ('appends under a lock', appends, 'appends'),
        ('a counter under a lock', counter, 'counter'),
        ('a lock that is kept', kept, 'kept'),
    ):
        meet(['step', name])
        steps.step(f'{ROLE}: {name}', body, *arguments)
        if steps.failed:
            break  # the other one waits where this one will not come
    steps.finish()


main()
