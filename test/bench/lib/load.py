"""The load generator and its rows."""
import json
import os
import statistics
import subprocess

from guest import SERVER_ADDRESS

NFSBENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'bin/nfsbench')
DEPTHS = (1, 16, 64)


class Row:
    """One workload. `ahead`: the ratio to the peer that the project promises, by depth; 1 where none is named. `rate`
    is what is counted: operations, or entries where a call may hold more or fewer of them. `locks`: it needs NLM."""

    def __init__(self, title, workload, ahead=None, rate='ops_s', locks=False):
        self.title, self.workload, self.ahead, self.rate, self.locks = title, workload, ahead or {}, rate, locks

    def promised(self, depth):
        return self.ahead.get(depth, 1)


ROWS = (
    Row('getattr', 'getattr', {64: 3}), Row('lookup', 'lookup', {64: 3}),
    Row('read 4 KiB, random', 'randread', {64: 3}), Row('write 4 KiB, UNSTABLE', 'randwrite', {64: 3}),
    Row('write 4 KiB, FILE_SYNC', 'randwrite_sync'), Row('sequential read 1 MiB', 'seqread'),
    Row('sequential write 1 MiB, COMMIT', 'seqwrite'), Row('create and remove', 'createremove'),
    Row('readdirplus, entries', 'readdirplus', rate='entries_s'),
    Row('lock and unlock', 'nlm_lock', {16: 4}, locks=True),
)


def device_of(folder):
    """MAJOR:MINOR of the block device below a folder; tmpfs and the like have one that counts nothing."""
    number = os.stat(folder).st_dev
    return f'{os.major(number)}:{os.minor(number)}'


class Load:
    """Runs rows against one server, or against movers of it: connections take turns at `addresses`, and CPU time is that
    of `pid` (the whole server's)."""

    def __init__(self, server, file_mib, addresses=(SERVER_ADDRESS,), pid=None):
        self.server, self.file_mib, self.addresses = server, file_mib, addresses
        self.pid = pid or server.process.pid

    def command(self, *words):
        server = self.server
        ports = f'{server.nfs_port}:{server.mount_port}:{server.nlm_port}'
        places = ','.join(f'{address}:{ports}' for address in self.addresses)
        return [NFSBENCH, '-j', '-s', places, '-e', '/share', '-N', server.name, '-p', str(self.pid), '-d',
                device_of(server.folder), '-f', str(self.file_mib), *words]

    def run(self, *words, timeout=120):
        """Results, one for each workload; raises when a reply was an error or data was wrong."""
        done = subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or not results:
            told = [(r['workload'], r['errors'], r['first_error'], r['bad_data']) for r in results]
            raise RuntimeError(f'{self.server.name}: nfsbench ended with {done.returncode}: {told} '
                               f'{done.stderr.decode(errors="replace")[-400:]}')
        return results

    def measure(self, workload, depth, seconds):
        return self.run('-r', '1', '-t', str(seconds), '-w', f'{workload}:q={depth}')[0]

    def measure_row(self, row, depth, seconds):
        """As `measure`, with `rate` and `cpu_us` of what the row counts."""
        result = self.measure(row.workload, depth, seconds)
        each = result['ops_s'] / result[row.rate] if result[row.rate] else 0
        return {**result, 'rate': result[row.rate], 'cpu_us': result['server_us_op'] * each}


def in_turn(those, turn):
    """The order of a round: each comes first in every second one, since a disk that has rested is faster."""
    return those if turn % 2 == 0 else list(reversed(those))


def median(results, key):
    return statistics.median(result[key] for result in results)


def number(value):
    """Three figures that count, and a thin hand with the rest."""
    if value >= 100:
        return f'{value:,.0f}'
    return f'{value:.1f}' if value >= 10 else f'{value:.2f}'
