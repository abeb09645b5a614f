"""Calls of every procedure of NLM, NSM and MOUNT, and of the portmapper's version 2, with what is to be answered."""
from fields import fixed, opaque, text, u32, u64

NLM, NSM, MOUNT, PORTMAP = 100021, 100024, 100005, 100000
TEST, LOCK, CANCEL, UNLOCK, GRANTED = range(1, 6)
MESSAGE, RESULT = 5, 10  # from a procedure to its _MSG and its _RES
SHARE, UNSHARE, NM_LOCK, FREE_ALL = range(20, 24)
OK, DENIED, _, BLOCKED, GRACE = range(5)
STATE = 7
COOKIE = b'\x12\x34\x56\x78'


class Row:
    """`results` of None: they are not known beforehand."""

    def __init__(self, program, version, procedure, arguments=(), results=()):
        self.program, self.version, self.procedure = program, version, procedure
        self.arguments, self.results = arguments, results


class Locks:
    """Calls of one version of NLM about one file; `number` tells owners apart."""

    def __init__(self, version, handle):
        self.version, self.handle = version, handle

    def bounds(self, start, length):
        if self.version == 4:
            return [u64(start, 'nlm.lock.l_offset64'), u64(length, 'nlm.lock.l_len64')]
        return [u32(start, 'nlm.lock.l_offset'), u32(length, 'nlm.lock.l_len')]

    def alock(self, number, start=1000, length=100):
        return [text(f'c{number}', 'nlm.lock.caller_name'), opaque(self.handle),
                opaque(b'owner%d' % number, 'nlm.lock.owner'), u32(number, 'nlm.lock.svid'), *self.bounds(start, length)]

    def row(self, procedure, arguments, results):
        return Row(NLM, self.version, procedure, [opaque(COOKIE, 'nlm.cookie'), *arguments],
                   results and [opaque(COOKIE, 'nlm.cookie'), *results])

    def status(self, number):
        return [u32(number, 'nlm.stat')]

    def holder(self, number):
        """Of TEST: DENIED, and who has it."""
        return [u32(DENIED, 'nlm.test_stat.stat'), u32(1, 'nlm.exclusive'), u32(number, 'nlm.lock.svid'),
                opaque(b'owner%d' % number, 'nlm.lock.owner'), *self.bounds(1000, 100)]

    def arguments(self, procedure, number, block=0, reclaim=0):
        before = {TEST: [u32(1, 'nlm.exclusive')], UNLOCK: [], GRANTED: [u32(1, 'nlm.exclusive')]}.get(
            procedure, [u32(block, 'nlm.block'), u32(1, 'nlm.exclusive')])
        behind = [u32(reclaim, 'nlm.reclaim'), u32(STATE, 'nlm.state')] if procedure in (LOCK, NM_LOCK) else []
        return [*before, *self.alock(number), *behind]

    def call(self, procedure, number, stat, **options):
        results = self.holder(1) if procedure == TEST else self.status(stat)
        return self.row(procedure, self.arguments(procedure, number, **options), results)

    def message(self, procedure, number, **options):
        return self.row(procedure + MESSAGE, self.arguments(procedure, number, **options), ())

    def share(self, procedure, number):
        arguments = [text(f'c{number}', 'nlm.lock.caller_name'), opaque(self.handle),
                     opaque(b'owner%d' % number, 'nlm.lock.owner'), u32(2, 'nlm.share.mode'), u32(3, 'nlm.share.access'),
                     u32(0, 'nlm.reclaim')]
        return self.row(procedure, arguments, [u32(OK, 'nlm.stat'), u32(0, 'nlm.sequence')])

    def rows(self):
        found = [
            Row(NLM, self.version, 0),
            self.call(LOCK, 1, OK),
            self.call(TEST, 2, DENIED),
            self.call(LOCK, 2, DENIED),
            self.call(LOCK, 2, BLOCKED, block=1),
            self.call(CANCEL, 2, OK, block=1),
            self.call(LOCK, 2, GRACE, reclaim=1),
            self.call(GRANTED, 1, DENIED),
            self.row(TEST + RESULT, [u32(OK, 'nlm.test_stat.stat')], ()),
            *(self.row(one + RESULT, self.status(OK), ()) for one in (LOCK, CANCEL, UNLOCK, GRANTED)),
        ]
        if self.version != 1:
            found += [self.share(SHARE, 1), self.share(UNSHARE, 1), self.call(NM_LOCK, 1, OK),
                      Row(NLM, self.version, FREE_ALL, [text('nobody', 'nlm.share.name'), u32(5, 'nlm.state')])]
        return found

    def messages(self):
        """Each with the call that comes back: its procedure, and its arguments behind the cookie."""
        return [
            (self.message(TEST, 2), TEST + RESULT, self.holder(1)),
            (self.message(LOCK, 3, block=1), LOCK + RESULT, self.status(BLOCKED)),
            (self.message(CANCEL, 3, block=1), CANCEL + RESULT, self.status(OK)),
            (self.message(UNLOCK, 2), UNLOCK + RESULT, self.status(OK)),
            (self.message(GRANTED, 2), GRANTED + RESULT, self.status(DENIED)),
        ]


