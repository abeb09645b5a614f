#!/usr/bin/python3
"""Movers and their supervisor die under load, or stand still for longer than their lease, five times in each way: the tests
of test/faults/ for longer, and those that wait for leases to end. Their clients work on the same few files at all movers,
and what they are told must be one history; counters that they increment under locks lose nothing; what a mover holds that
stands still is granted to others when nothing of it is left; `check` finds the volume clean."""
import collections
import os
import re
import subprocess

from server import ROOT, Lockkeeper
from steps import Skip, equal
from world import check

ROUNDS = 5
FAULTS = os.path.join(ROOT, 'test', 'faults')
TESTS = ('shared.test.ts', 'shared-stopped.timed.ts', 'stopped.timed.ts')
DEATHS = ('a secondary', 'the primary', 'a secondary and the primary', 'the supervisor', 'a secondary that stands still',
          'a primary that stands still', 'a secondary that is woken late', 'a primary that is woken late',
          'a secondary whose clients have locks', 'a primary whose clients have locks')
# TAP: what a test asserts is indented; how it ends stands at the margin.
TEST_END = re.compile(r'(ok|not ok) \d+ - (.*?)(?: # .*)?$')
FAILURE = re.compile(r' +not ok \d+ - (.*)')
ROUND_END = re.compile(r' +ok \d+ - (.*), round \d+$')


def run_test(name):
    """Returns the exit status and what was said, line by line, which is also printed."""
    lines = []
    with subprocess.Popen(['node', os.path.join(FAULTS, name)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, 'SHARED_ROUNDS': str(ROUNDS)}) as process:
        for line in process.stdout:
            lines.append(line.rstrip('\n'))
            print('#', lines[-1], flush=True)
    return process.returncode, lines


def body(world):
    if world.kind is not Lockkeeper:
        raise Skip('is about the movers of Lockkeeper')
    rounds = collections.Counter()
    for name in TESTS:
        status, lines = run_test(name)
        failures = []
        for line in lines:
            if failure := FAILURE.match(line):
                failures.append(failure[1])
            elif end := TEST_END.match(line):
                world.steps.step(end[2], equal, [end[1], *failures], ['ok'])
                failures = []
        rounds.update(end[1] for line in lines if (end := ROUND_END.match(line)))
        world.steps.step(f'{name} ends well', equal, status, 0)
    for death in DEATHS:
        world.steps.step(f'{death}: {ROUNDS} times', equal, rounds[death], ROUNDS)


check(body)
