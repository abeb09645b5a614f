#!/usr/bin/python3
"""One of two clients of one folder, each at a data mover of its own: two.py FOLDER a|b PORT. Both take the same steps and
meet before each at the host's PORT (lib/meeting.py), where they also tell when they are half-way through one. Mount with
actimeo=0: what a client keeps of names and attributes by itself must not be taken for what its mover says."""
import errno
import hashlib
import os
import random
import sys

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, require
from talk import Talk

FOLDER, ROLE, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
IS_A = ROLE == 'a'
TURNS = 40
PAGE = 4096
RECORD = 512
BIG_MIB = 24
CREATE = os.O_CREAT | os.O_RDWR

talk = Talk(PORT)
meet, say = talk.meet, talk.say


def path(name):
    return os.path.join(FOLDER, name)


def append(name, data):
    fd = os.open(path(name), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    equal(os.write(fd, data), len(data), 'bytes written')
    os.close(fd)


def read_file(name):
    with open(path(name), 'rb', buffering=0) as file:
        return file.read()


def line(role, number):
    return b'%s%06d\n' % (role.encode(), number)


def half_way(turn, step):
    talk.half_way(turn, TURNS, f'{ROLE} {step}')


def new_file():
    if IS_A:
        append('new', b'from a')
    meet()
    equal(read_file('new'), b'from a')


def in_turn(step):
    """What one has appended and closed is there when the other opens."""
    want = b''
    for number in range(TURNS):
        if (number % 2 == 0) == IS_A:
            if number:
                equal(read_file('turns'), want, f'before turn {number}')
            append('turns', line(ROLE, number))
        half_way(number, step)
        want += line('ab'[number % 2], number)
        meet()
    equal(read_file('turns'), want)


def pieces(name, size, flags, step):
    """Both write to one file, each its own pieces, which lie between the other's; each is durable before the next."""
    def piece(role, number):
        return (line(role, number) * (size // 8))[:size]
    fd = os.open(path(name), CREATE | flags)
    for number in range(TURNS):
        at = (2 * number + (not IS_A)) * size
        equal(os.pwrite(fd, piece(ROLE, number), at), size)
        os.fsync(fd)
        half_way(number, step)
    os.close(fd)
    meet()
    equal(hash(read_file(name)), hash(b''.join(piece(role, n) for n in range(TURNS) for role in 'ab')))
    return f'{2 * TURNS} pieces of {size} bytes'


def race(step, attempt, refusal):
    """Both try the same at the same time; of each attempt just one succeeds."""
    won = []
    for number in range(TURNS):
        meet()
        half_way(number, step)
        try:
            attempt(number)
            won.append(number)
        except OSError as error:
            equal(error.errno, refusal, f'errno of attempt {number}')
    others = meet(won)
    equal(sorted(won + others), list(range(TURNS)), 'won by either')
    return f'{len(won)} of {TURNS}'


def exclusive(number):
    os.close(os.open(path(f'race/x{number}'), os.O_CREAT | os.O_EXCL | os.O_WRONLY))


def rename(number):
    os.rename(path(f'race/x{number}'), path(f'race/{ROLE}{number}'))


def link(number):
    os.link(path('new'), path(f'race/l{number}'))


def unlink(number):
    os.unlink(path(f'race/l{number}'))


def folder(number):
    os.mkdir(path(f'race/d{number}'))


def listing():
    mine = sorted(os.listdir(path('race')))
    equal(meet(mine), mine)
    return f'{len(mine)} names'


def watched(step):
    """The size and the times of a file grow while the other appends to it, and never go back."""
    if not IS_A:
        fd = os.open(path('watched'), os.O_WRONLY)
        for number in range(TURNS):
            os.write(fd, line(ROLE, number))
            os.fsync(fd)
            half_way(number, step)
        os.close(fd)
        return None
    seen = []
    last = os.stat(path('watched'))
    while last.st_size < 8 * TURNS:
        now = os.stat(path('watched'))
        require(now.st_size >= last.st_size, f'{now.st_size} bytes after {last.st_size}')
        require(now.st_mtime_ns >= last.st_mtime_ns, 'mtime went back')
        require(now.st_size == last.st_size or now.st_mtime_ns > last.st_mtime_ns, 'another size at the same mtime')
        if now.st_size != last.st_size:
            seen.append(now.st_size)
        last = now
    return f'{len(seen)} sizes'


def big(writer, step):
    """Written without fsync but for the one that close is."""
    name = f'big-{writer}'
    if ROLE == writer:
        content = random.Random(BIG_MIB).randbytes(1 << 20)
        digest = hashlib.sha256()
        with open(path(name), 'wb', buffering=0) as file:
            for number in range(BIG_MIB):
                part = content[number:] + content[:number]
                digest.update(part)
                equal(file.write(part), len(part))
                if number == BIG_MIB // 2:
                    say('half', f'{ROLE} {step}')
        meet(digest.hexdigest())
    else:
        want = meet()
        with open(path(name), 'rb') as file:
            equal(hashlib.file_digest(file, 'sha256').hexdigest(), want)


def at_once():
    """Appends without a lock may fall on each other, and a client whose file is open writes back what it has of the page
    around its record, which may be zeros where the other has appended meanwhile. Nothing else may be there."""
    for number in range(TURNS):
        append('appended', line(ROLE, number))
    meet()
    kept = read_file('appended')
    every = {line(role, number) for role in 'ab' for number in range(TURNS)}
    records = {kept[at:at + 8] for at in range(0, len(kept), 8)} - {bytes(8)}
    require(records <= every, f'not a record: {sorted(records - every)[:3]}')
    return f'{len(records)} of {2 * TURNS} kept'


def changes_seen():
    """What one changes by name or by attribute the other sees in the same moment."""
    def gone(name):
        return not os.path.exists(path(name))
    for change, look in (
        (lambda: os.truncate(path('turns'), 10), lambda: equal(len(read_file('turns')), 10)),
        (lambda: os.truncate(path('turns'), 5000), lambda: equal(read_file('turns')[10:], bytes(4990))),
        (lambda: os.chmod(path('turns'), 0o600), lambda: equal(os.stat(path('turns')).st_mode & 0o777, 0o600)),
        (lambda: os.utime(path('turns'), (5, 6)), lambda: equal(os.stat(path('turns')).st_mtime, 6)),
        (lambda: os.rename(path('turns'), path('renamed')),
         lambda: equal((gone('turns'), gone('renamed')), (True, False))),
        (lambda: os.symlink('renamed', path('turns')), lambda: equal(os.readlink(path('turns')), 'renamed')),
        (lambda: os.unlink(path('turns')), lambda: equal(os.path.lexists(path('turns')), False)),
        (lambda: os.mkdir(path('folder')), lambda: equal(os.listdir(path('folder')), [])),
        (lambda: os.rmdir(path('folder')), lambda: equal(gone('folder'), True)),
        (lambda: os.unlink(path('renamed')), lambda: equal(gone('renamed'), True)),
    ):
        if IS_A:
            change()
        meet()
        if not IS_A:
            look()
        meet()


def main():
    steps = Steps()
    if IS_A:
        os.mkdir(path('race'))
        for name in ('turns', 'pages', 'sectors', 'watched', 'appended'):
            append(name, b'')
    for name, body, *arguments in (
        ('a new file', new_file),
        ('records appended in turn', in_turn, 'turns'),
        ('pages between the other\'s', pieces, 'pages', PAGE, 0, 'pages'),
        ('sectors between the other\'s, O_DIRECT', pieces, 'sectors', RECORD, os.O_DIRECT, 'sectors'),
        ('O_EXCL race', race, 'exclusive', exclusive, errno.EEXIST),
        ('rename race', race, 'rename', rename, errno.ENOENT),
        ('link race', race, 'link', link, errno.EEXIST),
        ('unlink race', race, 'unlink', unlink, errno.ENOENT),
        ('mkdir race', race, 'mkdir', folder, errno.EEXIST),
        ('both list the same', listing),
        ('a file that the other appends to', watched, 'watched'),
        (f'{BIG_MIB} MiB from a', big, 'a', 'big-a'),
        (f'{BIG_MIB} MiB from b', big, 'b', 'big-b'),
        ('appends at once, without a lock', at_once),
        ('changes are seen at once', changes_seen),
    ):
        meet(['step', name])
        steps.step(f'{ROLE}: {name}', body, *arguments)
        if steps.failed:
            break  # the other one waits where this one will not come
    steps.finish()


main()
