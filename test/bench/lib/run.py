"""Lockkeeper alone: every row of one mover, two movers of one volume beside each other, then what a volume with many files
costs in memory and in time to open."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from guest import make_network
from limits import Limit, all_hold
from load import DEPTHS, ROWS, Load, median, number
from machine import shape, today
from movers import movers_limits
from nfs3 import NfsError, client
from server import Lockkeeper, status_field

CACHE_MIB = 256
OVER_CACHE_MIB = 512
OPEN_LIMIT_S = 1.0
TICK_LIMIT_MS = 50
STARTS = 3


def rows(folder, args):
    server = Lockkeeper(os.path.join(folder, 'rows'), size='4GiB', settings={'cache': {'perMover': '512MiB'}})
    server.start()
    load = Load(server, 256)
    load.run('-r', '1', '-t', '0.1', '-w', 'null')
    print('| workload | /s | MB/s | p50 µs | p99 µs | CPU µs | flushes/call |')
    print('| --- | ---: | ---: | ---: | ---: | ---: | ---: |')
    for row in ROWS:
        for depth in DEPTHS:
            results = [load.measure_row(row, depth, args.seconds) for _ in range(args.rounds)]
            keys = ('rate', 'MB_s', 'p50_us', 'p99_us', 'cpu_us', 'flushes_op')
            cells = [number(median(results, key)) for key in keys]
            print(f'| {row.title}, q{depth} | {" | ".join(cells)} |', flush=True)
    server.stop()


def mover_rss_mib(server):
    return sum(status_field(pid, 'VmRSS') for pid in server.mover_pids()) / 1024


def longest_checkpoint_tick_ms(server):
    """As the mover has counted since its start."""
    status = json.loads(server.cli('status', '--json'))
    return max(volume['counters']['checkpointTickMs'] for mover in status['details'].values()
               for volume in mover['volumes'])


def peak_rss_mib(server):
    return sum(status_field(pid, 'VmHWM') for pid in server.mover_pids()) / 1024


def time_to_serve(server, name):
    """Seconds from starting `up` to the answer to a LOOKUP of `name` in the big directory."""
    begin = time.monotonic()
    server.start()
    while True:
        try:
            nfs, root = client(server)
            nfs.lookup(nfs.lookup(nfs.lookup(root, 'nfsbench'), 'd'), name)
            return time.monotonic() - begin
        except NfsError as error:
            if error.status != 'JUKEBOX':
                raise
        except OSError:
            time.sleep(0.005)


def crash_and_open(server, load, name):
    """kill -9 of everything under a load that leaves a log to replay, then the time until it serves again."""
    command = load.command('-n', '-r', '1', '-t', '5', '-w', 'createremove:q=64')
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    server.kill_all()
    running.kill()
    running.wait()
    return time_to_serve(server, name)


def volume_of(folder, entries):
    """A served volume with a directory of so many files: (server, load, name of the last file, creates/s)."""
    server = Lockkeeper(os.path.join(folder, f'files-{entries}'), size='16GiB',
                        settings={'cache': {'perMover': f'{CACHE_MIB}MiB'}})
    server.start()
    load = Load(server, 4)
    begin = time.monotonic()
    load.run('-E', str(entries), '-r', '1', '-t', '0.1', '-w', 'null', timeout=1200)
    return server, load, f'f{entries - 1:05d}', entries / (time.monotonic() - begin)


def opening(folder, entries):
    """Median time to serve after a crash."""
    server, load, name, per_s = volume_of(folder, entries)
    rss_mib = mover_rss_mib(server)
    tick_ms = longest_checkpoint_tick_ms(server)
    times = [crash_and_open(server, load, name) for _ in range(STARTS)]
    listing = load.run('-E', str(entries), '-r', '1', '-t', '2', '-w', 'lookup:q=64,readdirplus:q=4', timeout=300)
    peak_mib = max(rss_mib, peak_rss_mib(server))
    server.stop()
    begin = time.monotonic()
    server.check_offline()
    print(f'{entries:,} files: made at {number(per_s)} /s; LOOKUP q64 {number(listing[0]["ops_s"])} /s, READDIRPLUS '
          f'{number(listing[1]["entries_s"])} entries/s; serves {statistics.median(times):.2f} s after a crash; '
          f'{peak_mib:.0f} MiB resident at most; checkpoints held the loop for {tick_ms:.1f} ms at most; check takes {time.monotonic() - begin:.1f} s', flush=True)
    return statistics.median(times), peak_mib, tick_ms


def many_files_limits(folder, files):
    """What many files may cost. The start of the processes is taken off by the same on a volume of one file."""
    empty_s, _, _ = opening(folder, 1)
    full_s, peak_mib, tick_ms = opening(folder, files)
    yield Limit(f'opening {files:,} files after kill -9, beyond opening one', f'{full_s - empty_s:.2f} s',
                f'{OPEN_LIMIT_S:g} s', full_s - empty_s < OPEN_LIMIT_S)
    yield Limit(f'resident with a cache of {CACHE_MIB} MiB', f'{peak_mib:.0f} MiB', f'{CACHE_MIB + OVER_CACHE_MIB} MiB',
                peak_mib < CACHE_MIB + OVER_CACHE_MIB)
    yield Limit('checkpoints while they were made held the event loop at most', f'{tick_ms:.1f} ms',
                f'{TICK_LIMIT_MS} ms', tick_ms < TICK_LIMIT_MS)


def arguments():
    parser = argparse.ArgumentParser(prog='test/bench/run', description=__doc__)
    parser.add_argument('--rounds', type=int, help='runs of each row; medians are told (3)')
    parser.add_argument('--seconds', type=float, help='measured time of a run (1)')
    parser.add_argument('--files', type=int, help='files of the large volume (500,000)')
    parser.add_argument('--full', action='store_true', help='longer: 5 rounds of 3 s, 2,000,000 files')
    parser.add_argument('--no-rows', action='store_true', help='without the rows of one mover')
    parser.add_argument('--no-movers', action='store_true', help='without the two movers')
    parser.add_argument('--no-limits', action='store_true', help='without the large volume')
    args = parser.parse_args()
    args.rounds = args.rounds or (5 if args.full else 3)
    args.seconds = args.seconds or (3 if args.full else 1)
    args.files = args.files or (2_000_000 if args.full else 500_000)
    return args


def main():
    args = arguments()
    work = os.environ['LOCKKEEPER_CONFORMANCE']
    make_network()
    print(f'{today()}, {shape(work)}', flush=True)
    if not args.no_rows:
        rows(work, args)
    holds = True
    if not args.no_movers:
        holds &= all_hold(movers_limits(work, args.rounds, args.seconds))
    if not args.no_limits:
        holds &= all_hold(many_files_limits(work, args.files))
    return 0 if holds else 1


sys.exit(main())
