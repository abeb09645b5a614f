#!/usr/bin/python3
"""READDIR and READDIRPLUS resume: a folder is read one entry at a time while names come, go and change. What stayed is
seen exactly once, what was never there is never seen."""
import random

from nfs3 import NfsError, client
from steps import equal, require
from world import check

SEED = 8
ENTRIES = 400
ONE_ENTRY = 160  # bytes: the fixed part of READDIR3resok takes 104, an entry of these names 40
ONE_ENTRY_PLUS = 330


def name_of(number):
    return b'entry-%08d' % number


class Changing:
    """A folder with ENTRIES names, and changes to it. `stayed` are the names that were never touched."""

    def __init__(self, nfs, root, name, rng):
        self.nfs, self.random = nfs, rng
        self.folder = nfs.mkdir(root, name)
        self.there = {name_of(n) for n in range(ENTRIES)}
        for entry in sorted(self.there):
            nfs.create(self.folder, entry)
        self.stayed, self.ever, self.serial = set(self.there), set(self.there), ENTRIES
        self.reads = 0

    def fresh(self):
        self.serial += 1
        self.ever.add(name_of(self.serial))
        return name_of(self.serial)

    def change(self):
        """One removal, addition, rename away, or rename over a name that is there."""
        kind = self.random.choice(('remove', 'add', 'rename', 'over'))
        name = self.random.choice(sorted(self.there))
        if kind == 'add':
            name = self.fresh()
            self.nfs.create(self.folder, name)
            self.there.add(name)
            return
        self.stayed.discard(name)
        self.there.discard(name)
        if kind == 'remove':
            self.nfs.remove(self.folder, name)
            return
        target = self.fresh() if kind == 'rename' else self.random.choice(sorted(self.there))
        self.stayed.discard(target)
        self.nfs.rename(self.folder, name, self.folder, target)
        self.there.add(target)

    def read(self, cookie, verifier, plus):
        self.reads += 1
        if plus:
            entries, verifier, end = self.nfs.readdirplus(self.folder, cookie, verifier, ONE_ENTRY, ONE_ENTRY_PLUS)
        else:
            entries, verifier, end = self.nfs.readdir(self.folder, cookie, verifier, ONE_ENTRY)
        return [entry[:3] for entry in entries], verifier, end

    def scan(self, plus, changes):
        """All names in the order in which they came, `.` and `..` among them."""
        seen, cookies, cookie, verifier, end = [], set(), 0, bytes(8), False
        while not end:
            entries, verifier, end = self.read(cookie, verifier, plus)
            require(entries or end, 'an empty reply that is not the end')
            for _, name, cookie in entries:
                require(cookie not in cookies, f'cookie {cookie} twice')
                cookies.add(cookie)
                seen.append(name)
            require(len(seen) < 20 * ENTRIES, 'the scan does not end')
            if self.random.random() < changes:
                self.change()
        return seen


def stable(nfs, root, plus):
    folder = Changing(nfs, root, f'stable{plus}', random.Random(SEED))
    seen = folder.scan(plus, 0)
    equal(sorted(seen), sorted([b'.', b'..', *folder.there]), 'names')
    require(folder.reads > ENTRIES * 0.9, f'{folder.reads} reads for {ENTRIES} entries: the count was not respected')
    return f'{folder.reads} reads'


def changing(nfs, root, plus):
    folder = Changing(nfs, root, f'changing{plus}', random.Random(SEED + 1))
    seen = folder.scan(plus, 0.5)
    twice = sorted(name for name in folder.stayed if seen.count(name) > 1)
    missing = sorted(folder.stayed - set(seen))
    require(not twice and not missing, f'of those that stayed, missing {missing[:5]}, twice {twice[:5]}')
    strange = set(seen) - folder.ever - {b'.', b'..'}
    require(not strange, f'never there: {sorted(strange)[:5]}')
    equal((seen.count(b'.'), seen.count(b'..')), (1, 1), '. and ..')
    equal(sorted(folder.scan(plus, 0)), sorted([b'.', b'..', *folder.there]), 'names of a scan after that')
    return f'{len(folder.stayed)} stayed, {folder.serial - ENTRIES} came'


def after_the_last(nfs, root, _):
    """A resumption after an entry that is gone, and after all of them are."""
    folder = Changing(nfs, root, 'emptied', random.Random(SEED))
    entries, verifier, _ = nfs.readdir(folder.folder, 0, bytes(8), 4096)
    for name in folder.there:
        nfs.remove(folder.folder, name)
    rest, _, end = nfs.readdir(folder.folder, entries[-1][2], verifier, 4096)
    equal((rest, end), ([], True), 'what comes after an entry that is gone')


def resume_everywhere(nfs, root, _):
    """From every cookie the scan goes on with exactly the entries that followed it."""
    folder = Changing(nfs, root, 'everywhere', random.Random(SEED))
    whole, cookie, verifier, end = [], 0, bytes(8), False
    while not end:
        entries, verifier, end = nfs.readdir(folder.folder, cookie, verifier, 32768)
        whole += [(name, cookie) for _, name, cookie in entries]
        cookie = whole[-1][1]
    for at in range(0, len(whole), 7):
        entries, _, _ = nfs.readdir(folder.folder, whole[at][1], verifier, 512)
        got = [name for _, name, _ in entries]
        equal(got, [name for name, _ in whole[at + 1:at + 1 + len(got)]], f'entries after number {at}')


def too_small(nfs, root, _):
    for call, arguments in ((nfs.readdir, (0, bytes(8), 16)), (nfs.readdirplus, (0, bytes(8), 16, 16))):
        try:
            call(root, *arguments)
        except NfsError as error:
            equal(error.status, 'TOOSMALL')
        else:
            raise AssertionError(f'{call.__name__} fitted an entry into 16 bytes')


def body(world):
    server = world.server()
    nfs, root = client(server)
    print(f'# seed {SEED}')
    for name, step, plus in (
        ('READDIR one entry at a time', stable, False), ('READDIRPLUS one entry at a time', stable, True),
        ('READDIR while names come and go', changing, False), ('READDIRPLUS while names come and go', changing, True),
        ('resume after an entry that is gone', after_the_last, None),
        ('resume at every cookie', resume_everywhere, None),
        ('a count too small for anything is TOOSMALL', too_small, None),
    ):
        world.steps.step(name, step, nfs, root, plus)


check(body)
