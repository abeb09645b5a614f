#!/usr/bin/python3
"""64 MiB and 1 GiB, written by a kernel client and read by libnfs, and the other way round."""
import os
import subprocess

from guest import run, run_guest
from pattern import blocks, digest, digest_of
from steps import equal
from world import check

SIZES_MIB = (64, 1024)


def read_by_libnfs(server, mib):
    with subprocess.Popen(['nfs-cat', server.url(f'written-{mib}')], stdout=subprocess.PIPE) as reader:
        equal(digest_of(reader.stdout), digest(mib, mib))
    equal(reader.returncode, 0, 'exit of nfs-cat')


def write_by_libnfs(world, server, mib):
    path = os.path.join(world.folder, 'source')
    with open(path, 'wb') as file:
        for block in blocks(mib, mib):
            file.write(block)
    run('nfs-cp', path, server.url(f'copied-{mib}'))
    os.unlink(path)


def body(world):
    server = world.server()
    mounts = [(server.source(), server.options(), '/mnt/share')]
    run_guest(mounts, 'bigfile.py', ['write', '/mnt/share', *SIZES_MIB])
    for mib in SIZES_MIB:
        world.steps.step(f'libnfs reads {mib} MiB', read_by_libnfs, server, mib)
        world.steps.step(f'libnfs writes {mib} MiB', write_by_libnfs, world, server, mib)
    run_guest(mounts, 'bigfile.py', ['read', '/mnt/share', *SIZES_MIB])


check(body)
