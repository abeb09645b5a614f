"""A host that locks files, as its server calls it back: a portmapper and a lock manager at an address of its own."""
import queue
import socket
import struct
import threading

from rpc import LAST_FRAGMENT, Credential, RpcConnection, accepted, call_message
from xdr import Packer, Unpacker

PORTMAP, PORTMAP_PORT, LOCK_PORT = 100000, 111, 4045
NSM = 100024
GRANTED = 5
STATE = 7
PATIENCE_S = 10


class Datagrams:
    """Calls over UDP; one that is not answered is sent again."""

    def __init__(self, source, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.settimeout(PATIENCE_S)
        self.xid = 0x55000000

    def call(self, program, version, procedure, arguments):
        self.xid += 1
        self.socket.send(call_message(self.xid, program, version, procedure, arguments, Credential())[4:])
        while True:
            reply = Unpacker(self.socket.recv(65536))
            if reply.u32() == self.xid:
                return accepted(reply)

    def close(self):
        self.socket.close()


class Stream(RpcConnection):
    """Calls over TCP from a certain address."""

    def __init__(self, source, address):
        super().__init__(address)
        self.source = source

    def connect(self):
        self.socket = socket.create_connection(self.address, PATIENCE_S, (self.source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class LockHost:
    """`called` gets (transport, version, procedure, arguments) of each call of its lock manager, which takes every lock that
    it is granted."""

    def __init__(self, address):
        self.called = queue.Queue()
        for port in (PORTMAP_PORT, LOCK_PORT):
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind((address, port))
            streams = socket.create_server((address, port))
            threading.Thread(target=self._serve_datagrams, args=(datagrams,), daemon=True).start()
            threading.Thread(target=self._accept, args=(streams,), daemon=True).start()

    def next_call(self):
        return self.called.get(timeout=PATIENCE_S)

    def _serve_datagrams(self, datagrams):
        while True:
            message, sender = datagrams.recvfrom(65536)
            datagrams.sendto(self._answer('udp', message), sender)

    def _accept(self, streams):
        while True:
            stream, _ = streams.accept()
            threading.Thread(target=self._serve_stream, args=(stream,), daemon=True).start()

    def _serve_stream(self, stream):
        with stream, stream.makefile('rb') as records:
            while mark := records.read(4):
                message = records.read(struct.unpack('>I', mark)[0] & 0x7FFFFFFF)
                reply = self._answer('tcp', message)
                stream.sendall(struct.pack('>I', LAST_FRAGMENT | len(reply)) + reply)

    def _answer(self, transport, message):
        call = Unpacker(message)
        xid, _, _, program, version, procedure = (call.u32() for _ in range(6))
        for _ in ('credential', 'verifier'):
            call.u32()
            call.opaque()
        arguments = message[call.position:]
        results = b''
        if program == PORTMAP:  # GETPORT: all programs are there
            results = Packer().u32(LOCK_PORT).bytes()
        elif program == NSM:  # STAT: it has not been started anew
            results = Packer().u32(1, STATE).bytes()
        else:
            self.called.put((transport, version, procedure, arguments))
            if procedure == GRANTED:
                results = Packer().opaque(Unpacker(arguments).opaque()).u32(0).bytes()
        return Packer().u32(xid, 1, 0, 0, 0, 0).raw(results).bytes()
