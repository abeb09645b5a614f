"""A real Linux kernel as the NFS client: user-mode Linux (Debian's user-mode-linux) on a tap device of this network
namespace. The guest's root is this machine's, read-only, so python3 and everything else installed here runs in it."""
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(os.path.dirname(HERE), 'guest')
SERVER_ADDRESS = '10.0.2.2'
SECOND_ADDRESS = '10.0.2.3'
BRIDGE_ADDRESS = '02:00:00:00:00:01'
SHARED_MODULES = ('steps.py', 'pattern.py', 'talk.py')
STEP = ('ok - ', 'not ok - ', 'skip - ')


def run(*command, **options):
    """Runs a command to its end; raises with its output when it fails. Returns standard output as text."""
    options.setdefault('timeout', 120)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        text = (done.stderr + done.stdout).decode(errors='replace').strip()
        raise RuntimeError(f'{shlex.join(command)}: exit {done.returncode}: {text[-500:]}')
    return done.stdout.decode(errors='replace')


def make_network():
    """The bridge that servers and guests share. The check runs in a network namespace of its own (see `run`)."""
    if 'LOCKKEEPER_CONFORMANCE' not in os.environ:
        raise RuntimeError('checks are started by test/conformance/run, each in namespaces of its own')
    run('ip', 'link', 'set', 'lo', 'up')
    # Of its own: else it is that of some guest's tap, and with that comes and goes what other guests know it by.
    run('ip', 'link', 'add', 'br0', 'address', BRIDGE_ADDRESS, 'type', 'bridge', 'forward_delay', '0')
    for address in (SERVER_ADDRESS, SECOND_ADDRESS):
        run('ip', 'addr', 'add', f'{address}/24', 'dev', 'br0')
    run('ip', 'link', 'set', 'br0', 'up')


class Guest:
    """One guest. `mounts`: (source, options, folder) triples; `script`: a file of guest/, run with `arguments`.
    Guests that run at the same time need different `index`es (1 to 99): address and host name come from it. `locks`: with
    what it needs to lock files at the server; its records of whom to tell after a restart are in the folder of that
    name, which a guest of the same index finds again."""

    def __init__(self, mounts, script, arguments=(), index=1, mem_mib=512, deadline_s=1140, locks=None):
        self.tap = f'tap{index}'
        self.folder = tempfile.mkdtemp(prefix='guest-')
        self.job = os.path.join(self.folder, 'job')
        shutil.copytree(GUEST, self.job)
        for module in SHARED_MODULES:
            shutil.copy(os.path.join(HERE, module), self.job)
        shutil.copy(os.path.join(self.job, script), os.path.join(self.job, 'script'))
        os.chmod(os.path.join(self.job, 'script'), 0o755)
        self._write('mounts', ''.join(f'{s} {o} {f}\n' for s, o, f in mounts))
        quoted = shlex.quote(shlex.join(str(a) for a in arguments))
        self._write('env', f'NAME=c{index} HOSTIP={SERVER_ADDRESS} MYIP=10.0.2.{15 + index}\n'
                           f'ARGUMENTS={quoted} LOCKS={shlex.quote(locks or "")}\n')
        run('ip', 'tuntap', 'add', 'dev', self.tap, 'mode', 'tap')
        run('ip', 'link', 'set', self.tap, 'master', 'br0')
        run('ip', 'link', 'set', self.tap, 'up')
        self._boot(mem_mib, deadline_s)

    def _write(self, name, text):
        with open(os.path.join(self.job, name), 'w') as file:
            file.write(text)

    def _boot(self, mem_mib, deadline_s):
        out, out_end = os.pipe()
        status_path = os.path.join(self.folder, 'status')
        self.console_path = os.path.join(self.folder, 'console')
        status = os.open(status_path, os.O_WRONLY | os.O_CREAT)
        console = os.open(self.console_path, os.O_WRONLY | os.O_CREAT)
        self.process = subprocess.Popen(
            ['linux.uml', f'mem={mem_mib}M', f'umid={os.path.basename(self.folder)}', f'uml_dir={self.folder}/',
             'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', f'init={self.job}/init', f'JOB={self.job}',
             'raid=noautodetect', 'printk.time=1', 'con=null', f'con0=null,fd:{console}', 'ssl=null',
             f'ssl0=null,fd:{out_end}', f'ssl1=null,fd:{status}',
             f'vec0:transport=tap,ifname={self.tap},depth=64,gro=1'],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, pass_fds=(out_end, status, console),
            start_new_session=True)
        for fd in (out_end, status, console):
            os.close(fd)
        self.output = os.fdopen(out, 'rb')
        self.timer = threading.Timer(deadline_s, self.kill)
        self.timer.daemon = True
        self.timer.start()

    def lines(self, quiet='\n'):
        """Yields the guest's output line by line (text). Steps are also printed as they are, the rest with `# `; lines
        that begin with `quiet` (a string or several) are not."""
        for raw in self.output:
            line = raw.decode(errors='replace').rstrip('\r\n')
            if not line.startswith(quiet):
                # In one piece: other guests print too.
                print(f'{line}\n' if line.startswith(STEP) else f'# {line}\n', end='', flush=True)
            yield line

    def finish(self):
        """Waits for the end; returns the script's exit status. Raises when the guest or a mount failed."""
        for _ in self.lines():
            pass
        self.process.wait()
        self.timer.cancel()
        with open(os.path.join(self.folder, 'status')) as file:
            words = file.read().split()
        subprocess.run(['ip', 'link', 'del', self.tap], check=False)
        if len(words) < 2 or words[0] != 'RC':
            with open(self.console_path, errors='replace') as file:
                tail = file.read()[-2000:]
            raise RuntimeError(f'the guest died or ran out of time (status {self.process.returncode}): {tail}')
        if words[1] in ('124', '125'):
            raise RuntimeError('a mount failed' if words[1] == '124' else 'the guest did not come up')
        shutil.rmtree(self.folder, ignore_errors=True)
        return int(words[1])

    def kill(self):
        """Power off, as a crash would: nothing is written back."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def die(self):
        """As `kill`, and nothing is left of it: another guest may have its index."""
        self.kill()
        self.process.wait()
        self.timer.cancel()
        self.output.close()
        subprocess.run(['ip', 'link', 'del', self.tap], check=False)


def run_guest(*positional, **named):
    """Boots, runs, waits. The script's own steps tell what failed in it, so statuses 0 and 1 are fine here."""
    status = Guest(*positional, **named).finish()
    if status not in (0, 1):
        raise RuntimeError(f'the guest script ended with status {status}')
    return None
