#!/usr/bin/python3
"""A source tree of 20,000 small files: copied in, compared, removed."""
from guest import run_guest
from world import check

FILES = 20000
SEED = 4


def sound(server):
    server.stop()
    return server.check_offline()


def body(world):
    server = world.server()
    mounts = [(server.source(), server.options(), '/mnt/share')]
    run_guest(mounts, 'tree.py', ['copy', '/mnt/share', FILES, SEED], mem_mib=1024)
    world.steps.step('the volume is sound', sound, server)
    server.start()
    run_guest(mounts, 'tree.py', ['remove', '/mnt/share', FILES, SEED])
    world.steps.step('the emptied volume is sound', sound, server)


check(body)
