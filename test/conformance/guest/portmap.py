#!/usr/bin/python3
"""What a client learns from the server's portmapper: portmap.py FOLDER EXPORT. The folder was mounted through it."""
import os
import subprocess
import sys

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, require

FOLDER, EXPORT = sys.argv[1:]
SERVER = os.environ['HOSTIP']


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    equal(done.returncode, 0, f'exit of {" ".join(command)} ({done.stdout.strip()})')
    return done.stdout


def use():
    with open(os.path.join(FOLDER, 'file'), 'w') as file:
        file.write('through the portmapper')
    with open(os.path.join(FOLDER, 'file')) as file:
        equal(file.read(), 'through the portmapper')


def exports():
    text = output('showmount', '-e', '--no-headers', SERVER)
    require(EXPORT in text.split(), text)
    return text


def programs():
    text = output('rpcinfo', '-p', SERVER)
    rows = {tuple(line.split()[:3]) for line in text.splitlines()[1:]}
    for row in (('100003', '3', 'tcp'), ('100005', '3', 'tcp'), ('100000', '2', 'tcp')):
        require(row in rows, f'{row} is missing in {sorted(rows)}')


def main():
    steps = Steps()
    steps.step('the mount works', use)
    steps.step('showmount -e', exports)
    steps.step('rpcinfo -p', programs)
    steps.step('rpcinfo -t: NFS answers', output, 'rpcinfo', '-t', SERVER, '100003', '3')
    steps.step('rpcinfo -t: MOUNT answers', output, 'rpcinfo', '-t', SERVER, '100005', '3')
    steps.finish()


main()
