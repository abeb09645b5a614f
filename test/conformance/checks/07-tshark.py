#!/usr/bin/python3
"""tshark as a second opinion: the same sessions of a kernel client and of libnfs with this server and with nfs-ganesha;
nothing malformed, and no remark of the dissectors that ganesha's packets do not earn as well."""
import collections
import os
import signal
import subprocess
import time

from ganesha import Ganesha
from guest import STEP, Guest, run
from steps import require
from world import check

FIELDS = ('_ws.expert.severity', '_ws.expert.message', '_ws.malformed', 'frame.protocols')
WARNING = 0x600000
MALFORMED = 'malformed packet'


class Capture:
    """tcpdump on an interface, as a context."""

    def __init__(self, world, interface, name):
        self.interface = interface
        self.path = os.path.join(world.folder, f'{name}-{interface}.pcap')

    def __enter__(self):
        log = self.path + '.log'
        with open(log, 'wb') as errors:
            self.dump = subprocess.Popen(['tcpdump', '-i', self.interface, '--immediate-mode', '-s', '0', '-B', '65536',
                                          '-w', self.path, 'tcp'], stderr=errors)
        deadline = time.monotonic() + 20
        while 'listening on' not in open(log).read():
            require(time.monotonic() < deadline, f'tcpdump does not start: {open(log).read()}')
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        time.sleep(0.5)
        self.dump.send_signal(signal.SIGINT)
        self.dump.wait(20)


def sessions(world, server, name):
    """Both clients' sessions, each under tcpdump; returns the captures' paths."""
    with Capture(world, 'br0', name) as kernel:
        guest = Guest([(server.source(), server.options(), '/mnt/share')], 'fsops.py', ['/mnt/share', 40, 2])
        for _ in guest.lines(quiet=STEP):
            pass
        guest.finish()
    source = os.path.join(world.folder, 'source')
    with open(source, 'wb') as file:
        file.write(os.urandom(300_000))
    with Capture(world, 'lo', name) as library:
        run('nfs-cp', source, server.url(name))
        run('nfs-ls', server.url(''))
        run('nfs-cat', server.url(name))
    return kernel.path, library.path


def decode_as(server):
    """tshark knows NFS by its RPC program once it takes the port for RPC."""
    return [word for port in {server.nfs_port, server.mount_port} for word in ('-d', f'tcp.port=={port},rpc')]


def remarks(path, server):
    """Counter of (severity, message) over RPC packets, and the number of NFS calls and replies seen."""
    command = ['tshark', '-r', path, *decode_as(server), '-Y', 'rpc || _ws.malformed', '-T', 'fields', '-E',
               'separator=\t', '-E', 'occurrence=a', '-E', 'aggregator=\x1f']
    for field in FIELDS:
        command += ['-e', field]
    found, frames = collections.Counter(), 0
    for line in run(*command, timeout=200).splitlines():
        severities, messages, malformed, protocols = line.split('\t')
        frames += 'nfs' in protocols.split(':')
        if malformed:
            found[MALFORMED] += 1
        for severity, message in zip(severities.split('\x1f'), messages.split('\x1f')):
            if severity and int(severity, 0) >= WARNING and not about_tcp(message):
                found[message] += 1
    return found, frames


def about_tcp(message):
    """Remarks on segments (windows, retransmissions) tell of the machine, not of the server's XDR."""
    return any(word in message for word in ('segment', 'indow', 'retransmission', 'ACK', 'eep-', 'RST', 'Connection'))


def verbose_scan(path, server):
    """The whole decoded text, as another route to the same: nothing may call itself malformed or unknown."""
    with subprocess.Popen(['tshark', '-r', path, *decode_as(server), '-Y', 'rpc', '-V'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, errors='replace') as reader:
        bad = [line.strip() for line in reader.stdout
               if 'Malformed' in line or 'Dissector bug' in line or 'Unknown procedure' in line]
    require(reader.returncode == 0, f'tshark ended with {reader.returncode}')
    require(not bad, f'{len(bad)} lines, first: {bad[:2]}')


def judge(world, server, name):
    """The steps of one server; returns its remarks."""
    step, total, frames = world.steps.step, collections.Counter(), 0
    for path in sessions(world, server, name):
        found, seen = remarks(path, server)
        total += found
        frames += seen
        step(f'{server.name}: nothing in the text of {os.path.basename(path)} is malformed', verbose_scan, path, server)
    print(f'# {server.name}: {frames} NFS packets, {dict(total)}')
    step(f'{server.name}: the captures hold the sessions', require, frames > 800, f'{frames} NFS packets')
    return total


def body(world):
    server = world.server()
    own = judge(world, server, 'own')
    server.stop()
    peer = judge(world, world.server('peer', kind=Ganesha), 'peer')
    new = {message: count for message, count in own.items() if message not in peer}
    world.steps.step('no remark that the peer does not earn', require, not new, str(new))
    world.steps.step('nothing malformed', require, MALFORMED not in own, str(dict(own)))


check(body)
