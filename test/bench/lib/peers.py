"""Lockkeeper and a tuned nfs-ganesha side by side: the same load in turns, medians, a table, a verdict for each row."""
import argparse
import os
import subprocess
import sys

from ganesha import Ganesha
from guest import make_network
from load import DEPTHS, ROWS, Load, in_turn, median, number
from machine import shape, today
from server import Lockkeeper

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
MARKS = ('<!-- bench:peers begin -->', '<!-- bench:peers end -->')
# Neither server keeps replies of idempotent calls.
NO_REPLIES = 'DRC_Disabled = true;'
# Its 98 threads by default are slower here, but with few of them it does not get on with locks.
TUNED = f'{NO_REPLIES} RPC_Ioq_ThrdMin = 2; RPC_Ioq_ThrdMax = 4;'
FILE_MIB = 256
CACHE = '512MiB'
ON_MEMORY = ('createremove', 'randwrite_sync')


class Cell:
    """A row at a depth on a store: both servers' results."""

    def __init__(self, row, depth, store):
        self.row, self.depth, self.store = row, depth, store
        self.results = {'ganesha': [], 'lockkeeper': []}

    def figure(self, server, key):
        return median(self.results[server], key)

    @property
    def ratio(self):
        return self.figure('lockkeeper', 'rate') / self.figure('ganesha', 'rate')

    @property
    def judged(self):
        """A lone create is judged in memory: on disk it pays for a durability that the peer does not give. Syncing to
        tmpfs costs the peer nothing and is only shown."""
        if self.store == 'memory':
            return self.row.workload == 'createremove'
        return not (self.row.workload == 'createremove' and self.depth == 1)

    @property
    def verdict(self):
        promised = self.row.promised(self.depth)
        if not self.judged:
            return 'shown only'
        if self.ratio <= 1:
            return 'behind'
        return 'ahead' if self.ratio >= promised else f'ahead, but not {promised} times'

    @property
    def holds(self):
        return not self.judged or (self.ratio > 1 and self.ratio >= self.row.promised(self.depth))

    def line(self):
        def flushes(server):
            return number(self.figure(server, 'flushes_op')) if self.store == 'disk' else '–'
        cells = [f'{self.row.title}, q{self.depth}', *(number(self.figure(s, 'rate')) for s in self.results),
                 f'{self.ratio:.2f}', *(number(self.figure(s, 'cpu_us')) for s in self.results),
                 *(flushes(s) for s in self.results), self.verdict]
        return '| ' + ' | '.join(cells) + ' |'


def servers_on(folder, locks):
    lockkeeper = Lockkeeper(os.path.join(folder, 'lockkeeper'), size='2GiB', settings={'cache': {'perMover': CACHE}})
    ganesha = Ganesha(os.path.join(folder, 'ganesha'), core=NO_REPLIES if locks else TUNED, locks=locks)
    return ganesha, lockkeeper


def measure(store, folder, locks, cells, rounds, seconds, only):
    servers = [server for server in servers_on(folder, locks) if server.name in only]
    try:
        for server in servers:
            server.start()
        loads = [Load(server, FILE_MIB) for server in servers]
        for load in loads:
            load.run('-r', '1', '-t', '0.1', '-w', 'null')
        for turn in range(rounds):
            for cell in cells:
                for load in in_turn(loads, turn):
                    cell.results[load.server.name].append(load.measure_row(cell.row, cell.depth, seconds))
            print(f'# {store}: round {turn + 1} of {rounds}', file=sys.stderr, flush=True)
    finally:
        for server in servers:
            if server.process is not None and server.process.poll() is None:
                server.stop()


def report(cells, args, machine):
    lines = [f'Measured {today()} by `npm run bench:peers` on {machine}. Medians of {args.rounds} interleaved '
             f'rounds of {args.seconds:g} s, one connection, client on the same machine.', '']
    for store, title in (('disk', 'Store on disk'), ('memory', 'Store on tmpfs')):
        rows = [cell for cell in cells if cell.store == store]
        if rows:
            lines += [f'**{title}**', '',
                      '| workload | nfs-ganesha /s | Lockkeeper /s | ratio | ganesha CPU µs '
                      '| Lockkeeper CPU µs | ganesha flushes/op | Lockkeeper flushes/op | verdict |',
                      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |',
                      *(cell.line() for cell in rows), '']
    ahead = sum(cell.holds for cell in cells if cell.judged)
    judged = sum(cell.judged for cell in cells)
    lines.append(f'{ahead} of {judged} rows hold (getattr, lookup, read and UNSTABLE write at q64 must be at least 3 '
                 'times as fast, lock and unlock at q16 4 times, the others ahead). Rates and CPU time are per operation, of readdirplus per entry; '
                 'flushes are those of the whole device per call.')
    return lines, ahead == judged


def write_readme(lines):
    path = os.path.join(ROOT, 'README.md')
    with open(path) as file:
        text = file.read()
    begin, end = (text.find(mark) for mark in MARKS)
    if begin < 0 or end < begin:
        sys.exit(f'README.md has no section between {MARKS[0]} and {MARKS[1]}')
    with open(path, 'w') as file:
        file.write(text[:begin + len(MARKS[0])] + '\n' + '\n'.join(lines) + '\n' + text[end:])


def arguments():
    parser = argparse.ArgumentParser(prog='test/bench/peers', description=__doc__)
    parser.add_argument('--rounds', type=int, default=4, help='interleaved rounds; medians are told (4)')
    parser.add_argument('--seconds', type=float, default=1, help='measured time of a run (1)')
    parser.add_argument('--rows', default='', help='only workloads whose name begins so, comma-separated')
    parser.add_argument('--only', default='ganesha,lockkeeper', help='to try one server alone: no table then')
    parser.add_argument('--write-readme', action='store_true', help='rewrite the marked section of README.md')
    return parser.parse_args()


def main():
    args = arguments()
    work = os.environ['LOCKKEEPER_CONFORMANCE']
    make_network()
    memory = os.path.join(work, 'memory')
    os.mkdir(memory)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=6g', 'tmpfs', memory], check=True)
    wanted = [row for row in ROWS if any(row.workload.startswith(w) for w in args.rows.split(','))]
    cells = [Cell(row, depth, 'disk') for row in wanted for depth in DEPTHS]
    cells += [Cell(row, depth, 'memory') for row in wanted if row.workload in ON_MEMORY for depth in DEPTHS]
    for store, folder, locks in (('disk', os.path.join(work, 'disk'), False), ('memory', memory, False),
                                 ('disk', os.path.join(work, 'locks'), True)):
        mine = [cell for cell in cells if cell.store == store and cell.row.locks == locks]
        if mine:
            measure(store, folder, locks, mine, args.rounds, args.seconds, args.only.split(','))
    if args.only != 'ganesha,lockkeeper':
        for cell in cells:
            for name, results in cell.results.items():
                if results:
                    print(f'{cell.store} {cell.row.title}, q{cell.depth}: {name} {number(median(results, "rate"))} '
                          f'ops/s, {number(median(results, "cpu_us"))} µs/op, '
                          f'{number(median(results, "flushes_op"))} flushes/op')
        return 0
    lines, holds = report(cells, args, shape(work))
    print('\n'.join(lines))
    if args.write_readme:
        write_readme(lines)
    return 0 if holds else 1


sys.exit(main())
