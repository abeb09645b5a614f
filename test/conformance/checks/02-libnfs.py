#!/usr/bin/python3
"""The tools of libnfs (a client in user space): list, copy both ways, print; of an export, of a folder below it, and of
an export of a subtree."""
import hashlib
import os

from guest import run
from nfs3 import client
from server import Export
from steps import equal, require
from world import check

SIZES = {'empty': 0, 'one': 1, 'block': 4096, 'odd': 1_234_567, 'large': 24 << 20}


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def names_of(listing):
    """nfs-ls prints mode, links, owners and size before the name."""
    return sorted(line.split()[-1] for line in listing.splitlines() if line.strip())


def copy_both_ways(world, server, export, folder):
    for name, size in SIZES.items():
        source, back = (os.path.join(world.folder, f'{kind}-{name}') for kind in ('up', 'down'))
        with open(source, 'wb') as file:
            file.write(os.urandom(size))
        url = server.url(f'{folder}{name}', export)
        run('nfs-cp', source, url)
        run('nfs-cp', url, back)
        equal(digest(back), digest(source), f'{name} through nfs-cp')
        run('sh', '-c', 'exec nfs-cat "$1" >"$2"', 'sh', url, back)
        equal(digest(back), digest(source), f'{name} through nfs-cat')
        os.unlink(back)


def listing(server, export, folder, want):
    equal(names_of(run('nfs-ls', server.url(folder, export))), sorted(want))


def body(world):
    server = world.server()
    nfs, root = client(server)
    nfs.mkdir(nfs.mkdir(root, 'folder'), 'below')
    steps = world.steps
    steps.step('copy up, down and print', copy_both_ways, world, server, '/share', '')
    steps.step('list', listing, server, '/share', '', [*SIZES, 'folder'])
    steps.step('copy in a folder of the export', copy_both_ways, world, server, '/share', 'folder/')
    steps.step('list a folder of the export', listing, server, '/share', 'folder', [*SIZES, 'below'])
    server.stop()
    server.exports = [Export(), Export('/sub', '/folder')]
    server.start()
    steps.step('copy in an export of a subtree', copy_both_ways, world, server, '/sub', 'below/')
    steps.step('list an export of a subtree', listing, server, '/sub', '', [*SIZES, 'below'])

    def root_is_the_root():
        nfs, root = client(server, '/sub')
        equal(nfs.getattr(nfs.lookup(root, '..')).fileid, nfs.getattr(root).fileid, 'fileid of .. at the root')
        require(b'folder' not in nfs.list(root), 'the subtree shows its parent')
    steps.step('.. of a subtree stays in it', root_is_the_root)


check(body)
