#!/usr/bin/python3
"""Movers and their supervisor die under load, five times in each way: test/faults/shared.test.ts for longer. Its clients
work on the same few files at all movers, and what they are told must be one history; counters that they
increment under locks lose nothing; `check` finds the volume clean."""
import collections
import os
import re
import subprocess

from server import ROOT, Lockkeeper
from steps import Skip, equal
from world import check

ROUNDS = 5
TEST = os.path.join(ROOT, 'test', 'faults', 'shared.test.ts')
DEATHS = ('a secondary', 'the primary', 'a secondary and the primary', 'the supervisor', 'a secondary that stands still',
          'a primary that stands still', 'a secondary that is woken late', 'a primary that is woken late',
          'a secondary whose clients have locks', 'a primary whose clients have locks')
# TAP: what a test asserts is indented; how it ends stands at the margin.
TEST_END = re.compile(r'(ok|not ok) \d+ - (.*?)(?: # .*)?$')
ROUND_END = re.compile(r' +ok \d+ - (.*), round \d+$')


def run_test():
    """Returns the exit status and what was said, line by line, which is also printed."""
    lines = []
    with subprocess.Popen(['node', TEST], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, 'SHARED_ROUNDS': str(ROUNDS)}) as process:
        for line in process.stdout:
            lines.append(line.rstrip('\n'))
            print('#', lines[-1], flush=True)
    return process.returncode, lines


def body(world):
    if world.kind is not Lockkeeper:
        raise Skip('is about the movers of Lockkeeper')
    status, lines = run_test()
    for end in filter(None, map(TEST_END.match, lines)):
        world.steps.step(end[2], equal, end[1], 'ok')
    rounds = collections.Counter(end[1] for end in map(ROUND_END.match, lines) if end)
    for death in DEATHS:
        world.steps.step(f'{death}: {ROUNDS} times', equal, rounds[death], ROUNDS)
    world.steps.step('the test ends well', equal, status, 0)


check(body)
