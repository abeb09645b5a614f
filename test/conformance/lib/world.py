"""What every check starts with: its network, its folder, its server, its steps."""
import os
import sys
import traceback

from ganesha import Ganesha
from guest import make_network
from server import Lockkeeper
from steps import NOTE, Skip, Steps, one_line

KINDS = {'lockkeeper': Lockkeeper, 'ganesha': Ganesha}


class World:
    """`folder` is emptied by the runner after the check; `kind` is the class of the server under test."""

    def __init__(self):
        self.folder = os.environ['LOCKKEEPER_CONFORMANCE']
        self.kind = KINDS[os.environ.get('CONFORMANCE_SERVER', 'lockkeeper')]
        self.steps = Steps()
        self.servers = []

    def server(self, name='server', kind=None, **options):
        """A server of its own folder, started; whatever still runs at the end of the check is stopped then."""
        server = (kind or self.kind)(os.path.join(self.folder, name), **options)
        self.servers.append(server)
        server.start()
        return server


def check(body):
    """Runs `body(world)` as the program. An exception fails the check; a Skip skips it (status 77)."""
    make_network()
    world = World()
    try:
        body(world)
        for server in world.servers:
            if server.process is not None and server.process.poll() is None:
                world.steps.step(f'{server.name} stops on SIGTERM', server.stop)
    except Skip as reason:
        print(f'skip - {reason}', flush=True)
        sys.exit(77)
    except BaseException:
        world.steps.failed += 1
        print(f'not ok - the check was broken off{NOTE}{one_line(traceback.format_exc(limit=-3), 2000)}', flush=True)
    if world.steps.failed:
        for server in world.servers:
            print(f'# {server.name}:', *server.log_tail(4000).splitlines(), sep='\n#   ', flush=True)
    world.steps.finish()
