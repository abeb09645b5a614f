#!/usr/bin/python3
"""Bad input from outside: garbage, cut and altered calls, forged handles, idle crowds, clients that never read. The
server lives, the other clients notice nothing, its memory stays bounded."""
import os
import resource
import socket
import struct
import time

from guest import run
from hostile import Hostile
from nfs3 import NFS, NfsError, client
from rpc import LAST_FRAGMENT, Credential, RpcError, call_message
from steps import equal, require
from world import check
from xdr import Packer

SEED = 11
IDLE = 2000
GROWTH_MIB = 512


class Witness:
    """A normal client that looks in after each step, and the server's vital signs."""

    def __init__(self, world, server):
        self.world, self.server = world, server
        self.nfs, self.root = client(server, credential=Credential(machine='witness'))
        self.file = self.nfs.create(self.root, 'witness')
        self.nfs.write(self.file, 0, b'w' * 1000)
        self.pids, self.rss_mib, self.highest_mib = server.pids(), server.rss_mib(), 0

    def look(self):
        """Fails if a call takes over 5 s, if a process of the server was replaced, or if its memory ran away."""
        begin = time.monotonic()
        equal(self.nfs.read(self.file, 0, 4096), (b'w' * 1000, True), 'the witness reads')
        nfs, root = client(self.server)
        equal(nfs.getattr(nfs.lookup(root, 'witness')).size, 1000, 'a new client sees')
        nfs.connection.close()
        took_s = time.monotonic() - begin
        require(took_s < 5, f'a normal client waited {took_s:.1f} s')
        equal(self.server.pids(), self.pids, 'processes of the server')
        rss_mib = self.server.rss_mib()
        self.highest_mib = max(self.highest_mib, rss_mib)
        require(rss_mib < self.rss_mib + GROWTH_MIB, f'{rss_mib:.0f} MiB resident, {self.rss_mib:.0f} at the start')
        return f'{rss_mib:.0f} MiB resident'

    def step(self, name, body, *arguments):
        def both():
            body(*arguments)
            return self.look()
        self.world.steps.step(name, both)


def expect_rpc_error(connection, words, *call):
    try:
        connection.call(*call)
    except RpcError as error:
        equal(str(error), words)
    else:
        raise AssertionError(f'accepted; expected {words}')


def refusals(hostile):
    """RFC 5531 §9: unknown program, version, procedure; arguments that do not decode; too many groups."""
    connection = hostile.raw()
    expect_rpc_error(connection, 'accept_stat 1', 100099, 1, 0)
    expect_rpc_error(connection, 'accept_stat 2', NFS, 9, 0)
    expect_rpc_error(connection, 'accept_stat 3', NFS, 3, 77)
    expect_rpc_error(connection, 'accept_stat 4', NFS, 3, 1, b'\0\0\0\xff')
    connection.close()
    crowd = hostile.raw(Credential(gids=range(17)))
    expect_rpc_error(crowd, 'denied, reason 1', NFS, 3, 1, Packer().opaque(hostile.root).bytes())
    crowd.close()


def forged(hostile, nfs, good):
    """BADHANDLE or STALE, never an object."""
    accepted = []
    for handle in hostile.forged_handles(good):
        try:
            nfs.getattr(handle)
        except NfsError as error:
            require(error.status in ('BADHANDLE', 'STALE'), f'{error} for {handle.hex()}')
        except RpcError as error:
            require(len(handle) > 64, f'{error} for {handle.hex()}')
        else:
            accepted.append(handle)
    require(not accepted, f'{len(accepted)} were accepted; given out was {good.hex()}, first {accepted[:1]}')


def is_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b''
    except BlockingIOError:
        return True
    except OSError:
        return False


def idle_crowd(hostile, witness):
    """Connections that say nothing, and some that stop in the middle of a record; the server keeps them all."""
    crowd = []
    try:
        for number in range(IDLE):
            try:
                crowd.append(hostile.connect())
                if number % 20 == 0:
                    crowd[-1].send(struct.pack('>I', LAST_FRAGMENT | 1 << 20) + bytes(1000))
            except OSError:
                pass  # counted below
            if number % 500 == 499:
                witness.look()
        taken = sum(map(is_open, crowd))
        require(taken == IDLE, f'only {taken} of {IDLE} were kept')
    finally:
        for connection in crowd:
            connection.close()


def half_records(hostile, witness):
    """A hundred connections that each send all but the last byte of a MiB."""
    crowd = [hostile.connect() for _ in range(100)]
    try:
        for connection in crowd:
            try:
                connection.sendall(struct.pack('>I', LAST_FRAGMENT | 1 << 20) + bytes((1 << 20) - 1))
            except OSError:
                pass
        witness.look()
    finally:
        for connection in crowd:
            connection.close()


def never_reads(hostile, witness, handle):
    """Clients that ask for 1 MiB again and again and take no answer."""
    crowd = []
    for _ in range(8):
        connection = hostile.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        crowd.append(connection)
    arguments = Packer().opaque(handle).u64(0).u32(1 << 20).bytes()
    asked = call_message(5, NFS, 3, 6, arguments, hostile.credential) * 100
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        for connection in crowd:
            try:
                connection.send(asked)
            except OSError:
                pass
        witness.look()
        time.sleep(0.2)
    for connection in crowd:
        connection.close()


def last_proof(world, server):
    source = os.path.join(world.folder, 'source')
    with open(source, 'wb') as file:
        file.write(os.urandom(5 << 20))
    run('nfs-cp', source, server.url('proof'))
    run('sh', '-c', 'nfs-cat "$1" | cmp - "$2"', 'sh', server.url('proof'), source)


def body(world):
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 16384))
    server = world.server()
    print(f'# seed {SEED}')
    witness = Witness(world, server)
    nfs, root = client(server)
    big = nfs.create(root, 'big')
    for at in range(4):
        nfs.write(big, at << 18, bytes(1 << 18))
    hostile = Hostile(server, root, SEED)
    witness.step('garbage', hostile.garbage, 200)
    witness.step('record marks', hostile.marks)
    witness.step('calls cut at every word', hostile.cut_calls)
    witness.step('altered calls', hostile.altered_calls, 3000)
    witness.step('fields at their limits', hostile.long_fields)
    witness.step('refusals as RFC 5531 says', refusals, hostile)
    witness.step('forged handles of a file', forged, hostile, nfs, witness.file)
    witness.step('forged handles of the root', forged, hostile, nfs, root)
    witness.step('2,000 idle connections', idle_crowd, hostile, witness)
    witness.step('half records', half_records, hostile, witness)
    witness.step('clients that never read', never_reads, hostile, witness, big)
    world.steps.step('libnfs still works', last_proof, world, server)
    print(f'# resident: {witness.rss_mib:.0f} MiB at the start, {witness.highest_mib:.0f} MiB at most')
    server.stop()
    world.steps.step('the volume is sound', server.check_offline)


check(body)
