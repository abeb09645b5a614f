"""What libtirpc makes of each procedure of rpcbind versions 3 and 4, and of the portmapper's version 2."""
import ctypes
import socket
import struct
import time

from steps import equal, require
from tirpc import Client, Entry, NetBuf, PortList, RemoteCall, RemoteResult, Rpcb

MOUNT = 100005
SET, UNSET, GETADDR, DUMP, CALLIT, GETTIME, UADDR2TADDR, TADDR2UADDR, GETVERSADDR, INDIRECT, GETADDRLIST, GETSTAT = range(1, 13)


def about(owner=b''):
    return Rpcb(MOUNT, 3, b'udp', b'', owner)


def rpcbind(host, port, version, transport):
    client = Client(host, version, transport)
    address = f'{host}.{port >> 8}.{port & 255}'.encode()

    def refused(procedure):
        equal(client.call(procedure, 'xdr_rpcb', about(b'me'), 'xdr_bool', ctypes.c_int(7)).value, 0)

    def found(procedure):
        equal(client.call(procedure, 'xdr_rpcb', about(), 'xdr_wrapstring', ctypes.c_char_p()).value, address)

    def dumped():
        first = client.call(DUMP, 'xdr_void', None, 'xdr_rpcblist_ptr', ctypes.c_void_p()).value
        require(first, 'nothing is registered')
        equal(Rpcb.from_address(first).prog > 0, True)

    def forwarded(procedure):
        nothing = client.codec('xdr_void')
        asked = RemoteCall(MOUNT, 3, 0, 0, None, nothing)
        result = client.call(procedure, 'xdr_rpcb_rmtcallargs', asked, 'xdr_rpcb_rmtcallres',
                             RemoteResult(None, 0, None, nothing))
        equal(result.addr, address)

    def timed():
        told = client.call(GETTIME, 'xdr_void', None, 'xdr_u_int', ctypes.c_uint()).value
        require(abs(told - time.time()) < 60, told)

    sockaddr = struct.pack('=H', socket.AF_INET) + struct.pack('>H', port) + socket.inet_aton(host) + bytes(8)

    def to_sockaddr():
        buffer = ctypes.create_string_buffer(100)
        result = client.call(UADDR2TADDR, 'xdr_wrapstring', ctypes.c_char_p(address), 'xdr_netbuf',
                             NetBuf(100, 0, ctypes.addressof(buffer)))
        equal(buffer.raw[:result.len], sockaddr)

    def from_sockaddr():
        buffer = ctypes.create_string_buffer(sockaddr, len(sockaddr))
        asked = NetBuf(len(sockaddr), len(sockaddr), ctypes.addressof(buffer))
        equal(client.call(TADDR2UADDR, 'xdr_netbuf', asked, 'xdr_wrapstring', ctypes.c_char_p()).value, address)

    def listed():
        first = client.call(GETADDRLIST, 'xdr_rpcb', about(), 'xdr_rpcb_entry_list_ptr', ctypes.c_void_p()).value
        require(first, 'no address')
        entry = Entry.from_address(first)
        equal((entry.addr, entry.family), (address, b'inet'))

    def counted():
        # Three versions of 13 counts, two more counts and two lists each.
        counts = client.call(GETSTAT, 'xdr_void', None, 'xdr_rpcb_stat_byvers', (ctypes.c_int * 64)())
        require(counts[40 + GETTIME] >= 0, 'counts')

    calls = [(SET, refused), (UNSET, refused), (GETADDR, found), (CALLIT, forwarded)]
    if version == 4:
        calls += [(GETVERSADDR, found), (INDIRECT, forwarded)]
    for procedure, call in calls:
        call(procedure)
    rest = [dumped, timed, to_sockaddr, from_sockaddr] + ([listed, counted] if version == 4 else [])
    for call in rest:
        call()
    return f'{len(calls) + len(rest)} procedures'


def portmapper_list(host, port, transport):
    """PMAPPROC_DUMP: version 3 of MOUNT is among what is listed."""
    at = Client(host, 2, transport).call(DUMP, 'xdr_void', None, 'xdr_pmaplist_ptr', ctypes.c_void_p()).value
    found = []
    while at:
        entry = PortList.from_address(at)
        found.append((entry.prog, entry.vers, entry.prot, entry.port))
        at = entry.next
    for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
        require((MOUNT, 3, protocol, port) in found, str(found))
    return f'{len(found)} programs'
