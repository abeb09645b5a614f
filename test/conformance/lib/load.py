"""A load that knows what it was promised: each worker changes a folder of its own through raw NFS and keeps a model of
all that was acknowledged as durable, to compare with what a later client sees."""
import random
import threading
import time

from guest import SERVER_ADDRESS
from nfs3 import DIRECTORY, FILE_SYNC, REGULAR, SYMLINK, UNSTABLE, Nfs3, NfsError
from rpc import Credential, RpcConnection

SECTOR = 512
LIMIT = 96 * 1024
PATIENCE_S = 60


class Model:
    """What a folder holds: names (name -> object number) and objects (number -> (kind, content))."""

    def __init__(self, names=None, objects=None):
        self.names, self.objects = dict(names or {}), dict(objects or {})

    def copy(self):
        return Model(self.names, self.objects)

    def of_kind(self, kind):
        return [name for name, number in self.names.items() if self.objects[number][0] == kind]


class Worker(threading.Thread):
    """A patient worker sends a call again until it is answered, as a kernel client does, and accepts no other answer
    than the first execution's. An impatient one gives up when the connection breaks, and then finds out what came of it."""

    def __init__(self, server, root, number, seed, patient, address=SERVER_ADDRESS):
        super().__init__(name=f'w{number}', daemon=True)
        self.server, self.patient, self.address = server, patient, address
        self.random = random.Random(seed * 1000 + number)
        self.connection = self._connection(f'load{number}', PATIENCE_S if patient else 0)
        self.nfs = Nfs3(self.connection, server.exact_listings)
        self.folder = self.nfs.mkdir(root, self.name)
        self.model, self.handles = Model(), {}
        self.between = []  # contents that a file passes through during an operation of several calls
        self.serial = self.acknowledged = self.in_doubt = self.rewritten = 0
        self.error = None
        self.gate, self.idle, self.ending = threading.Event(), threading.Event(), False

    def _connection(self, machine, patience_s, address=None):
        return RpcConnection((address or self.address, self.server.nfs_port), Credential(machine=machine), timeout_s=30,
                             patience_s=patience_s)

    def run(self):
        try:
            while not self.ending:
                if self.gate.is_set():
                    self.idle.clear()
                    self.turn()
                else:
                    self.idle.set()
                    self.gate.wait(0.05)
        except Exception as error:
            self.error = error
        self.idle.set()

    # One turn: an operation, the state after it, and the call that brings it about.

    def turn(self):
        operation = self.random.choices(
            (self.create, self.write, self.write_and_commit, self.rename, self.remove, self.link, self.truncate,
             self.mkdir, self.rmdir, self.symlink), (6, 6, 4, 4, 4, 2, 2, 2, 1, 1))[0]
        self.between = []
        planned = operation()
        if planned is None:
            return
        after, call = planned
        resends = self.connection.resends
        try:
            call()
        except OSError:
            if self.patient:
                raise
            self.in_doubt += 1
            self.settle(after)
            return
        except NfsError as error:
            forgotten = error.status in ('EXIST', 'NOENT', 'NOTEMPTY') and self.connection.resends > resends
            if not forgotten or self.server.remembers_replies:
                raise
        self.model = after
        self.acknowledged += 1

    def new_name(self):
        self.serial += 1
        return f'{self.random.choice("abc")}{self.serial}'.encode()

    def pick(self, kind):
        names = self.model.of_kind(kind)
        return self.random.choice(names) if names else None

    def plan_new(self, kind, content):
        after, name = self.model.copy(), self.new_name()
        after.names[name] = self.serial
        after.objects[self.serial] = (kind, content)
        return after, name, self.serial

    def create(self):
        if len(self.model.names) > 60:
            return self.remove()
        after, name, number = self.plan_new(REGULAR, b'')

        def call():
            self.handles[number] = self.nfs.create(self.folder, name)
        return after, call

    def mkdir(self):
        after, name, _ = self.plan_new(DIRECTORY, b'')
        return after, lambda: self.nfs.mkdir(self.folder, name)

    def symlink(self):
        target = b't' * self.random.randrange(1, 200)
        after, name, _ = self.plan_new(SYMLINK, target)
        return after, lambda: self.nfs.symlink(self.folder, name, target)

    def changed(self, name, offset, data):
        """The model after `data` was written at `offset`."""
        after, number = self.model.copy(), self.model.names[name]
        old = after.objects[number][1]
        after.objects[number] = (REGULAR, old[:offset].ljust(offset, b'\0') + data + old[offset + len(data):])
        return after, number

    def piece(self):
        size = self.random.randrange(1, 12000)
        return self.random.randrange(LIMIT - size), self.random.randbytes(size)

    def write(self):
        name = self.pick(REGULAR)
        if name is None:
            return None
        offset, data = self.piece()
        after, number = self.changed(name, offset, data)

        def call():
            done = 0
            while done < len(data):
                done += self.nfs.write(self.handle(number, name), offset + done, data[done:], FILE_SYNC)[0]
        return after, call

    def write_and_commit(self):
        """UNSTABLE pieces and a COMMIT; while a verifier is not COMMIT's, all are sent again (RFC 1813 §3.3.21)."""
        name = self.pick(REGULAR)
        if name is None:
            return None
        pieces = [self.piece() for _ in range(self.random.randrange(1, 8))]
        kept, number = self.model, self.model.names[name]
        for offset, data in pieces:
            self.model = self.changed(name, offset, data)[0]
            self.between.append(self.model.objects[number][1])
        after, self.model = self.model, kept

        def call():
            while True:
                handle, verifiers = self.handle(number, name), set()
                for offset, data in pieces:
                    done = 0
                    while done < len(data):
                        count, _, verifier = self.nfs.write(handle, offset + done, data[done:], UNSTABLE)
                        verifiers.add(verifier)
                        done += count
                if verifiers == {self.nfs.commit(handle)}:
                    return
                self.rewritten += 1
        return after, call

    def truncate(self):
        name = self.pick(REGULAR)
        if name is None:
            return None
        after, number = self.model.copy(), self.model.names[name]
        size = self.random.randrange(LIMIT)
        after.objects[number] = (REGULAR, after.objects[number][1][:size].ljust(size, b'\0'))
        return after, lambda: self.nfs.setattr(self.handle(number, name), size=size)

    def rename(self):
        """To a new name, or over another file."""
        name = self.pick(REGULAR)
        if name is None:
            return None
        target = self.pick(REGULAR) if self.random.random() < 0.4 else self.new_name()
        if self.model.names.get(target) == self.model.names[name]:
            return None
        after = self.model.copy()
        after.names[target] = after.names.pop(name)
        return after, lambda: self.nfs.rename(self.folder, name, self.folder, target)

    def remove(self):
        name = self.pick(self.random.choice((REGULAR, REGULAR, REGULAR, SYMLINK)))
        if name is None:
            return None
        after = self.model.copy()
        del after.names[name]
        return after, lambda: self.nfs.remove(self.folder, name)

    def rmdir(self):
        name = self.pick(DIRECTORY)
        if name is None:
            return None
        after = self.model.copy()
        del after.names[name]
        return after, lambda: self.nfs.rmdir(self.folder, name)

    def link(self):
        name = self.pick(REGULAR)
        if name is None:
            return None
        after, new = self.model.copy(), self.new_name()
        number = after.names[new] = after.names[name]
        return after, lambda: self.nfs.link(self.handle(number, name), self.folder, new)

    def handle(self, number, name):
        """Handles are kept for ever: they must live through every restart."""
        if number not in self.handles:
            self.handles[number] = self.nfs.lookup(self.folder, name)
        return self.handles[number]

    # After a call whose answer never came.

    def settle(self, after):
        """Takes what is there for the state, if it is the old or the new one; of data, each sector may be either."""
        before, give_up = self.model, time.monotonic() + PATIENCE_S
        while True:
            try:
                names = set(self.nfs.list(self.folder))
                if names == set(before.names) != set(after.names):
                    return
                if names != set(after.names):
                    raise AssertionError(f'{self.name}: neither the old nor the new names: '
                                         f'{sorted(names ^ set(before.names))[:5]}')
                for number in set(after.names.values()):
                    if before.objects.get(number, after.objects[number]) != after.objects[number]:
                        self.settle_content(number, before.objects[number][1], after)
                self.model = after
                return
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)

    def settle_content(self, number, old, after):
        contents = [old, *self.between, after.objects[number][1]]
        name = next(n for n, k in after.names.items() if k == number)
        got = self.nfs.read_all(self.nfs.lookup(self.folder, name))
        sizes = sorted(map(len, contents))
        if len(got) not in sizes and not (sizes[0] < len(got) < sizes[-1] and len(got) % SECTOR == 0):
            raise AssertionError(f'{self.name}/{name.decode()}: {len(got)} bytes, expected one of {sizes}')
        for at in range(0, max(len(got), sizes[-1]), SECTOR):
            part = got[at:at + SECTOR]
            if all(part != content[at:at + SECTOR] for content in contents) and not mixed(part, contents, at):
                raise AssertionError(f'{self.name}/{name.decode()}: bytes at {at} are neither old nor new')
        after.objects[number] = (REGULAR, got)

    # Comparing.

    def compare(self, root, address=None):
        """Raises unless a new client, of the mover at `address`, sees exactly the model. Returns the number of names."""
        nfs = Nfs3(self._connection('verify', PATIENCE_S, address), self.server.exact_listings)
        folder = nfs.lookup(root, self.name)
        names = nfs.list(folder)
        if sorted(names) != sorted(self.model.names):
            raise AssertionError(f'{self.name}: missing {sorted(set(self.model.names) - set(names))[:5]}, '
                                 f'unexpected {sorted(set(names) - set(self.model.names))[:5]}')
        links = {}
        for name, number in self.model.names.items():
            links.setdefault(number, []).append(name)
        for number, group in links.items():
            self.compare_object(nfs, folder, number, group)
        nfs.connection.close()
        return len(names)

    def compare_object(self, nfs, folder, number, group):
        kind, content = self.model.objects[number]
        what = f'{self.name}/{group[0].decode()}'
        handle = nfs.lookup(folder, group[0])
        attributes = nfs.getattr(handle)
        if attributes.type != kind:
            raise AssertionError(f'{what}: type {attributes.type} instead of {kind}')
        if number in self.handles and self.handles[number] != handle:
            raise AssertionError(f'{what}: another handle than before')
        if kind == SYMLINK and nfs.readlink(handle) != content:
            raise AssertionError(f'{what}: another target')
        if kind != REGULAR:
            return
        if attributes.nlink != len(group) or any(nfs.lookup(folder, name) != handle for name in group):
            raise AssertionError(f'{what}: {attributes.nlink} links, {len(group)} names')
        got = nfs.read_all(handle)
        if len(got) != len(content) or attributes.size != len(content):
            raise AssertionError(f'{what}: {len(got)} bytes (GETATTR: {attributes.size}) instead of {len(content)}')
        if got != content:
            at = next(i for i in range(len(got)) if got[i] != content[i])
            raise AssertionError(f'{what}: byte {at} of {len(got)} is wrong')


def mixed(part, contents, at):
    """A sector that a write's end cut, or a size change: each byte is from one of the contents, or zero past an end."""
    return all(any(byte == (content[at + i] if at + i < len(content) else 0) for content in contents)
               for i, byte in enumerate(part))
