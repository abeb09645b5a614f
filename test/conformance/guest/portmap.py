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
    rows_wanted = [('100003', '3', 'tcp')]
    for protocol in ('tcp', 'udp'):
        rows_wanted += [('100005', version, protocol) for version in '13']
        rows_wanted += [('100000', version, protocol) for version in '234']
    for row in rows_wanted:
        require(row in rows, f'{row} is missing in {sorted(rows)}')


def addresses():
    text = output('rpcinfo', SERVER)
    for row in (('100003', '3', 'tcp', f'{SERVER}.8.1'), ('100005', '1', 'udp', f'{SERVER}.8.1')):
        require(row in {tuple(line.split()[:4]) for line in text.splitlines()[1:]}, text)


def main():
    steps = Steps()
    steps.step('the mount works', use)
    steps.step('showmount -e', exports)
    steps.step('rpcinfo -p', programs)
    steps.step('rpcinfo: rpcbind 3 and 4', addresses)
    steps.step('rpcinfo -s', output, 'rpcinfo', '-s', SERVER)
    steps.step('rpcinfo -m', output, 'rpcinfo', '-m', SERVER)
    steps.step('rpcinfo -l', output, 'rpcinfo', '-l', SERVER, '100005', '3')
    steps.step('rpcinfo -T', output, 'rpcinfo', '-T', 'tcp', SERVER, '100003', '3')
    steps.step('rpcinfo -t: NFS answers', output, 'rpcinfo', '-t', SERVER, '100003', '3')
    steps.step('rpcinfo -t: MOUNT answers', output, 'rpcinfo', '-t', SERVER, '100005', '3')
    for version in '13':
        steps.step(f'rpcinfo -u: MOUNT {version} answers over UDP', output, 'rpcinfo', '-u', SERVER, '100005', version)
    steps.finish()


main()
