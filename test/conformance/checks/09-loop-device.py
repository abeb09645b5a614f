#!/usr/bin/python3
"""A loop device as the volume's store: service from it, and the safety catches of up, mkfs and grow."""
import hashlib
import json
import os

from guest import run
from nfs3 import client
from server import Lockkeeper
from steps import Skip, equal, require
from world import check

MIB = 1 << 20


class Loop:
    """A loop device over a file of the check's folder. The runner detaches what is left of them."""

    def __init__(self, world, name, mib):
        self.path = os.path.join(world.folder, f'{name}.img')
        with open(self.path, 'wb') as file:
            file.truncate(mib * MIB)
        try:
            self.device = run('losetup', '--find', '--show', self.path).strip()
        except RuntimeError as error:
            raise Skip(f'no loop devices here: {error}') from None

    def head(self):
        """Hash of the first MiB, as it is on the device."""
        with open(self.device, 'rb') as file:
            return hashlib.sha256(file.read(MIB)).hexdigest()


def copy_in(world, server):
    path = os.path.join(world.folder, 'payload')
    with open(path, 'wb') as file:
        file.write(os.urandom(20 * MIB))
    run('nfs-cp', path, server.url('payload'))
    same_payload(world, server)


def same_payload(world, server):
    back = os.path.join(world.folder, 'back')
    run('sh', '-c', 'exec nfs-cat "$1" >"$2"', 'sh', server.url('payload'), back)
    run('cmp', os.path.join(world.folder, 'payload'), back)


def refused(server, words, status, *mentions):
    """The command ends with `status` and names what it found."""
    got, output = server.cli_status(*words)
    equal(got, status, f'exit of {" ".join(words)} ({output.strip()[-300:]})')
    for mention in mentions:
        require(mention.lower() in output.lower(), f'{mention!r} is not in: {output.strip()[-300:]}')
    return output.strip().splitlines()[-1]


def other(world, name, device):
    """Another appliance's configuration for the same device: its own state folder and port."""
    server = Lockkeeper(os.path.join(world.folder, name), device=device)
    server.nfs_port = 3049
    server.write_config()
    return server


def status_lists_the_mover(server):
    status = json.loads(server.cli('status', '--json'))
    require('a' in json.dumps(status), f'{status}')


def serve(world, loop):
    server = Lockkeeper(os.path.join(world.folder, 'server'), device=loop.device)
    server.write_config()
    step = world.steps.step
    step('mkfs of an empty device', server.cli, 'mkfs', 'share')
    server.start()
    world.servers.append(server)
    step('copy in and out', copy_in, world, server)
    step('status', status_lists_the_mover, server)
    again = other(world, 'again', loop.device)
    step('a second up is refused', refused, again, ['up'], 2, loop.device)
    number = os.stat(loop.device).st_rdev
    alias = os.path.join(world.folder, 'alias')
    os.mknod(alias, 0o60600, number)
    # A special file outside /dev is an image by the configuration's rules, and still the same device.
    step('a second up by another name is refused', refused, other(world, 'alias-server', alias), ['up'], 2)
    step('mkfs of a device in use is refused', refused, again, ['mkfs', 'share'], 2, loop.device)
    step('mkfs --force of a device in use is refused', refused, again, ['mkfs', 'share', '--force'], 2, loop.device)
    step('and nothing was harmed', same_payload, world, server)
    server.stop()
    step('mkfs over a volume of ours is refused', refused, again, ['mkfs', 'share'], 1, 'force')
    step('the volume is sound', server.check_offline)
    server.start()
    step('after a restart the file is there', same_payload, world, server)
    return server


def total_bytes(server):
    nfs, root = client(server)
    return nfs.fsstat(root)[0]


def grow(world, server, loop):
    before = total_bytes(server)
    server.stop()
    with open(loop.path, 'r+b') as file:
        file.truncate(1024 * MIB)
    run('losetup', '-c', loop.device)
    server.cli('grow', 'share')
    server.check_offline()
    server.start()
    after = total_bytes(server)
    require(after - before > 400 * MIB, f'{before} bytes before, {after} after')
    same_payload(world, server)
    return f'{before // MIB} MiB before, {after // MIB} MiB after'


def untouched(server, loop, status, *mentions):
    """`up` refuses the device, and has written nothing to it."""
    before = loop.head()
    told = refused(server, ['up'], status, *mentions)
    equal(loop.head(), before, 'hash of the first MiB')
    return told


def foreign(world):
    step = world.steps.step
    loop = Loop(world, 'empty', 128)
    step('up on an empty device is refused and writes nothing', untouched, other(world, 'empty-server', loop.device),
         loop, 1, loop.device)
    loop = Loop(world, 'foreign', 128)
    run('mkfs.ext4', '-q', '-F', loop.device)
    before = loop.head()
    server = other(world, 'foreign-server', loop.device)
    step('mkfs over ext4 is refused, and names it', refused, server, ['mkfs', 'share'], 1, 'ext')
    step('up on ext4 is refused and writes nothing', untouched, server, loop, 1, loop.device)
    step('ext4 is as it was', lambda: (equal(loop.head(), before), run('e2fsck', '-fn', loop.device)) and None)
    step('mkfs --force', server.cli, 'mkfs', 'share', '--force')
    step('the new volume is sound', server.check_offline)
    loop = Loop(world, 'noise', 128)
    with open(loop.device, 'r+b') as file:
        file.seek(MIB - 4096)
        file.write(b'\1')
    server = other(world, 'noise-server', loop.device)
    step('mkfs over a first MiB that is not zero is refused', refused, server, ['mkfs', 'share'], 1, 'force')


def body(world):
    if world.kind is not Lockkeeper:
        raise Skip('is about the command lockkeeper')
    foreign(world)
    loop = Loop(world, 'volume', 512)
    server = serve(world, loop)
    world.steps.step('grow', grow, world, server, loop)


check(body)
