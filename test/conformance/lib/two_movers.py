"""What the checks of two data movers of one volume share."""
from server import Lockkeeper, TwoMovers
from steps import Skip, equal


def start_two(world):
    """Two movers of one volume, started. Skips the check where the server under test cannot do that."""
    if world.kind is not Lockkeeper:
        raise Skip('one server of this kind cannot be two data movers')
    return world.server(kind=TwoMovers)


def sound_and_silent(world, server, expected=()):
    """Stops the movers; the volume must be sound, and their log free of complaints other than `expected` (regular
    expressions)."""
    world.steps.step('the movers stop on SIGTERM', server.stop)
    world.steps.step('the volume is sound', server.check_offline)
    world.steps.step('the movers complain of nothing else', lambda: equal(server.complaints(expected), []))
