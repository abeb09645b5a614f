#!/usr/bin/python3
"""The portmapper at port 111 of the server's address: mounts without port= and mountport=, showmount, rpcinfo."""
from guest import run, run_guest
from world import check


def body(world):
    server = world.server(portmap=111)
    mounts = [(server.source(), options, folder) for options, folder in (
        ('vers=3,nolock', '/mnt/share'), ('vers=3,nolock,mountproto=udp', '/mnt/udp'))]
    run_guest(mounts, 'portmap.py', ['/mnt/share', '/share'])
    world.steps.step('libnfs finds the ports by itself', run, 'nfs-ls', f'nfs://{server.source().replace(":", "")}')


check(body)
