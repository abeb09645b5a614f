"""The server under test: Lockkeeper by its documented command, or nfs-ganesha as the reference that tells a fault of a
check from a fault of the server. Both sit at SERVER_ADDRESS in this check's own network namespace; a second data mover of
Lockkeeper sits at SECOND_ADDRESS."""
import json
import os
import re
import signal
import socket
import subprocess
import time

from guest import SECOND_ADDRESS, SERVER_ADDRESS, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
START_S = 30
WARNING = 40  # level of the log's records
STOP_S = 70


class Export:
    """`subtree` is a folder of the volume; `squash` none, root or all; `access` rw or ro."""

    def __init__(self, path='/share', subtree='/', access='rw', squash='none'):
        self.path, self.subtree, self.access, self.squash = path, subtree, access, squash


class Server:
    """What the checks use of either server. `folder` holds its configuration, log and store."""
    nfs_port = 2049
    mount_port = 2049
    nlm_port = 2049
    process = None
    exact_listings = True  # nothing follows the last field of a READDIR reply
    remembers_replies = True  # a call sent again after a crash gets its first answer

    def __init__(self, folder, exports=None):
        self.folder = folder
        self.exports = exports or [Export()]
        os.makedirs(folder, exist_ok=True)
        self.log_path = os.path.join(folder, 'server.log')

    def source(self, export='/share', address=SERVER_ADDRESS):
        return f'{address}:{export}'

    def options(self, *extra, locks=False):
        """Options of mount.nfs for a mount without the portmapper, and without locks at the server unless `locks`."""
        return ','.join(['vers=3', 'proto=tcp', 'mountproto=tcp', f'port={self.nfs_port}',
                         f'mountport={self.mount_port}', *([] if locks else ['nolock']), *extra])

    def url(self, path, export='/share', address=SERVER_ADDRESS):
        """The URL of libnfs' tools."""
        return (f'nfs://{address}{export}/{path}'
                f'?version=3&nfsport={self.nfs_port}&mountport={self.mount_port}')

    def _launch(self, command, **options):
        with open(self.log_path, 'ab') as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)

    def _await_port(self, address=SERVER_ADDRESS):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f'the server ended with status {self.process.returncode}: {self.log_tail()}')
            try:
                socket.create_connection((address, self.nfs_port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f'the server did not listen on {address}:{self.nfs_port} within {START_S} s: {self.log_tail()}')

    def await_mover(self):
        """Waits until the port answers again after a mover was killed."""
        self._await_port()

    def stop(self):
        """SIGTERM and wait; a status other than 0 is a failure."""
        self.process.terminate()
        status = self.process.wait(STOP_S)
        if status != 0:
            raise RuntimeError(f'the server ended with status {status} after SIGTERM: {self.log_tail()}')

    def log_tail(self, size=1500):
        with open(self.log_path, errors='replace') as log:
            return log.read()[-size:]

    def pids(self):
        """The server's processes."""
        return [self.process.pid, *children_of(self.process.pid)]

    def rss_mib(self):
        """Resident memory of all its processes."""
        return sum(status_field(pid, 'VmRSS') for pid in self.pids()) / 1024

    def kill_all(self):
        """kill -9 of every process at once; they are gone then."""
        pids = self.pids()
        for pid in reversed(pids):
            kill(pid)
        self.process.wait(STOP_S)
        await_gone(pids)


def children_of(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as file:
            direct = [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []
    return direct + [pid for child in direct for pid in children_of(child)]


def status_field(pid, name):
    try:
        with open(f'/proc/{pid}/status') as file:
            return next((int(line.split()[1]) for line in file if line.startswith(f'{name}:')), 0)
    except FileNotFoundError:
        return 0


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def await_gone(pids):
    """Until no thread is left of processes that were killed: until then their ports take connections, only to reset them."""
    deadline = time.monotonic() + STOP_S
    for pid in pids:
        while is_running(pid):
            if time.monotonic() >= deadline:
                raise RuntimeError(f'process {pid} is still there {STOP_S} s after it was killed')
            time.sleep(0.002)


def is_running(pid):
    """False for a process that is gone, or only waits for its parent to notice."""
    try:
        with open(f'/proc/{pid}/stat') as file:
            state = file.read().rpartition(') ')[2][0]
        return state != 'Z' or len(os.listdir(f'/proc/{pid}/task')) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


class Lockkeeper(Server):
    name = 'lockkeeper'
    volume = 'share'
    movers = {'a': SERVER_ADDRESS}

    def __init__(self, folder, exports=None, device=None, size='8GiB', portmap=0, settings=None):
        super().__init__(folder, exports)
        self.config_path = os.path.join(folder, 'config.yaml')
        self.device = device or os.path.join(folder, 'share.img')
        self.size, self.portmap, self.settings = size, portmap, settings or {}

    def write_config(self):
        """JSON is YAML; every key that is left out has its default."""
        volume = {'name': self.volume, 'device': self.device}
        if not self.device.startswith('/dev/'):
            volume['size'] = self.size
        config = {
            'stateDir': os.path.join(self.folder, 'state'),
            'volumes': [volume],
            'movers': [{'name': name, 'address': address, 'nfs': self.nfs_port, 'portmap': self.portmap}
                       for name, address in self.movers.items()],
            'exports': [{'path': e.path, 'volume': self.volume, 'subtree': e.subtree,
                         'clients': [{'match': '10.0.2.0/24', 'access': e.access, 'squash': e.squash}]}
                        for e in self.exports],
            **self.settings,
        }
        with open(self.config_path, 'w') as file:
            json.dump(config, file, indent=2)

    def command(self, *words):
        """The documented command line, with this server's configuration."""
        return ['node', os.path.join(ROOT, 'mover/cli/lockkeeper.ts'), *words, '--config', self.config_path]

    def cli(self, *words, **options):
        """Runs a command to its end; raises with its output unless it succeeded."""
        return run(*self.command(*words), cwd=ROOT, **options)

    def cli_status(self, *words):
        """(exit status, output) of a command that may fail."""
        done = subprocess.run(self.command(*words), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120)
        return done.returncode, done.stdout.decode(errors='replace')

    def start(self):
        self.write_config()
        self.process = self._launch(self.command('up'), cwd=ROOT)
        for address in self.movers.values():
            self._await_port(address)

    def mover_pids(self):
        found = children_of(self.process.pid)
        if not found:
            raise RuntimeError('the supervisor has no mover process')
        return found

    def kill_mover(self):
        """kill -9 of the mover, which is gone then; its supervisor starts the next one."""
        pids = self.mover_pids()
        for pid in pids:
            kill(pid)
        await_gone(pids)

    def kill_supervisor(self):
        """kill -9 of the supervisor alone: its mover has to end by itself."""
        movers = self.mover_pids()
        kill(self.process.pid)
        self.process.wait(STOP_S)
        return movers

    def check_offline(self):
        """`check` of the stopped volume: raises with its findings unless it is clean; returns what it counted."""
        return ', '.join(' '.join(line.split()) for line in self.cli('check', self.volume).splitlines())

    def complaints(self, expected=()):
        """Warnings and errors of the log so far, without those in which one of `expected` (regular expressions) is found."""
        found = []
        with open(self.log_path, errors='replace') as log:
            for line in log:
                if not line.startswith('{'):
                    continue  # `up` tells people how to mount
                record = json.loads(line)
                text = f"{record['name']}: {record['msg']}"
                if record['level'] >= WARNING and not any(re.search(one, text) for one in expected):
                    found.append(text)
        return found


class TwoMovers(Lockkeeper):
    """Two data movers of one volume, whose primary is PRIMARY until that dies."""
    movers = {'a': SERVER_ADDRESS, 'b': SECOND_ADDRESS}
    PRIMARY, SECONDARY = 'a', 'b'

    def start(self):
        super().start()
        roles = {name: mover['roles'][0]['role'] for name, mover in self.await_all().items()}
        if roles != {self.PRIMARY: 'primary', self.SECONDARY: 'secondary'}:
            raise RuntimeError(f'the movers are {roles}')

    def pid_of(self, role):
        """The process of the mover that is 'primary' or 'secondary' now, all movers serving."""
        return next(mover['pid'] for mover in self.await_all().values() if mover['roles'][0]['role'] == role)

    def await_all(self):
        """Waits until all movers serve; returns what `status` says of each, by name."""
        deadline = time.monotonic() + START_S
        while True:
            # A supervisor that starts does not answer at once, and killed movers hold their ports for a moment.
            status, output = self.cli_status('status', '--json')
            movers = {mover['name']: mover for mover in json.loads(output)['movers']} if status == 0 else {}
            if movers and all(mover['state'] == 'serving' for mover in movers.values()):
                return movers
            if time.monotonic() > deadline:
                raise RuntimeError(f'the movers do not serve: {output}')
