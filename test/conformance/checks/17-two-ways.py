#!/usr/bin/python3
"""The same files through two data movers: tools of libnfs that write at one and read at the other, and a source tree that
one client copies in through the secondary while another one lists it through the primary."""
import os

from guest import SECOND_ADDRESS, SERVER_ADDRESS, run
from nfs3 import client
from steps import equal
from two_movers import finish, guests, sound_and_silent, start_two
from world import check

SIZES = (0, 1, 4096, 1_234_567, 24 << 20)
FILES = 500
SEED = 17


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def copy_across(world, server, there, back):
    """Up through the mover at `there`, down through the one at `back`."""
    source, target = os.path.join(world.folder, 'up'), os.path.join(world.folder, 'down')
    for size in SIZES:
        name = f'{there}-{size}'
        content = os.urandom(size)
        with open(source, 'wb') as file:
            file.write(content)
        run('nfs-cp', source, server.url(name, address=there))
        run('nfs-cp', server.url(name, address=back), target)
        equal(hash(read(target)), hash(content), f'{size} bytes through nfs-cp')
        run('sh', '-c', 'exec nfs-cat "$1" >"$2"', 'sh', server.url(name, address=back), target)
        equal(hash(read(target)), hash(content), f'{size} bytes through nfs-cat')
        os.unlink(target)


def same_listing(server):
    listings = [sorted(run('nfs-ls', server.url('', address=address)).splitlines())
                for address in server.movers.values()]
    equal(listings[1], listings[0])
    equal(len(listings[0]), len(SIZES) * len(listings) + 1, 'names')


def body(world):
    server = start_two(world)
    nfs, root = client(server)
    nfs.mkdir(root, 'tree')
    steps = world.steps
    steps.step('libnfs: up at the primary, down at the secondary', copy_across, world, server, SERVER_ADDRESS, SECOND_ADDRESS)
    steps.step('libnfs: up at the secondary, down at the primary', copy_across, world, server, SECOND_ADDRESS, SERVER_ADDRESS)
    steps.step('libnfs: both list the same', same_listing, server)
    actions = {server.PRIMARY: 'watch', server.SECONDARY: 'copy'}
    running = guests(server, 'tree.py', lambda name: [actions[name], '/mnt/share', FILES, SEED])
    watching = running[server.PRIMARY].job
    finish(world, running, at_end={server.SECONDARY: lambda: open(os.path.join(watching, 'stop'), 'w').close()})
    sound_and_silent(world, server)


check(body)
