"""ONC RPC over TCP (RFC 5531): a raw client that knows exactly what was sent and what was acknowledged."""
import random
import socket
import struct
import time

from xdr import Packer, Unpacker

LAST_FRAGMENT = 0x80000000
AUTH_SYS = 1


class RpcError(Exception):
    """The call was answered, but not accepted or not successful."""


class Credential:
    """AUTH_SYS (RFC 5531 appendix A)."""

    def __init__(self, uid=0, gid=0, gids=(), machine='conformance'):
        body = Packer().u32(0).opaque(machine).u32(uid, gid, len(gids), *gids).bytes()
        self.packed = Packer().u32(AUTH_SYS).opaque(body).bytes()


def call_message(xid, prog, vers, proc, arguments, credential):
    """A CALL with its record mark (RFC 5531 §9 and §11)."""
    message = Packer().u32(xid, 0, 2, prog, vers, proc).raw(credential.packed).u32(0, 0).raw(arguments).bytes()
    return struct.pack('>I', LAST_FRAGMENT | len(message)) + message


class RpcConnection:
    """One connection. `patience_s`: how long a call is sent again, on new connections, while the server is away (0: not
    at all). A call that is sent again keeps its xid, as a kernel client's does."""

    def __init__(self, address, credential=None, timeout_s=20, patience_s=0):
        self.address, self.timeout_s, self.patience_s = address, timeout_s, patience_s
        self.credential = credential or Credential()
        self.xid = random.getrandbits(32)
        self.socket = None
        self.resends = 0

    def connect(self):
        self.close()
        self.socket = socket.create_connection(self.address, self.timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def next_xid(self):
        self.xid = (self.xid + 1) & 0xFFFFFFFF
        return self.xid

    def read_exactly(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError('the server closed the connection')
            data += part
        return bytes(data)

    def read_record(self):
        record = b''
        while True:
            mark, = struct.unpack('>I', self.read_exactly(4))
            record += self.read_exactly(mark & 0x7FFFFFFF)
            if mark & LAST_FRAGMENT:
                return record

    def call(self, prog, vers, proc, arguments=b''):
        """One call and its results."""
        xid = self.next_xid()
        message = call_message(xid, prog, vers, proc, arguments, self.credential)
        give_up = time.monotonic() + self.patience_s
        while True:
            try:
                if self.socket is None:
                    self.connect()
                self.socket.sendall(message)
                while True:
                    results = Unpacker(self.read_record())
                    if results.u32() == xid:
                        return accepted(results)
            except OSError:
                self.close()
                if time.monotonic() >= give_up:
                    raise
                self.resends += 1
                time.sleep(0.02)


def accepted(reply):
    """Reads a REPLY's head from after the xid on; returns the reader at its results."""
    if reply.u32() != 1:
        raise RpcError('not a reply')
    if reply.u32() != 0:
        raise RpcError(f'denied, reason {reply.u32()}')
    reply.u32()
    reply.opaque()
    status = reply.u32()
    if status != 0:
        raise RpcError(f'accept_stat {status}')
    return reply
