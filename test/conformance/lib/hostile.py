"""Bad input: what a broken or hostile client may send. Fixed counts, one seed."""
import random
import socket
import struct

from guest import SERVER_ADDRESS
from nfs3 import MOUNT, NFS
from rpc import LAST_FRAGMENT, Credential, RpcConnection, call_message
from xdr import Packer

TIMEOUT_S = 10


class Hostile:
    """Talks to one server. What it sends may be answered or not, the connection may be closed: both are fine. What is
    not fine is shown by the check afterwards."""

    def __init__(self, server, root, seed):
        self.address = (SERVER_ADDRESS, server.nfs_port)
        self.root, self.random = root, random.Random(seed)
        self.credential = Credential(machine='hostile')

    def connect(self):
        connection = socket.create_connection(self.address, TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, data, wait_s=0.0):
        """On a connection of its own; a server that closes early is fine. Returns what came back within `wait_s`."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
                if wait_s:
                    connection.settimeout(wait_s)
                    return connection.recv(65536)
            except OSError:
                pass
        return b''

    def garbage(self, count):
        for _ in range(count):
            self.send(self.random.randbytes(self.random.randrange(1, 20000)))

    def marks(self):
        """Record marks that promise too much, nothing, or never end."""
        for mark in (0xFFFFFFFF, 0x7FFFFFFF, LAST_FRAGMENT | 0x00400000, 0x00400000, LAST_FRAGMENT, 0):
            for rest in (b'', b'\0' * 64, self.random.randbytes(50000)):
                self.send(struct.pack('>I', mark) + rest)
        self.send(bytes(4 * 200_000))
        self.send(struct.pack('>I', 1) * 1 + b'\0' + (struct.pack('>I', 1) + b'\0') * 100_000)

    def calls(self):
        """One well-formed call of each procedure: (prog, vers, proc, arguments)."""
        handle = Packer().opaque(self.root).bytes()
        named = Packer().opaque(self.root).opaque('hostile').bytes()
        attributes = struct.pack('>6I', 0, 0, 0, 0, 0, 0)
        bodies = {
            0: b'', 1: handle, 2: handle + attributes + bytes(4), 3: named, 4: handle + b'\0\0\0\x3f', 5: handle,
            6: handle + struct.pack('>QI', 0, 4096),
            7: handle + struct.pack('>QII', 0, 8, 2) + Packer().opaque(bytes(8)).bytes(),
            8: named + struct.pack('>I', 0) + attributes, 9: named + attributes,
            10: named + attributes + Packer().opaque('target').bytes(), 11: named + struct.pack('>I', 7) + attributes,
            12: named, 13: named, 14: named + named, 15: handle + named,
            16: handle + bytes(16) + struct.pack('>I', 4096), 17: handle + bytes(16) + struct.pack('>II', 4096, 8192),
            18: handle, 19: handle, 20: handle, 21: handle + struct.pack('>QI', 0, 0),
        }
        found = [(NFS, 3, proc, body) for proc, body in bodies.items()]
        return found + [(MOUNT, 3, 0, b''), (MOUNT, 3, 1, Packer().opaque('/share').bytes()), (MOUNT, 3, 2, b''),
                        (MOUNT, 3, 3, Packer().opaque('/share').bytes()), (MOUNT, 3, 5, b'')]

    def cut_calls(self):
        """Every call, its message cut at every word, in a record that is whole; all must be answered or refused."""
        connection = None
        for prog, vers, proc, arguments in self.calls():
            message = call_message(7, prog, vers, proc, arguments, self.credential)[4:]
            for size in range(0, len(message), 4):
                connection = self.on(connection, struct.pack('>I', LAST_FRAGMENT | size) + message[:size])

    def altered_calls(self, count):
        calls = self.calls()
        connection = None
        for _ in range(count):
            message = bytearray(call_message(9, *self.random.choice(calls), self.credential))
            for _ in range(self.random.randrange(1, 4)):
                at = self.random.randrange(4, len(message))
                message[at] = self.random.choice((0, 1, 0x7F, 0x80, 0xFF, self.random.randrange(256)))
            connection = self.on(connection, bytes(message))

    def long_fields(self):
        """Lengths, counts and offsets at their limits, in otherwise good calls."""
        handle, huge = Packer().opaque(self.root).bytes(), b'\xff\xff\xff\xff'
        connection = None
        for proc, arguments in (
            (1, huge + self.root), (1, struct.pack('>I', 65) + bytes(68)), (1, struct.pack('>I', 1 << 30)),
            (3, handle + huge), (3, handle + Packer().opaque(b'n' * 70000).bytes()),
            (3, handle + Packer().opaque(b'').bytes()),
            (3, handle + Packer().opaque(b'a/b').bytes()), (3, handle + Packer().opaque(b'a\0b').bytes()),
            (6, handle + struct.pack('>QI', 2**64 - 1, 0xFFFFFFFF)), (6, handle + struct.pack('>QI', 0, 0xFFFFFFFF)),
            (7, handle + struct.pack('>QII', 2**64 - 1, 8, 2) + Packer().opaque(bytes(8)).bytes()),
            (7, handle + struct.pack('>QII', 0, 0xFFFFFFFF, 2) + Packer().opaque(bytes(8)).bytes()),
            (7, handle + struct.pack('>QII', 0, 8, 99) + Packer().opaque(bytes(8)).bytes()),
            (2, handle + struct.pack('>4I', 0, 0, 0, 1) + b'\xff' * 8 + bytes(12)),
            (16, handle + bytes(16) + huge), (17, handle + bytes(16) + huge + huge),
            (16, handle + b'\xff' * 16 + struct.pack('>I', 4096)), (21, handle + b'\xff' * 12),
        ):
            connection = self.on(connection, call_message(11, NFS, 3, proc, arguments, self.credential))

    def on(self, connection, data):
        """Sends on `connection`, or on a new one if the server has closed it, and waits for an answer."""
        if connection is None:
            connection = self.connect()
            connection.settimeout(0.5)
        try:
            connection.sendall(data)
            mark = connection.recv(4, socket.MSG_WAITALL)
            if len(mark) < 4:
                raise ConnectionError
            left = struct.unpack('>I', mark)[0] & 0x7FFFFFFF
            while left:
                part = connection.recv(min(left, 65536))
                if not part:
                    raise ConnectionError
                left -= len(part)
            return connection
        except OSError:
            connection.close()
            return None

    def forged_handles(self, good):
        """Handles that were never given out: `good` with one bit changed, cut, lengthened, random. Yields each."""
        for at in range(len(good)):
            yield good[:at] + bytes([good[at] ^ (1 << self.random.randrange(8))]) + good[at + 1:]
        for size in range(0, len(good), 3):
            yield good[:size]
        yield good + b'\0'
        yield good.ljust(64, b'\0') if len(good) < 64 else good[:-1] + b'\0\0'
        for _ in range(200):
            yield self.random.randbytes(self.random.choice((len(good), 8, 32, 64)))

    def raw(self, credential=None):
        return RpcConnection(self.address, credential or self.credential)
