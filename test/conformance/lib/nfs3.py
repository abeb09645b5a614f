"""MOUNT version 3 and NFS version 3 (RFC 1813) over a raw connection. Failures are raised as NfsError."""
from rpc import RpcConnection
from xdr import Packer

MOUNT, NFS = 100005, 100003
UNSTABLE, DATA_SYNC, FILE_SYNC = 0, 1, 2
UNCHECKED, GUARDED, EXCLUSIVE = 0, 1, 2
REGULAR, DIRECTORY, BLOCK, CHARACTER, SYMLINK, SOCKET, FIFO = range(1, 8)
STATUS = {1: 'PERM', 2: 'NOENT', 5: 'IO', 6: 'NXIO', 13: 'ACCES', 17: 'EXIST', 18: 'XDEV', 19: 'NODEV', 20: 'NOTDIR',
          21: 'ISDIR', 22: 'INVAL', 27: 'FBIG', 28: 'NOSPC', 30: 'ROFS', 31: 'MLINK', 63: 'NAMETOOLONG',
          66: 'NOTEMPTY', 69: 'DQUOT', 70: 'STALE', 10001: 'BADHANDLE', 10002: 'NOT_SYNC', 10003: 'BAD_COOKIE',
          10004: 'NOTSUPP', 10005: 'TOOSMALL', 10006: 'SERVERFAULT', 10007: 'BADTYPE', 10008: 'JUKEBOX'}


class NfsError(Exception):
    def __init__(self, what, status):
        super().__init__(f'{what}: {STATUS.get(status, status)}')
        self.status = STATUS.get(status, str(status))


class Attributes:
    """fattr3; times in nanoseconds."""

    def __init__(self, r):
        self.type, self.mode, self.nlink, self.uid, self.gid = (r.u32() for _ in range(5))
        self.size, self.used = r.u64(), r.u64()
        self.rdev = (r.u32(), r.u32())
        self.fsid, self.fileid = r.u64(), r.u64()
        self.atime_ns, self.mtime_ns, self.ctime_ns = (r.u32() * 10**9 + r.u32() for _ in range(3))


def post_op_attr(r):
    return Attributes(r) if r.u32() else None


def wcc_data(r):
    if r.u32():
        r.raw(24)
    return post_op_attr(r)


def sattr3(mode=None, uid=None, gid=None, size=None):
    p = Packer()
    for value in (mode, uid, gid):
        p.u32(0) if value is None else p.u32(1, value)
    p.u32(0) if size is None else p.u32(1).u64(size)
    return p.u32(0, 0)


def mount(address, path, credential=None):
    """The root handle of an export, by the MOUNT protocol."""
    connection = RpcConnection(address, credential)
    r = connection.call(MOUNT, 3, 1, Packer().opaque(path).bytes())
    connection.close()
    status = r.u32()
    if status:
        raise NfsError(f'MNT {path}', status)
    return r.opaque()


