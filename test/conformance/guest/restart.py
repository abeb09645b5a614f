#!/usr/bin/python3
"""Works in a folder while its server goes away and comes back: restart.py FOLDER yes|no (does the server remember its
replies over a crash? If not, a call that is sent again may find its own work done). Prints `progress N` after every
record that fsync has acknowledged, until the file `stop` appears in the job folder; then everything is compared."""
import os
import sys
import threading
import time

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, require

FOLDER, REMEMBERS = sys.argv[1], sys.argv[2] == 'yes'
RECORD = 4096
STREAM = 65536


def path(name):
    return os.path.join(FOLDER, name)


def record(number, size=RECORD):
    return b'%015d\n' % number * (size // 16)


class Worker(threading.Thread):
    """Repeats `turn(number)` until told to stop; the first error ends it and is kept."""

    def __init__(self, name):
        super().__init__(name=name, daemon=True)
        self.error, self.done, self.stopping = None, 0, False

    def run(self):
        try:
            while not self.stopping:
                self.turn(self.done)
                self.done += 1
        except Exception as error:
            self.error = error
            print(f'worker {self.name}: {type(error).__name__}: {error}', flush=True)

    def end(self):
        self.stopping = True
        self.join(120)
        require(not self.is_alive(), f'{self.name} hangs')
        if self.error:
            raise self.error
        require(self.done > 10, f'{self.name} did {self.done} turns')


class Synced(Worker):
    """Records over four files that stay open, each acknowledged by fsync."""

    def __init__(self):
        super().__init__('synced')
        self.files = [os.open(path(f'synced{i}'), os.O_CREAT | os.O_RDWR) for i in range(4)]

    def turn(self, number):
        fd = self.files[number % 4]
        equal(os.pwrite(fd, record(number), number // 4 * RECORD), RECORD)
        os.fsync(fd)
        print(f'progress {number}', flush=True)
        time.sleep(0.01)

    def compare(self):
        for number in range(self.done):
            equal(os.pread(self.files[number % 4], RECORD, number // 4 * RECORD), record(number), f'record {number}')
        for i, fd in enumerate(self.files):
            equal(os.fstat(fd).st_size, (self.done - i + 3) // 4 * RECORD, f'size of synced{i}')
        return f'{self.done} records'


class Streamed(Worker):
    """A file that is written without fsync: what a lost server did not have yet, the client must send again."""

    def __init__(self):
        super().__init__('streamed')
        self.fd = os.open(path('streamed'), os.O_CREAT | os.O_RDWR)

    def turn(self, number):
        equal(os.pwrite(self.fd, record(number, STREAM), number * STREAM), STREAM)
        time.sleep(0.05)

    def compare(self):
        os.fsync(self.fd)
        drop_caches()
        for number in range(self.done):
            equal(os.pread(self.fd, STREAM, number * STREAM), record(number, STREAM), f'chunk {number}')
        return f'{self.done * STREAM >> 20} MiB'


class Names(Worker):
    """Creates, renames, links and removes; each turn leaves one name."""

    def __init__(self):
        super().__init__('names')
        os.mkdir(path('names'))

    def turn(self, number):
        base = path(f'names/n{number}')
        os.close(os.open(base, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        for change, *names in ((os.link, base, base + '-link'), (os.rename, base, base + '-renamed'),
                               (os.unlink, base + '-link'), (os.mkdir, base + '-folder'),
                               (os.rmdir, base + '-folder')):
            try:
                change(*names)
            except (FileExistsError, FileNotFoundError):
                if REMEMBERS:
                    raise
        time.sleep(0.01)

    def compare(self):
        drop_caches()
        equal(sorted(os.listdir(path('names'))), sorted(f'n{n}-renamed' for n in range(self.done)))
        return f'{self.done} turns'


def drop_caches():
    with open('/proc/sys/vm/drop_caches', 'w') as file:
        file.write('3')


def main():
    steps = Steps()
    kept = os.open(path('kept'), os.O_CREAT | os.O_RDWR)
    os.write(kept, b'kept')
    os.fsync(kept)
    unlinked = os.open(path('unlinked'), os.O_CREAT | os.O_RDWR)
    os.write(unlinked, b'unlinked')
    os.unlink(path('unlinked'))
    workers = [Synced(), Streamed(), Names()]
    for worker in workers:
        worker.start()
    while not os.path.exists(os.path.join(os.environ['JOB'], 'stop')):
        time.sleep(0.2)
    for worker in workers:
        steps.step(f'{worker.name}: no call failed', worker.end)
    drop_caches()
    for worker in workers:
        steps.step(f'{worker.name}: everything is there', worker.compare)
    steps.step('a file that was open all the time', lambda: equal(os.pread(kept, 9, 0), b'kept'))
    steps.step('an unlinked file that was open all the time', lambda: equal(os.pread(unlinked, 9, 0), b'unlinked'))
    steps.finish()


main()
