#!/usr/bin/python3
"""Simulated worlds and crashes with other seeds than `npm test` has, and more of them: nothing goes wrong in any."""
import os
import re
import subprocess

from server import ROOT, Lockkeeper
from steps import Skip, require
from world import check

FIRST_SEEDS = (1001, 2001)
COUNT = 60
KINDS = ('tokens', 'data', 'truncate', 'names', 'locks', 'failure', 'lockers')
CRASH_SEED = '1001'
PLAYED = re.compile(r'(\w+): (\d+) worlds, seeds ')


def start(*words, **environment):
    return subprocess.Popen(['node', *words], cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def told(process):
    """All that it says, once it has ended."""
    text, _ = process.communicate()
    for line in text.splitlines():
        print('#', line, flush=True)
    return text


def worlds_play(process):
    text = told(process)
    require(process.returncode == 0, f'ended with {process.returncode}: {text[-2000:]}')
    played = {kind: int(count) for kind, count in PLAYED.findall(text)}
    require(played == dict.fromkeys(KINDS, COUNT), f'were played: {played}')
    return f'{sum(played.values())} worlds'


def crashes_leave_all(process):
    text = told(process)
    require(process.returncode == 0, f'ended with {process.returncode}: {text[-2000:]}')
    require(re.search(r'^ok 1 - every crash ', text, re.MULTILINE), 'told no story')
    return 'every record type and write site has been crashed'


def body(world):
    if world.kind is not Lockkeeper:
        raise Skip('is about the code of Lockkeeper')
    plays = [start('test/sim/run.ts', '--seed', str(seed), '--count', str(COUNT)) for seed in FIRST_SEEDS]
    stories = start('test/crash/stories.test.ts', CRASH_SEED=CRASH_SEED)
    for seed, process in zip(FIRST_SEEDS, plays):
        world.steps.step(f'worlds from seed {seed} on', worlds_play, process)
    world.steps.step(f'crash stories of seed {CRASH_SEED}', crashes_leave_all, stories)


check(body)
