"""Locks of clients of two movers: how fast one goes from one mover's client to the other's, and what many of them cost."""
from limits import Limit
from load import median, number
from nfs3 import client
from rpc import RpcConnection, accepted, call_message
from server import status_field
from xdr import Packer, Unpacker

NLM, NLM4, LOCK, FREE_ALL = 100021, 4, 2, 23
GRANTED, DENIED = 0, 1
HANDOFF_LIMIT = 5000
HANDOFF_WARM_UP_S = 10
TURNS = 3  # a round: one run differs much from the next
HELD = 100_000
HELD_LIMIT_MIB = 64
WARM_UP = 5000  # locks
AT_ONCE = 500
CALLER = 'bench'


def handoff(movers, rounds, seconds):
    """A client at each mover locks and unlocks the same bytes, in turn: two calls make a hand-off. What is measured comes
    behind many of them, which get the code compiled."""
    movers.both.run('-r', '1', '-t', str(HANDOFF_WARM_UP_S), '-w', 'nlm_handoff:c=2')
    rate = median([movers.both.run('-r', '1', '-t', str(seconds), '-w', 'nlm_handoff:c=2')[0]
                   for _ in range(TURNS * rounds)],
                  'ops_s') / 2
    yield Limit('hand-off of a lock between clients of two movers', f'{number(rate)} /s', f'{HANDOFF_LIMIT:,} /s',
                rate >= HANDOFF_LIMIT)


def lock_message(index, handle, credential):
    """A LOCK of bytes and an owner of its own."""
    arguments = (Packer().opaque(b'').u32(0, 1).opaque(CALLER).opaque(handle).opaque(f'{index}@{CALLER}').u32(index)
                 .u64(16 * index, 8).u32(0, 1).bytes())
    return call_message(index, NLM, NLM4, LOCK, arguments, credential)


def hold(connection, handle, owners, expected=GRANTED):
    for first in range(0, len(owners), AT_ONCE):
        indices = owners[first:first + AT_ONCE]
        connection.socket.sendall(b''.join(lock_message(i, handle, connection.credential) for i in indices))
        for _ in indices:
            reply = Unpacker(connection.read_record())
            reply.u32()
            result = accepted(reply)
            result.opaque()
            status = result.u32()
            if status != expected:
                raise RuntimeError(f'a LOCK was answered with status {status}')


def free_all(connection):
    connection.call(NLM, NLM4, FREE_ALL, Packer().opaque(CALLER).u32(1).bytes())


def resident_mib(server, name):
    return status_field(server.await_all()[name]['pid'], 'VmRSS') / 1024


def held_locks(movers):
    """What one client's locks add to the resident memory of its mover, where some have come and gone before; and to that of
    both movers when a client of the other one has asked for a lock of the file: the primary manages them then."""
    server = movers.server
    for role, name, other in (('primary', server.PRIMARY, server.SECONDARY),
                              ('secondary', server.SECONDARY, server.PRIMARY)):
        # Nobody has memory left that it could use again.
        movers.restart()
        nfs, root = client(server)
        handle = nfs.create(root, f'held-{name}')
        connection, stranger = (RpcConnection((server.movers[one], server.nlm_port)) for one in (name, other))
        warm = nfs.create(root, f'warm-{name}')
        for one in (connection, stranger):
            one.connect()
            hold(one, warm, range(WARM_UP))
            free_all(one)
        before = {one: resident_mib(server, one) for one in (name, other)}
        hold(connection, handle, range(HELD))
        mib = resident_mib(server, name) - before[name]
        what = f'{HELD:,} locks of one client, each of another owner'
        yield Limit(f'{what}: memory of the {role}', f'{mib:.0f} MiB', f'{HELD_LIMIT_MIB} MiB', mib < HELD_LIMIT_MIB)
        hold(stranger, handle, range(1), DENIED)
        for one in {server.PRIMARY, name}:
            mib = resident_mib(server, one) - before[one]
            its = 'primary' if one == server.PRIMARY else 'secondary'
            yield Limit(f'{what}, at the {role}, and managed by the primary: memory of the {its}', f'{mib:.0f} MiB',
                        f'{HELD_LIMIT_MIB} MiB', mib < HELD_LIMIT_MIB)
        for one in (connection, stranger):
            free_all(one)
            one.close()
