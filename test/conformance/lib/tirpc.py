"""libtirpc as a client: its calls and its codecs, for procedures that no tool of its own calls."""
import ctypes

RPCBIND = 100000
CALL_S = 5


class TimeVal(ctypes.Structure):
    _fields_ = [('seconds', ctypes.c_long), ('microseconds', ctypes.c_long)]


class Rpcb(ctypes.Structure):
    _fields_ = [('prog', ctypes.c_uint), ('vers', ctypes.c_uint), ('netid', ctypes.c_char_p), ('addr', ctypes.c_char_p),
                ('owner', ctypes.c_char_p)]


class PortList(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulong) for name in ('prog', 'vers', 'prot', 'port')] + [('next', ctypes.c_void_p)]


class NetBuf(ctypes.Structure):
    _fields_ = [('maxlen', ctypes.c_uint), ('len', ctypes.c_uint), ('buf', ctypes.c_void_p)]


class RemoteCall(ctypes.Structure):
    """rpcb_rmtcallargs and, of the same form but for its beginning, the results."""
    _fields_ = [('prog', ctypes.c_uint), ('vers', ctypes.c_uint), ('proc', ctypes.c_uint), ('length', ctypes.c_size_t),
                ('args', ctypes.c_void_p), ('xdr_args', ctypes.c_void_p)]


class RemoteResult(ctypes.Structure):
    _fields_ = [('addr', ctypes.c_char_p), ('length', ctypes.c_uint), ('results', ctypes.c_void_p),
                ('xdr_results', ctypes.c_void_p)]


class Entry(ctypes.Structure):
    _fields_ = [('addr', ctypes.c_char_p), ('netid', ctypes.c_char_p), ('semantics', ctypes.c_uint),
                ('family', ctypes.c_char_p), ('proto', ctypes.c_char_p), ('next', ctypes.c_void_p)]


CALL_TYPE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
                             ctypes.c_void_p, ctypes.c_void_p, TimeVal)


class Client:
    """rpcbind at `host`, of one version, over 'tcp' or 'udp'."""

    def __init__(self, host, version, transport):
        self.library = ctypes.CDLL('libtirpc.so.3')
        create = self.library.clnt_create
        create.restype = ctypes.c_void_p
        self.client = create(host.encode(), RPCBIND, version, transport.encode())
        if not self.client:
            raise RuntimeError(f'no client of version {version} over {transport}')
        # struct CLIENT: cl_auth, cl_ops; the first of those is cl_call.
        operations = ctypes.cast(self.client, ctypes.POINTER(ctypes.c_void_p))[1]
        self.cl_call = CALL_TYPE(ctypes.cast(operations, ctypes.POINTER(ctypes.c_void_p))[0])

    def codec(self, name):
        return ctypes.cast(getattr(self.library, name), ctypes.c_void_p)

    def call(self, procedure, write, arguments, read, results):
        """clnt_call; raises unless it is RPC_SUCCESS. Returns `results`."""
        at = None if arguments is None else ctypes.addressof(arguments)
        status = self.cl_call(self.client, procedure, self.codec(write), at, self.codec(read), ctypes.addressof(results),
                              TimeVal(CALL_S, 0))
        if status != 0:
            raise RuntimeError(f'procedure {procedure}: clnt_stat {status}')
        return results
