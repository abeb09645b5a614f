#!/usr/bin/python3
"""Holds a lock of a file: hold.py FOLDER hold|wait|notice. `hold` has it and sleeps until it is killed; `wait` waits for it,
and `notice` is what the holder's machine is when it has come back: its status monitor has told its servers. Each says so,
with the time."""
import fcntl
import os
import sys
import time

FOLDER, WHAT = sys.argv[1:3]


def say(word):
    print(word, time.time(), flush=True)


if WHAT == 'notice':
    say('back')
    # Its status monitor tells its servers meanwhile.
    time.sleep(5)
    sys.exit(0)
fd = os.open(os.path.join(FOLDER, 'held'), os.O_RDWR | os.O_CREAT, 0o666)
if WHAT == 'hold':
    fcntl.lockf(fd, fcntl.LOCK_EX)
    say('holds')
    time.sleep(10_000)
say('waits')
fcntl.lockf(fd, fcntl.LOCK_EX)
say('holds')
