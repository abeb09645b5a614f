#!/usr/bin/python3
"""Every procedure of the programs beside NFS, over TCP and UDP, as others see it: rpcinfo and showmount, libtirpc, and tshark,
which must read in each call and each answer, our own calls back among them, what was meant."""
import collections
import os
import signal
import subprocess
import time

from fields import opaque, packed, same, shown, u32
from guest import SERVER_ADDRESS, run
from lock_host import Datagrams, LockHost, Stream
from nfs3 import client, mount
from rpc import RpcConnection
from server import Lockkeeper
from small_programs import COOKIE, LOCK, MESSAGE, MOUNT, NLM, UNLOCK, Locks, mount_rows, nsm_rows, portmap_rows
from steps import Skip, equal, require
from tirpc_calls import portmapper_list, rpcbind
from world import check
from xdr import Unpacker

PEER = '10.0.2.4'
PORT = 2049
PROGRAMS = {100000: (2, 3, 4), 100003: (3,), 100005: (1, 3), 100021: (1, 3, 4), 100024: (1,)}
OVER = {'tcp': '-t', 'udp': '-u'}
NOT_OVER_UDP = 100003
DECODE = [word for protocol in OVER for word in ('-d', f'{protocol}.port=={PORT},rpc')]


class Capture:
    """All that goes over the loopback interface, as a context."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'capture.pcap')

    def __enter__(self):
        log = self.path + '.log'
        with open(log, 'wb') as errors:
            self.dump = subprocess.Popen(['tcpdump', '-i', 'lo', '--immediate-mode', '-s', '0', '-w', self.path],
                                         stderr=errors)
        deadline = time.monotonic() + 20
        while 'listening on' not in open(log).read():
            require(time.monotonic() < deadline, f'tcpdump does not start: {open(log).read()}')
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        time.sleep(0.5)
        self.dump.send_signal(signal.SIGINT)
        self.dump.wait(20)


class Talk:
    """Makes calls over TCP and UDP, and remembers what was to be seen of each: (program, version, procedure, is an answer)
    and the fields."""

    def __init__(self):
        self.connections = {'tcp': Stream(PEER, (SERVER_ADDRESS, PORT)), 'udp': Datagrams(PEER, (SERVER_ADDRESS, PORT))}
        self.portmappers = {'tcp': Stream(PEER, (SERVER_ADDRESS, 111)), 'udp': Datagrams(PEER, (SERVER_ADDRESS, 111))}
        self.meant = []

    def note(self, program, version, procedure, is_answer, values):
        self.meant.append(((program, version, procedure, is_answer), shown(values)))

    def ask(self, transport, row):
        to = self.portmappers if row.program == 100000 else self.connections
        reply = to[transport].call(row.program, row.version, row.procedure, packed(row.arguments))
        what = (row.program, row.version, row.procedure)
        self.note(*what, False, row.arguments)
        self.note(*what, True, row.results)
        equal(reply.data[reply.position:].hex(), packed(row.results).hex(), f'{what} over {transport}')

    def came(self, host, transport, version, procedure, values):
        """The next call back is this one; of its cookie it is only known whether it is the caller's."""
        got = host.next_call()
        equal(got[:3], (transport, version, procedure))
        cookie = Unpacker(got[3]).opaque()
        values = [opaque(cookie, 'nlm.cookie'), *values]
        equal(got[3].hex(), packed(values).hex(), f'call back {procedure}')
        self.note(NLM, version, procedure, False, values)
        self.note(NLM, version, procedure, True,
                  [opaque(cookie, 'nlm.cookie'), u32(0, 'nlm.stat')] if procedure == 5 else [])
        return cookie


def lock_programs(talk, host, transport, handle):
    for version in PROGRAMS[NLM]:
        locks = Locks(version, handle)
        for row in locks.rows():
            talk.ask(transport, row)
        for row, procedure, values in locks.messages():
            talk.ask(transport, row)
            equal(talk.came(host, transport, version, procedure, values), COOKIE, 'cookie')
        granted = [u32(1, 'nlm.exclusive'), *locks.alock(2)]
        talk.ask(transport, locks.call(LOCK, 2, 3, block=1))
        talk.ask(transport, locks.call(UNLOCK, 1, 0))
        talk.came(host, transport, version, 5, granted)
        talk.ask(transport, locks.call(UNLOCK, 2, 0))
        talk.ask(transport, locks.call(LOCK, 1, 0))
        talk.ask(transport, locks.message(LOCK, 2, block=1))
        talk.came(host, transport, version, LOCK + 10, locks.status(3))
        talk.ask(transport, locks.call(UNLOCK, 1, 0))
        cookie = talk.came(host, transport, version, 5 + MESSAGE, granted)
        heard = locks.row(5 + 10, locks.status(0), ())
        heard.arguments[0] = opaque(cookie, 'nlm.cookie')
        talk.ask(transport, heard)
        talk.ask(transport, locks.call(UNLOCK, 2, 0))


