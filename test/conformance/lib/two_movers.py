"""What the checks of two data movers of one volume share."""
import threading

from guest import Guest
from meeting import PORT, Meeting
from server import Lockkeeper, TwoMovers, kill
from steps import Skip, equal, require

DEADLINE_S = 240
LEASE = '20s'


def start_two(world):
    """Two movers of one volume, started. Skips the check where the server under test cannot do that."""
    if world.kind is not Lockkeeper:
        raise Skip('one server of this kind cannot be two data movers')
    # A mover that a busy machine leaves no time must not be taken for a stuck one.
    return world.server(kind=TwoMovers, settings={'timing': {'lease': LEASE}})


def guests(server, script, arguments, **options):
    """A guest at each mover, by the mover's name; `arguments(name)` are those of its script."""
    return {name: Guest([(server.source(address=address), server.options('actimeo=0'), '/mnt/share')], script,
                        arguments(name), index=index, deadline_s=DEADLINE_S, **options)
            for index, (name, address) in enumerate(server.movers.items(), 1)}


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
    """Kills the mover `name` whenever a client is half-way through one of `halves`, after which all must serve again
    before the clients' next step."""

    def __init__(self, server, name, halves):
        self.server, self.name, self.halves = server, name, halves
        self.pid = server.await_all()[name]['pid']
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
                self.pid = self.server.await_all()[self.name]['pid']

    def all_came(self):
        equal(self.kills, len(self.halves), 'kills')
        return f'{self.kills} kills'


def two_clients(world, server, killer=None):
    """A kernel client at each mover, both in one folder; see guest/two.py."""
    if killer is None:
        Meeting()
    else:
        Meeting(killer.half, killer.before_release)
    finish(world, guests(server, 'two.py', lambda name: ['/mnt/share', name, PORT]))
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
