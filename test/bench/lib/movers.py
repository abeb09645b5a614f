"""Two movers of one host that serve one volume: what a client pays for being at the secondary, how fast both write one
file, what a second mover adds, what locks cost, and how long a mover's clients wait when the other one dies."""
import os
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from limits import Limit
from load import Load, Row, in_turn, median, number
from locks import handoff, held_locks
from nfs3 import NFS, UNSTABLE, client
from rpc import RpcConnection, call_message
from server import TwoMovers, kill
from xdr import Packer

FILE_MIB = 64
WARM = (Row('getattr', 'getattr'), Row('lookup', 'lookup'), Row('read 4 KiB, random', 'randread'))
WARM_DEPTH = 64
WARM_UP = ','.join(['seqread:q=4', *(f'{row.workload}:q={WARM_DEPTH}' for row in WARM)])
WARM_LIMIT = 1.05
TURNS = 3  # a round: what is compared differs less than one run from the next
COLD_FILES = 200  # a mover and round
COLD_WARM_UP = 3000  # a mover
COLD_SEED = 1
COLD_LIMIT = 1.5
SHARED_WRITES_LIMIT = 5000
AGGREGATE_LIMIT = 1.5
OUTAGE_LIMIT_S = 2
KILL_AFTER_S = 1.5
OUTAGE_RUN_S = 5


class Movers:
    """The running server, a load at each mover, and one whose connections alternate between both."""

    def __init__(self, folder):
        self.server = TwoMovers(folder, size='4GiB', settings={'cache': {'perMover': '512MiB'}})
        self.server.start()
        self.connect()
        for load in self.loads():
            load.run('-r', '1', '-t', '0.1', '-w', 'null')

    def connect(self):
        """The loads count CPU time by process: to be called whenever a mover has another one."""
        server, serving = self.server, self.server.await_all()
        self.load = {name: Load(server, FILE_MIB, [address], serving[name]['pid'])
                     for name, address in server.movers.items()}
        self.both = Load(server, FILE_MIB, list(server.movers.values()))

    def loads(self):
        return [self.load[self.server.PRIMARY], self.load[self.server.SECONDARY]]

    def restart(self):
        self.server.stop()
        self.server.start()
        self.connect()


def warm_up(movers):
    """Until the movers' code has been compiled, and the files of the loads are in their memory. It takes two turns to get
    there: what the secondary first reads, the primary drops that has written it."""
    for turn in range(2):
        for load in in_turn(movers.loads(), turn):
            load.run('-r', '1', '-t', '1', '-w', WARM_UP)


def warm(movers, rounds, seconds):
    """CPU time of a call that the mover answers from memory."""
    warm_up(movers)
    for row in WARM:
        results = {load: [] for load in movers.loads()}
        for turn in range(TURNS * rounds):
            for load in in_turn(movers.loads(), turn):
                results[load].append(load.measure_row(row, WARM_DEPTH, seconds))
        primary, secondary = (results[load] for load in movers.loads())
        # Turn by turn: what disturbs the machine for a while disturbs both.
        ratio = statistics.median(theirs['cpu_us'] / ours['cpu_us'] for ours, theirs in zip(primary, secondary))
        yield Limit(f'{row.title}, q{WARM_DEPTH}: CPU of the secondary to the primary\'s', f'{ratio:.3f}',
                    f'{WARM_LIMIT:g}', ratio <= WARM_LIMIT,
                    f'{number(median(secondary, "cpu_us"))} and {number(median(primary, "cpu_us"))} µs')


def cold_reads(server, count):
    """Calls that read the first block of so many new files, in an order that spreads any few of them over the volume."""
    nfs, root = client(server)
    folder = nfs.mkdir(root, 'cold')
    calls = []
    for index in range(count):
        handle = nfs.create(folder, f'f{index}')
        nfs.write(handle, 0, bytes(4096), UNSTABLE)
        arguments = Packer().opaque(handle).u64(0).u32(4096).bytes()
        calls.append(call_message(index, NFS, 3, 6, arguments, nfs.connection.credential))
    random.Random(COLD_SEED).shuffle(calls)
    return calls


