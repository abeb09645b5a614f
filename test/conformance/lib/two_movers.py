"""What the checks of two data movers of one volume share."""
import os
import threading

from guest import Guest
from meeting import PORT, Meeting
from server import Lockkeeper, TwoMovers, kill
from steps import Skip, equal, require

DEADLINE_S = 240
LEASE = '20s'
GRACE = '10s'


def start_two(world, **options):
    """Two movers of one volume, started. Skips the check where the server under test cannot do that."""
    if world.kind is not Lockkeeper:
        raise Skip('one server of this kind cannot be two data movers')
    # A mover that a busy machine leaves no time must not be taken for a stuck one.
    return world.server(kind=TwoMovers, settings={'timing': {'lease': LEASE, 'grace': GRACE}}, **options)


def start_two_with_locks(world):
    """As `start_two`, for clients that lock files: they ask the portmapper at its usual port where that is done."""
    return start_two(world, portmap=111)


def guest(server, name, script, arguments, locks=False, **options):
    """A guest at the mover `name`. `locks`: it locks files there."""
    index, address = next((index, one) for index, (other, one) in enumerate(server.movers.items(), 1) if other == name)
    mount = (server.source(address=address), server.options('actimeo=0', locks=locks), '/mnt/share')
    folder = os.path.join(server.folder, f'monitor-{name}') if locks else None
    if folder is not None:
        os.makedirs(folder, exist_ok=True)
    return Guest([mount], script, arguments, index=index, deadline_s=DEADLINE_S, locks=folder, **options)


def guests(server, script, arguments, locks=False, **options):
    """A guest at each mover, by the mover's name; `arguments(name)` are those of its script."""
    return {name: guest(server, name, script, arguments(name), locks, **options) for name in server.movers}


def finish(world, running, at_end=None):
    """Waits for guests, and calls `at_end[name]` when that one has ended; their own steps tell what failed in them."""
    statuses = {}

    def finish_one(name, guest):
        try:
            statuses[name] = guest.finish()
        except RuntimeError as error:
            statuses[name] = str(error)
        (at_end or {}).get(name, lambda: None)()
    threads = [threading.Thread(target=finish_one, args=pair) for pair in running.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.steps.step('both clients end well', equal, statuses, {name: 0 for name in running})


class Killer:
    """Kills the mover that is `role` then whenever a client is half-way through one of `halves`, after which all must serve
    again before the clients' next step."""

    def __init__(self, server, role, halves):
        self.server, self.role, self.halves = server, role, halves
        self.pid = server.pid_of(role)
        self.kills = 0
        self.lock = threading.Lock()

    def half(self, step):
        with self.lock:
            if step in self.halves and self.pid is not None:
                kill(self.pid)
                self.pid = None
                self.kills += 1

    def before_release(self):
        with self.lock:
            if self.pid is None:
                self.pid = self.server.pid_of(self.role)

    def all_came(self):
        equal(self.kills, len(self.halves), 'kills')
        return f'{self.kills} kills'


def two_clients(world, server, killer=None, script='two.py', locks=False):
    """A kernel client at each mover, both in one folder; see guest/two.py and, with locks, guest/locks.py."""
    if killer is None:
        Meeting()
    else:
        Meeting(killer.half, killer.before_release)
    finish(world, guests(server, script, lambda name: ['/mnt/share', name, PORT], locks))
    if killer is not None:
        world.steps.step('every kill came', killer.all_came)


def sound_and_silent(world, server, expected=()):
    """Stops the movers; the volume must be sound, and their log free of complaints other than `expected` (regular
    expressions)."""
    world.steps.step('the movers stop on SIGTERM', server.stop)
    world.steps.step('the volume is sound', server.check_offline)

    def silent():
        complaints = server.complaints(expected)
        require(not complaints, ' / '.join(complaints))
    world.steps.step('the movers complain of nothing else', silent)
