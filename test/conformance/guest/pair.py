"""One of two guests that lock files in one folder, each at a data mover of its own: SCRIPT FOLDER a|b PORT. Both run the same
list of checks and meet before each at the host's PORT (lib/meeting.py)."""
import errno
import fcntl
import os
import struct
import sys

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, raises
from talk import Talk

FOLDER, ROLE, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
IS_A = ROLE == 'a'
TRY_WRITE = fcntl.LOCK_EX | fcntl.LOCK_NB
TRY_READ = fcntl.LOCK_SH | fcntl.LOCK_NB
FLOCK64 = 'hhqqi4x'

talk = Talk(PORT)
meet = talk.meet


class Check:
    """What `a` and `b` do at the same time; of one who has nothing to show, and only does his part, it is `meanwhile`."""

    def __init__(self, name, a=None, b=None, meanwhile=None):
        self.name, self.bodies, self.meanwhile = name, {'a': a, 'b': b}, meanwhile
        self.count = (a is not None) + (b is not None)


def both(name, body):
    return Check(name, body, body)


class Checks:
    """Runs lists of checks; tells behind each list how many of all have passed."""

    def __init__(self):
        self.steps, self.passed, self.total = Steps(), 0, 0

    def run(self, what, checks):
        self.total += sum(check.count for check in checks)
        for check in checks:
            meet(['step', check.name])
            body = check.bodies[ROLE]
            if body is not None:
                self.steps.step(f'{ROLE}: {check.name}', body)
                self.passed += 1
            elif check.meanwhile is not None:
                check.meanwhile()
            if self.steps.failed:
                self.steps.finish()  # the other one waits where this one will not come
        passed = self.passed + meet(self.passed)
        if IS_A:
            self.steps.step(f'{what}: {passed} of {self.total}', equal, passed, self.total)


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
