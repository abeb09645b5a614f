"""Locks of clients of two movers: how fast one goes from one mover's client to the other's, and what many of them cost."""
from statistics import median

from limits import Limit
from load import number
from nfs3 import client
from rpc import RpcConnection, accepted, call_message
from server import status_field
from xdr import Packer, Unpacker

NLM, NLM4, LOCK, FREE_ALL = 100021, 4, 2, 23
HANDOFF_LIMIT = 5000
HANDOFF_WARM_UP_S = 10
TURNS = 3  # a round: one run differs much from the next
HELD = 100_000
HELD_LIMIT_MIB = 64
AT_ONCE = 500
CALLER = 'bench'


def handoff(movers, rounds, seconds):
    """A client at each mover locks and unlocks the same bytes, in turn: two calls make a hand-off. What is measured comes
    behind many of them, which get the code compiled."""
    movers.both.run('-r', '1', '-t', str(HANDOFF_WARM_UP_S), '-w', 'nlm_handoff:c=2')
    rates = [movers.both.run('-r', '1', '-t', str(seconds), '-w', 'nlm_handoff:c=2')[0]['ops_s'] / 2
             for _ in range(TURNS * rounds)]
    rate = median(rates)
    yield Limit('hand-off of a lock between clients of two movers', f'{number(rate)} /s', f'{HANDOFF_LIMIT:,} /s',
                rate >= HANDOFF_LIMIT, f'{number(min(rates))} to {number(max(rates))} /s')


def lock_message(index, handle, credential):
    """A LOCK of bytes and an owner of its own."""
    arguments = (Packer().opaque(b'').u32(0, 1).opaque(CALLER).opaque(handle).opaque(f'{index}@{CALLER}').u32(index)
                 .u64(16 * index, 8).u32(0, 1).bytes())
    return call_message(index, NLM, NLM4, LOCK, arguments, credential)


def hold(connection, handle, count):
    for first in range(0, count, AT_ONCE):
        indices = range(first, min(first + AT_ONCE, count))
        connection.socket.sendall(b''.join(lock_message(i, handle, connection.credential) for i in indices))
        for _ in indices:
            reply = Unpacker(connection.read_record())
            reply.u32()
            result = accepted(reply)
            result.opaque()
            status = result.u32()
            if status != 0:
                raise RuntimeError(f'a LOCK was answered with status {status}')


def held_locks(movers):
    """What one client's locks add to the resident memory of its mover, where calls that leave nothing have been served
    before."""
    server = movers.server
    nfs, root = client(server)
    for role, name in (('primary', server.PRIMARY), ('secondary', server.SECONDARY)):
        handle = nfs.create(root, f'held-{name}')
        connection = RpcConnection((server.movers[name], server.nlm_port))
        connection.connect()
        movers.load[name].run('-r', '1', '-t', '1', '-w', 'nlm_lock:q=64')
        pid = movers.load[name].pid
        before = status_field(pid, 'VmRSS')
        hold(connection, handle, HELD)
        mib = (status_field(pid, 'VmRSS') - before) / 1024
        connection.call(NLM, NLM4, FREE_ALL, Packer().opaque(CALLER).u32(1).bytes())
        connection.close()
        yield Limit(f'{HELD:,} locks of one client, each of another owner: memory of the {role}', f'{mib:.0f} MiB',
                    f'{HELD_LIMIT_MIB} MiB', mib < HELD_LIMIT_MIB)