def nsm_rows(state):
    name = text('c1', 'stat.name')
    me = [text('c2', 'stat.my_id.hostname'), *(u32(n, f'stat.my_id.{what}') for n, what in ((7, 'prog'), (8, 'vers'),
                                                                                             (9, 'proc')))]
    # tshark shows the state behind it only where that is success.
    refused = [u32(1, 'stat.stat_res.res')]
    return [
        Row(NSM, 1, 0),
        Row(NSM, 1, 1, [name], [*refused, u32(state)]),
        Row(NSM, 1, 2, [text('c1', 'stat.mon_id.name'), *me, fixed(bytes(range(16)), 'stat.priv')],
            [*refused, u32(-1)]),
        Row(NSM, 1, 3, [text('c1', 'stat.mon_id.name'), *me], [u32(state, 'stat.state')]),
        Row(NSM, 1, 4, me, [u32(state, 'stat.state')]),
        Row(NSM, 1, 5),
        Row(NSM, 1, 6, [text('nobody', 'stat.mon_id.name'), u32(5, 'stat.state')]),
    ]


def mount_rows(version, host, export, clients, handle):
    path = text(export, 'mount.path')
    found = [opaque(handle), u32(1, 'mount.flavors'), u32(1, 'mount.flavor')]
    mounted = [u32(1), text(host, 'mount.dump.hostname'), text(export, 'mount.dump.directory'), u32(0)]
    exports = [u32(1), text(export, 'mount.export.directory'), u32(1), text(clients, 'mount.export.group'), u32(0), u32(0)]
    denied = [u32(13, 'mount.status')]
    mnt = Row(MOUNT, version, 1, [path], denied if version == 1 else [u32(0, 'mount.status'), *found])
    listed = [Row(MOUNT, version, 2, (), mounted)] if version == 3 else []
    return [Row(MOUNT, version, 0), mnt, *listed, Row(MOUNT, version, 5, (), exports), Row(MOUNT, version, 3, [path]),
            Row(MOUNT, version, 2, (), [u32(0)]), Row(MOUNT, version, 4)]


def portmap_rows(port):
    mapping = [u32(MOUNT, 'portmap.prog'), u32(3, 'portmap.version'), u32(17, 'portmap.proto'), u32(0, 'portmap.port')]
    call = [u32(MOUNT, 'portmap.prog'), u32(3, 'portmap.version'), u32(0, 'portmap.proc'), opaque(b'')]
    return [
        Row(PORTMAP, 2, 0),
        Row(PORTMAP, 2, 1, mapping, [u32(0, 'portmap.answer')]),
        Row(PORTMAP, 2, 2, mapping, [u32(0, 'portmap.answer')]),
        Row(PORTMAP, 2, 3, mapping, [u32(port, 'portmap.port')]),
        Row(PORTMAP, 2, 5, call, [u32(port, 'portmap.port'), opaque(b'')]),
    ]
