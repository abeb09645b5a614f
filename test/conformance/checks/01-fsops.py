#!/usr/bin/python3
"""A kernel client's basic file operations over NFSv3 (locks under nolock stay in the client)."""
from guest import run_guest
from world import check


def body(world):
    server = world.server()
    run_guest([(server.source(), server.options(), '/mnt/share')], 'fsops.py', ['/mnt/share'])


check(body)