def cpu_s(pid):
    """CPU time of a whole process, in nanoseconds' grain, where `stat` has ticks (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


class ColdReads:
    """Calls at one mover, one after the other: median seconds of one, and CPU seconds that each mover has spent on one."""

    def __init__(self, server, address):
        self.connection = RpcConnection((address, server.nfs_port))
        self.connection.connect()
        self.pids = {name: mover['pid'] for name, mover in server.await_all().items()}
        self.times, self.cpu = [], {name: [] for name in self.pids}

    def run(self, calls):
        before = {name: cpu_s(pid) for name, pid in self.pids.items()}
        times = []
        for call in calls:
            begin = time.perf_counter()
            self.connection.socket.sendall(call)
            record = self.connection.read_record()
            times.append(time.perf_counter() - begin)
            if len(record) < 4096:
                raise RuntimeError('a cold read got no data')
        self.times.append(statistics.median(times))
        for name, pid in self.pids.items():
            self.cpu[name].append((cpu_s(pid) - before[name]) / len(calls))

    def micros(self, rounds, mover=None):
        """Of the last rounds: the time of a call, or CPU time of a mover for one."""
        return statistics.median((self.times if mover is None else self.cpu[mover])[-rounds:]) * 1e6


def cold(movers, rounds):
    """The first read of a file, of which a mover has no page, and the secondary no token either: at movers that were started
    after all files were made. What is measured comes behind other calls and many such reads at both: they get the code
    compiled, which is most of what new processes do, and the volume's tree into the primary's memory."""
    server = movers.server
    calls = iter(cold_reads(server, 2 * (COLD_WARM_UP + COLD_FILES * rounds)))
    movers.restart()
    warm_up(movers)
    reads = {name: ColdReads(server, address) for name, address in server.movers.items()}
    for turn in range(COLD_WARM_UP // COLD_FILES + rounds):
        for one in in_turn(list(reads.values()), turn):
            one.run([next(calls) for _ in range(COLD_FILES)])
    primary, secondary = server.PRIMARY, server.SECONDARY
    ours, theirs = reads[primary].micros(rounds, primary), reads[secondary].micros(rounds, secondary)
    yield Limit('first read of a file, 4 KiB, q1: CPU of the secondary to the primary\'s', f'{theirs / ours:.2f}',
                f'{COLD_LIMIT:g}', theirs <= COLD_LIMIT * ours,
                f'{number(theirs)} and {number(ours)} µs; at the primary {number(reads[secondary].micros(rounds, primary))} µs '
                'for one at the secondary')
    ours, theirs = reads[primary].micros(rounds), reads[secondary].micros(rounds)
    yield Limit('first read of a file, 4 KiB, q1: time at the secondary to the primary\'s', f'{theirs / ours:.2f}',
                f'{COLD_LIMIT:g}', theirs <= COLD_LIMIT * ours, f'{number(theirs)} and {number(ours)} µs')
    for one in reads.values():
        one.connection.close()


def shared_file(movers, rounds, seconds):
    """Writes of two clients, one at each mover, to blocks of one file in turn."""
    def rate(workload):
        return median([movers.both.run('-r', '1', '-t', str(seconds), '-w', f'{workload}:q=1:c=2')[0]
                       for _ in range(rounds)], 'ops_s')
    writes = rate('turnwrite')
    yield Limit('writes of two movers to one file, 4 KiB below its end, q1 each', f'{number(writes)} /s',
                f'{SHARED_WRITES_LIMIT:,} /s', writes >= SHARED_WRITES_LIMIT)
    yield Limit('appends of two movers to one file, 4 KiB, q1 each', f'{number(rate("turnappend"))} /s')


def aggregate(movers, rounds, seconds):
    """What a second mover adds when clients have one request each under way."""
    def rate(loads):
        with ThreadPoolExecutor() as pool:
            return sum(result['ops_s'] for result in pool.map(lambda load: load.measure('randread', 1, seconds), loads))
    rates = {1: [], 2: []}
    for turn in range(TURNS * rounds):
        for count in in_turn(list(rates), turn):
            rates[count].append(rate(movers.loads()[:count]))
    one, two = (statistics.median(rates[count]) for count in rates)
    yield Limit('read 4 KiB, random, q1: a client at each of two movers to one client', f'{two / one:.2f}',
                f'{AGGREGATE_LIMIT:g}', two >= AGGREGATE_LIMIT * one,
                f'{number(two)} and {number(one)} /s; {os.cpu_count()} cores for clients and movers')


def outage_s(movers, killed, survivor):
    """The longest that a reading and a writing client at one mover wait for a reply while the other one is killed."""
    pid = movers.server.await_all()[killed]['pid']
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(movers.load[survivor].measure, workload, 1, OUTAGE_RUN_S)
                   for workload in ('randread', 'randwrite')]
        time.sleep(KILL_AFTER_S)
        kill(pid)
        return max(run.result()['max_us'] for run in running) / 1e6


def outage(movers, rounds):
    """The worst of all rounds: who waits too long once has waited too long. A mover dies once in the life of a supervisor,
    who would wait longer each time before he starts it again."""
    primary, secondary = movers.server.PRIMARY, movers.server.SECONDARY
    waits = {'secondary': [], 'primary': []}
    for _ in range(rounds):
        movers.restart()
        waits['secondary'].append(outage_s(movers, secondary, primary))
        waits['primary'].append(outage_s(movers, primary, secondary))
    for role, all_s in waits.items():
        worst = max(all_s)
        yield Limit(f'longest wait for a reply at the other mover after kill -9 of the {role}', f'{worst:.2f} s',
                    f'{OUTAGE_LIMIT_S:g} s', worst <= OUTAGE_LIMIT_S)


def movers_limits(folder, rounds, seconds):
    """All of it, as it comes."""
    movers = Movers(os.path.join(folder, 'movers'))
    yield from warm(movers, rounds, seconds)
    yield from aggregate(movers, rounds, seconds)
    yield from shared_file(movers, rounds, seconds)
    yield from handoff(movers, rounds, seconds)
    yield from held_locks(movers)
    yield from cold(movers, rounds)
    yield from outage(movers, rounds)
    movers.server.await_all()
    movers.server.stop()
    movers.server.check_offline()