class Nfs3:
    """The procedures; handles, names and data are bytes, names may be str."""

    def __init__(self, connection, exact_listings=True):
        self.connection, self.exact_listings = connection, exact_listings

    def _call(self, what, proc, p):
        """Returns (status, reader at the result's body)."""
        r = self.connection.call(NFS, 3, proc, p.bytes())
        return r.u32(), r

    def _ok(self, what, proc, p):
        status, r = self._call(what, proc, p)
        if status:
            raise NfsError(what, status)
        return r

    def null(self):
        self.connection.call(NFS, 3, 0)

    def getattr(self, handle):
        return Attributes(self._ok('GETATTR', 1, Packer().opaque(handle)))

    def setattr(self, handle, **set):
        self._ok('SETATTR', 2, Packer().opaque(handle).raw(sattr3(**set).bytes()).u32(0))

    def lookup(self, folder, name):
        return self._ok(f'LOOKUP {name}', 3, Packer().opaque(folder).opaque(name)).opaque()

    def access(self, handle, wanted=0x3F):
        r = self._ok('ACCESS', 4, Packer().opaque(handle).u32(wanted))
        post_op_attr(r)
        return r.u32()

    def readlink(self, handle):
        r = self._ok('READLINK', 5, Packer().opaque(handle))
        post_op_attr(r)
        return r.opaque()

    def read(self, handle, offset, count):
        """(data, end of file)."""
        r = self._ok('READ', 6, Packer().opaque(handle).u64(offset).u32(count))
        post_op_attr(r)
        counted, eof, data = r.u32(), bool(r.u32()), r.opaque()
        if counted != len(data):
            raise ValueError(f'READ says {counted} and carries {len(data)} bytes')
        r.end()
        return data, eof

    def read_all(self, handle, step=65536):
        data = b''
        while True:
            part, eof = self.read(handle, len(data), step)
            data += part
            if eof:
                return data
            if not part:
                raise ValueError('READ returned nothing before the end of the file')

    def write(self, handle, offset, data, stable=FILE_SYNC):
        """(bytes written, how stably, verifier)."""
        r = self._ok('WRITE', 7, Packer().opaque(handle).u64(offset).u32(len(data), stable).opaque(data))
        wcc_data(r)
        result = r.u32(), r.u32(), r.raw(8)
        r.end()
        return result

    def _made(self, r):
        handle = r.opaque() if r.u32() else None
        post_op_attr(r)
        wcc_data(r)
        r.end()
        return handle

    def create(self, folder, name, mode=0o644, how=GUARDED, verifier=bytes(8)):
        p = Packer().opaque(folder).opaque(name).u32(how)
        p.raw(verifier if how == EXCLUSIVE else sattr3(mode=mode).bytes())
        return self._made(self._ok(f'CREATE {name}', 8, p))

    def mkdir(self, folder, name, mode=0o755):
        p = Packer().opaque(folder).opaque(name).raw(sattr3(mode=mode).bytes())
        return self._made(self._ok(f'MKDIR {name}', 9, p))

    def symlink(self, folder, name, target):
        p = Packer().opaque(folder).opaque(name).raw(sattr3(mode=0o777).bytes()).opaque(target)
        return self._made(self._ok(f'SYMLINK {name}', 10, p))

    def remove(self, folder, name):
        wcc_data(self._ok(f'REMOVE {name}', 12, Packer().opaque(folder).opaque(name)))

    def rmdir(self, folder, name):
        wcc_data(self._ok(f'RMDIR {name}', 13, Packer().opaque(folder).opaque(name)))

    def rename(self, from_folder, from_name, to_folder, to_name):
        self._ok(f'RENAME {from_name} {to_name}', 14,
                 Packer().opaque(from_folder).opaque(from_name).opaque(to_folder).opaque(to_name))

    def link(self, handle, folder, name):
        self._ok(f'LINK {name}', 15, Packer().opaque(handle).opaque(folder).opaque(name))

    def readdir(self, folder, cookie=0, verifier=bytes(8), count=4096):
        """([(fileid, name, cookie)], verifier, end)."""
        r = self._ok('READDIR', 16, Packer().opaque(folder).u64(cookie).raw(verifier).u32(count))
        post_op_attr(r)
        verifier, entries = r.raw(8), []
        while r.u32():
            entries.append((r.u64(), r.opaque(), r.u64()))
        end = bool(r.u32())
        if self.exact_listings:
            r.end()
        return entries, verifier, end

    def readdirplus(self, folder, cookie=0, verifier=bytes(8), dircount=4096, maxcount=32768):
        """([(fileid, name, cookie, attributes, handle)], verifier, end)."""
        p = Packer().opaque(folder).u64(cookie).raw(verifier).u32(dircount, maxcount)
        r = self._ok('READDIRPLUS', 17, p)
        post_op_attr(r)
        verifier, entries = r.raw(8), []
        while r.u32():
            fileid, name, cookie = r.u64(), r.opaque(), r.u64()
            entries.append((fileid, name, cookie, post_op_attr(r), r.opaque() if r.u32() else None))
        end = bool(r.u32())
        if self.exact_listings:
            r.end()
        return entries, verifier, end

    def list(self, folder):
        """All names but `.` and `..`, in the server's order."""
        names, cookie, verifier, end = [], 0, bytes(8), False
        while not end:
            entries, verifier, end = self.readdir(folder, cookie, verifier, 32768)
            if not entries and not end:
                raise ValueError('READDIR returned nothing before the end of the folder')
            names += [name for _, name, _ in entries if name not in (b'.', b'..')]
            cookie = entries[-1][2] if entries else cookie
        return names

    def fsstat(self, handle):
        """(total, free, available) bytes and the same of files."""
        r = self._ok('FSSTAT', 18, Packer().opaque(handle))
        post_op_attr(r)
        result = tuple(r.u64() for _ in range(6))
        r.u32()
        r.end()
        return result

    def commit(self, handle):
        """The verifier."""
        r = self._ok('COMMIT', 21, Packer().opaque(handle).u64(0).u32(0))
        wcc_data(r)
        return r.raw(8)


def client(server, export='/share', credential=None, patience_s=0):
    """(client, root handle) of a server of `server.py`."""
    from guest import SERVER_ADDRESS
    root = mount((SERVER_ADDRESS, server.mount_port), export, credential)
    connection = RpcConnection((SERVER_ADDRESS, server.nfs_port), credential, patience_s=patience_s)
    return Nfs3(connection, server.exact_listings), root