def shown_by_tshark(path, fields):
    """Of each RPC message in the capture: ((program, version, procedure, is an answer), {field: words}, what is malformed)."""
    heads = ['rpc.program', 'rpc.programversion', 'rpc.procedure', 'rpc.msgtyp', '_ws.malformed']
    command = ['tshark', '-r', path, *DECODE, '-Y', 'rpc', '-T', 'fields', '-E', 'separator=\t', '-E', 'occurrence=a',
               '-E', 'aggregator=\x1f']
    for field in (*heads, *fields):
        command += ['-e', field]
    for line in run(*command, timeout=100).splitlines():
        program, version, procedure, kind, malformed, *words = line.split('\t')
        found = {field: word.split('\x1f') for field, word in zip(fields, words) if word}
        yield (program, version, procedure, kind), found, malformed


def compare(talk, path):
    """Each message that was meant is in the capture, and shows what was meant."""
    fields = sorted({field for _, values in talk.meant for field in values})
    seen, malformed = collections.defaultdict(list), 0
    for head, found, bad in shown_by_tshark(path, fields):
        malformed += bool(bad)
        # tshark names a version twice, other things only where a packet holds several messages.
        if '\x1f' not in head[3]:
            program, version, procedure, kind = (int(word.split('\x1f')[0], 0) for word in head)
            seen[(program, version, procedure, bool(kind))].append(found)
    equal(malformed, 0, 'malformed packets')
    wrong = []
    for what, values in talk.meant:
        if not any(agrees(values, found) for found in seen[what]):
            wrong.append(f'{what}: meant {values}, seen {seen[what][:2]}')
    require(not wrong, f'{len(wrong)} of {len(talk.meant)}: {wrong[:4]}')
    return f'{len(talk.meant)} messages, {len(fields)} fields'


def agrees(values, found):
    return all(len(found.get(field, ())) == len(wanted) and all(map(same, wanted, found[field]))
               for field, wanted in values.items())


def null_calls(transport):
    """rpcinfo calls procedure 0 of each version, whose port it is given by our portmapper."""
    for program, versions in PROGRAMS.items():
        if transport == 'udp' and program == NOT_OVER_UDP:
            continue
        for version in map(str, versions):
            for command in ([OVER[transport]], ['-T', transport]):
                run('rpcinfo', *command, SERVER_ADDRESS, str(program), version)


def lists():
    for program, versions in PROGRAMS.items():
        for version in map(str, versions):
            require(f'{SERVER_ADDRESS}.' in run('rpcinfo', '-l', SERVER_ADDRESS, str(program), version), program)
    short = run('rpcinfo', '-s', SERVER_ADDRESS)
    require(all(str(program) in short for program in PROGRAMS), short)


def showmounts():
    mount((SERVER_ADDRESS, PORT), '/share')
    equal(run('showmount', '-e', '--no-headers', SERVER_ADDRESS).split(), ['/share', '10.0.2.0/24'])
    equal(run('showmount', '-a', '--no-headers', SERVER_ADDRESS).split(), [f'{SERVER_ADDRESS}:/share'])
    equal(run('showmount', '-d', '--no-headers', SERVER_ADDRESS).split(), ['/share'])
    connection = RpcConnection((SERVER_ADDRESS, PORT))
    connection.call(MOUNT, 3, 4)
    connection.close()
    equal(run('showmount', '-a', '--no-headers', SERVER_ADDRESS).split(), [])


def body(world):
    if world.kind is not Lockkeeper:
        raise Skip('each server refuses and counts in its own way')
    run('ip', 'addr', 'add', f'{PEER}/24', 'dev', 'br0')
    server = world.server(portmap=111)
    step = world.steps.step
    nfs, root = client(server)
    handle = nfs.create(root, 'file')
    host, talk = LockHost(PEER), Talk()
    for transport in OVER:
        step(f'rpcinfo calls procedure 0 over {transport}', null_calls, transport)
        step(f'libtirpc: the portmapper over {transport}', portmapper_list, SERVER_ADDRESS, PORT, transport)
        for version in (3, 4):
            step(f'libtirpc: rpcbind {version} over {transport}', rpcbind, SERVER_ADDRESS, PORT, version, transport)
    step('rpcinfo -l and -s', lists)
    step('showmount -e, -a and -d', showmounts)
    state = talk.connections['udp'].call(100024, 1, 4, packed(nsm_rows(0)[4].arguments)).u32()
    with Capture(world.folder) as capture:
        for transport in OVER:
            step(f'locks over {transport}', lock_programs, talk, host, transport, handle)
            rows = [*nsm_rows(state), *portmap_rows(PORT)]
            for version in (3, 1):
                rows += mount_rows(version, PEER, '/share', '10.0.2.0/24', root)
            for row in rows:
                step(f'{row.program} {row.version} {row.procedure} over {transport}', talk.ask, transport, row)
    step('tshark reads what was meant', compare, talk, capture.path)


check(body)
