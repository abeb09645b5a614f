#!/usr/bin/python3
"""bigfile.py write|read FOLDER MIB...: writes or hashes FOLDER/written-MIB or FOLDER/copied-MIB."""
import os
import sys
import time

sys.path.insert(0, os.environ['JOB'])
from pattern import blocks, digest, digest_of
from steps import Steps, equal


def write(path, mib):
    begin = time.monotonic()
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    for block in blocks(mib, mib):
        equal(os.write(fd, block), len(block), 'bytes written')
    os.fsync(fd)
    os.close(fd)
    return f'{mib / (time.monotonic() - begin):.0f} MiB/s'


def read(path, mib):
    with open('/proc/sys/vm/drop_caches', 'w') as file:
        file.write('3')
    begin = time.monotonic()
    with open(path, 'rb', buffering=0) as file:
        got = digest_of(file)
    rate = mib / (time.monotonic() - begin)
    equal(got, digest(mib, mib))
    return f'{rate:.0f} MiB/s'


def main():
    action, folder, *sizes = sys.argv[1:]
    steps = Steps()
    for mib in map(int, sizes):
        if action == 'write':
            path = os.path.join(folder, f'written-{mib}')
            steps.step(f'write {mib} MiB', write, path, mib)
            steps.step(f'read {mib} MiB back', read, path, mib)
        else:
            steps.step(f'read {mib} MiB that another client wrote', read, os.path.join(folder, f'copied-{mib}'), mib)
    steps.finish()


main()
