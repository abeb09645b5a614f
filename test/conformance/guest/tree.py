#!/usr/bin/python3
"""A source tree of many small files: tree.py copy|watch|remove FOLDER FILES SEED. Makes it in memory, copies it into FOLDER
with tar and compares; or lists FOLDER while another client copies the same tree into it, until the file `stop` appears in
the job folder, and compares; or removes what is in FOLDER."""
import hashlib
import os
import random
import stat
import subprocess
import sys

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, require

ACTION, FOLDER, FILES, SEED = sys.argv[1], os.fsencode(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
SOURCE = b'/tmp/tree'
TARGET = os.path.join(FOLDER, b'tree')
MTIME = 1_500_000_000
WORDS = [b'main', b'util', b'test', b'README', b'Makefile', b'a b', b'\xc3\xa9t\xc3\xa9', b'latin-\xe9', b'-dash',
         b'.dot', b'quote\'"', b'tab\t', b'nl\n', b'star*', b'back\\', b'\xff\xfe', '漢字'.encode(), b'x' * 120]


def make(rng):
    """FILES names in about FILES/12 folders: 94 % files, 3 % symlinks, 3 % hard links."""
    folders, files = [SOURCE], []
    os.mkdir(SOURCE)
    body = rng.randbytes(1 << 17)
    for number in range(FILES):
        if number % 12 == 0:
            parent = rng.choice(folders[-40:])
            if parent.count(b'/') < 14:
                folder = os.path.join(parent, b'd%d-' % number + rng.choice(WORDS))
                os.mkdir(folder, rng.choice((0o755, 0o750, 0o2775)))
                folders.append(folder)
        path = os.path.join(rng.choice(folders[-60:]), b'%d-' % number + rng.choice(WORDS))
        kind = rng.random()
        if kind < 0.03:
            os.symlink(rng.choice((b'../up', b'missing', os.path.basename(path), b't' * 300)), path)
        elif kind < 0.06 and files:
            os.link(rng.choice(files), path)
        else:
            begin = rng.randrange(1 << 16)
            with open(path, 'wb') as file:
                file.write(body[begin:begin + int(65537 * rng.random() ** 8)])
                os.fchmod(file.fileno(), rng.choice((0o644, 0o644, 0o755, 0o600, 0o444)))
            os.utime(path, ns=(MTIME * 10**9, (MTIME + number) * 10**9 + number))
            files.append(path)
    return f'{len(files)} files, {len(folders)} folders'


def manifest(top):
    """Relative path -> what must be alike; names of one file carry the first of them."""
    found, first = {}, {}
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, top)
            info = os.lstat(path)
            row = (stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode))
            if stat.S_ISLNK(info.st_mode):
                row += (os.readlink(path),)
            elif stat.S_ISREG(info.st_mode):
                row += (first.setdefault(info.st_ino, relative), info.st_nlink, info.st_size, info.st_mtime_ns)
                with open(path, 'rb') as file:
                    row += (hashlib.sha1(file.read()).digest(),)
            found[relative] = row
    return found


def copy():
    pack = subprocess.Popen(['tar', '-C', SOURCE, '--format=posix', '-cf', '-', '.'], stdout=subprocess.PIPE)
    unpack = subprocess.run(['tar', '-C', TARGET, '-xpf', '-'], stdin=pack.stdout)
    equal((pack.wait(), unpack.returncode), (0, 0), 'exits of tar')


def same_manifest():
    with open('/proc/sys/vm/drop_caches', 'w') as file:
        file.write('3')
    want, got = manifest(SOURCE), manifest(TARGET)
    equal(len(got), len(want), 'names')
    wrong = [path for path in want if got.get(path) != want[path]]
    require(not wrong, f'{len(wrong)} differ, first {wrong[:1]}: {[(want[p], got.get(p)) for p in wrong[:1]]}')
    return f'{len(want)} names'


def diff():
    done = subprocess.run(['diff', '-r', '--no-dereference', SOURCE, TARGET], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    equal((done.returncode, done.stdout[:300]), (0, b''), 'diff -r')


def watch():
    """What has been listed once stays: the other client only adds. Symlinks are not counted, for which tar first makes
    files."""
    def fail(error):
        raise error
    rounds, seen = 0, set()
    stop = os.path.join(os.environ['JOB'], 'stop')
    is_last = False
    while not is_last:
        is_last = os.path.exists(stop)
        found = {os.path.join(folder, name) for folder, folders, _ in os.walk(TARGET, onerror=fail) for name in folders}
        require(seen <= found, f'no longer listed: {sorted(seen - found)[:3]}')
        rounds, seen = rounds + 1, found
    return f'{rounds} times, {len(seen)} folders at last'


def remove():
    subprocess.run(['rm', '-rf', TARGET], check=True)
    equal(os.listdir(FOLDER), [], 'what is left')


def main():
    steps = Steps()
    if ACTION in ('copy', 'watch'):
        who = '' if ACTION == 'copy' else 'the other client: '
        steps.step(f'{who}make the tree', make, random.Random(SEED))
        if ACTION == 'copy':
            os.makedirs(TARGET, exist_ok=True)
            steps.step('copy it with tar', copy)
        else:
            steps.step(f'{who}list it all the time', watch)
        steps.step(f'{who}names, kinds, modes, links, times and contents are the same', same_manifest)
        steps.step(f'{who}diff -r', diff)
    else:
        steps.step('rm -rf', remove)
    steps.finish()


main()
