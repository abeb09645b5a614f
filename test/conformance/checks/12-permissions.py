#!/usr/bin/python3
"""Users, groups, sticky and setgid folders, squashing, read-only exports, with a kernel client."""
from guest import run_guest
from nfs3 import NfsError, client
from server import Export
from steps import equal
from world import check

EXPORTS = [Export(), Export('/squashed', squash='root'), Export('/nobody', squash='all'),
           Export('/readonly', access='ro')]


def read_only(nfs, root):
    file = nfs.lookup(root, 'anyones')
    for name, change in {
        'SETATTR': lambda: nfs.setattr(file, mode=0o600), 'WRITE': lambda: nfs.write(file, 0, b'x'),
        'CREATE': lambda: nfs.create(root, 'n'), 'MKDIR': lambda: nfs.mkdir(root, 'n'),
        'SYMLINK': lambda: nfs.symlink(root, 'n', 't'), 'REMOVE': lambda: nfs.remove(root, 'anyones'),
        'RMDIR': lambda: nfs.rmdir(root, 'house'), 'RENAME': lambda: nfs.rename(root, 'anyones', root, 'n'),
        'LINK': lambda: nfs.link(file, root, 'n'),
    }.items():
        try:
            change()
        except NfsError as error:
            equal(error.status, 'ROFS', name)
        else:
            raise AssertionError(f'{name} was accepted')
    equal(nfs.access(file) & 0b111100, 0, 'what ACCESS grants of MODIFY, EXTEND, DELETE, EXECUTE')


def body(world):
    server = world.server(exports=EXPORTS)
    folders = [f'/mnt{export.path}' for export in EXPORTS]
    # noac, nosharecache: each mount asks the server, none answers from another's memory
    mounts = [(server.source(export.path), server.options('noac', 'nosharecache'), folder)
              for export, folder in zip(EXPORTS, folders)]
    run_guest(mounts, 'permissions.py', folders)
    nfs, root = client(server, '/readonly')
    world.steps.step('every change of a read-only export is ROFS', read_only, nfs, root)


check(body)
