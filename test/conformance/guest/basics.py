"""What two clients of one folder may rely on, by locks and without, in one run: 23 checks of both together."""
import errno
import fcntl
import hashlib
import os
import random
import time

from pair import IS_A, ROLE, TRY_WRITE, Check, both, busy, in_the_way, meet, opened, path, talk
from steps import equal, raises, require

HELD_S = 1.5
TURNS = 100
NAMES = 50
BIG_MIB = 64
FAR = 1 << 40
CREATE_ANEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY
APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT


def prepare():
    if IS_A:
        for name in ('bytes', 'awaited', 'whole', 'loose', 'locked'):
            os.close(opened(name))
        with open(path('closed'), 'wb') as file:
            file.write(b'from a')


class Bytes:
    """Parts of a file that stays open, since locks end with it."""

    def __init__(self):
        self.fd = None

    def lock(self, length, start):
        if self.fd is None:
            self.fd = opened('bytes')
        fcntl.lockf(self.fd, TRY_WRITE, length, start)

    def refused(self, how, length, start):
        if self.fd is None:
            self.fd = opened('bytes')
        busy(self.fd, how, length, start)

    def told(self):
        equal(in_the_way(self.fd, 10, 10), (fcntl.F_WRLCK, 0, 100))

    def kept(self):
        self.refused(fcntl.LOCK_EX, 1, 10)
        equal(in_the_way(self.fd, 10, 100), (fcntl.F_WRLCK, 0, 40))
        os.close(self.fd)


def holds_and_lets_go():
    fd = opened('awaited')
    fcntl.lockf(fd, fcntl.LOCK_EX)
    meet()
    time.sleep(HELD_S)
    fcntl.lockf(fd, fcntl.LOCK_UN)
    os.close(fd)


def waits():
    fd = opened('awaited')
    meet()
    begin = time.monotonic()
    fcntl.lockf(fd, fcntl.LOCK_EX)
    waited = time.monotonic() - begin
    os.close(fd)
    require(waited > HELD_S * 0.8, f'granted after {waited:.2f} s, while it was held')
    return f'{waited - HELD_S:.2f} s after the release'


class Whole:
    """A file that is locked by flock, which knows no parts."""

    def __init__(self):
        self.fd = None

    def hold(self):
        self.fd = opened('whole')
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        meet()

    def refused(self):
        self.fd = opened('whole')
        meet()
        raises(errno.EAGAIN, fcntl.flock, self.fd, TRY_WRITE)

    def let_go(self):
        fcntl.flock(self.fd, fcntl.LOCK_UN)
        meet()
        os.close(self.fd)

    def got(self):
        meet()
        fcntl.flock(self.fd, TRY_WRITE)
        os.close(self.fd)


def record(role, number):
    return b'%s%06d\n' % (role.encode(), number)


def append_loosely():
    fd = opened('loose', APPEND)
    for number in range(TURNS):
        equal(os.write(fd, record(ROLE, number)), 8, 'bytes written')
    os.close(fd)


def loose_records():
    """NFS promises nothing here: whoever appends writes where the end was when he looked."""
    with open(path('loose'), 'rb') as file:
        kept = set(file.read().split(b'\n')) & {record(role, n)[:-1] for role in 'ab' for n in range(TURNS)}
    return f'{len(kept)} of {2 * TURNS} kept'


def append_locked():
    fd = opened('locked', APPEND)
    for number in range(TURNS):
        fcntl.lockf(fd, fcntl.LOCK_EX, 1, FAR)
        os.fstat(fd)
        equal(os.write(fd, record(ROLE, number)), 8, 'bytes written')
        os.fsync(fd)
        talk.half_way(number, TURNS, f'{ROLE} appends')
        fcntl.lockf(fd, fcntl.LOCK_UN, 1, FAR)
    os.close(fd)


def locked_records():
    with open(path('locked'), 'rb') as file:
        lines = file.read().splitlines(keepends=True)
    equal(sorted(lines), sorted(record(role, n) for role in 'ab' for n in range(TURNS)))
    return f'{len(lines)} records'


def make_names():
    """Of names that both try to make: how many this one has made."""
    made = 0
    for number in range(NAMES):
        try:
            os.close(os.open(path(f'anew{number}'), CREATE_ANEW, 0o666))
            made += 1
        except FileExistsError:
            pass
    return made


def names_race():
    made = make_names()
    equal(made + meet(made), NAMES, 'names made by either')
    for number in range(NAMES):
        os.unlink(path(f'anew{number}'))
    return f'{made} of {NAMES}'


def big_written():
    mib = random.Random(BIG_MIB).randbytes(1 << 20)
    digest = hashlib.sha256()
    with open(path('big'), 'wb', buffering=0) as file:
        for number in range(BIG_MIB):
            part = mib[number:] + mib[:number]
            digest.update(part)
            equal(file.write(part), len(part))
    meet(digest.hexdigest())


def big_read():
    want = meet()
    with open(path('big'), 'rb') as file:
        equal(hashlib.file_digest(file, 'sha256').hexdigest(), want)


def big_removed():
    meet()
    os.rename(path('big'), path('other'))
    os.rename(path('other'), path('big'))
    os.unlink(path('big'))
    meet()


def big_gone():
    require(os.path.exists(path('big')), 'it was not there')
    meet()
    meet()
    equal((os.path.exists(path('big')), os.path.exists(path('other'))), (False, False))


def closed_read():
    with open(path('closed'), 'rb') as file:
        equal(file.read(), b'from a')


def basics():
    part, whole = Bytes(), Whole()
    return (
        Check('a file that the other has made and closed', b=closed_read),
        Check('a lock of the first hundred bytes', a=lambda: part.lock(100, 0)),
        Check('a write lock among them is refused', b=lambda: part.refused(fcntl.LOCK_EX, 10, 50)),
        Check('a read lock among them is refused', b=lambda: part.refused(fcntl.LOCK_SH, 1, 99)),
        Check('F_GETLK tells what is in the way', b=part.told),
        Check('the next hundred are free', b=lambda: part.lock(100, 100)),
        Check('and not for the other any more', a=lambda: part.refused(fcntl.LOCK_EX, 1, 150)),
        Check('some in the middle are let go', a=lambda: fcntl.lockf(part.fd, fcntl.LOCK_UN, 20, 40)),
        Check('those are free', b=lambda: part.lock(20, 40)),
        Check('those around them are not', b=part.kept),
        Check('a lock that is waited for', b=waits, meanwhile=holds_and_lets_go),
        Check('flock is refused while the other has it', b=whole.refused, meanwhile=whole.hold),
        Check('flock is had when the other has let go', b=whole.got, meanwhile=whole.let_go),
        both(f'{TURNS} appends without a lock', append_loosely),
        Check('how many of them are kept', a=loose_records),
        both(f'{TURNS} appends under a lock', append_locked),
        both('all of them are kept', locked_records),
        Check('names that both make at once are made once', a=names_race, meanwhile=lambda: meet(make_names())),
        Check(f'{BIG_MIB} MiB that the other has written', b=big_read, meanwhile=big_written),
        Check('what the other renames and removes is gone', b=big_gone, meanwhile=big_removed),
    )
