#!/usr/bin/python3
"""kill -9 under load, five rounds: everything that was acknowledged as durable is there, and the volume is sound."""
import random
import time

from guest import SERVER_ADDRESS
from load import Worker
from nfs3 import NFS, client
from rpc import Credential, RpcConnection, accepted, call_message
from steps import Skip, require
from world import check
from xdr import Packer, Unpacker

SEED = 6
ROUNDS = 5
PATIENT, IMPATIENT = 4, 3


def pause(workers):
    """Waits until each has ended its turn, over as many connections as that takes."""
    for worker in workers:
        require(worker.idle.wait(90), f'{worker.name} hangs')
        if worker.error:
            raise worker.error


def compare(workers, root):
    return f'{sum(worker.compare(root) for worker in workers)} names'


def round_of(workers, root, kill, restore, load_s):
    """No worker begins another turn after the kill, so that nothing paints over what was lost."""
    for worker in workers:
        worker.gate.set()
    time.sleep(load_s)
    kill()
    for worker in workers:
        worker.gate.clear()
    restore()
    pause(workers)
    names = compare(workers, root)
    count = {what: sum(getattr(w, what) for w in workers) for what in ('acknowledged', 'in_doubt', 'rewritten')}
    resends = sum(worker.connection.resends for worker in workers)
    return f'{names}, {count["acknowledged"]} acknowledged, {count["in_doubt"]} in doubt, {resends} sent again, ' \
           f'{count["rewritten"]} rewritten'


def kill_all_and_start(server):
    server.kill_all()
    server.start()


def first_answer_again(server, root):
    """A call that was executed and answered is sent again, with its xid, to the next mover: the answer is the same."""
    if not server.remembers_replies:
        raise Skip(f'{server.name} keeps its replies in memory only')
    credential = Credential(machine='replay')
    arguments = Packer().opaque(root).opaque('once').u32(1).u32(0, 0, 0, 0, 0, 0).bytes()
    message = call_message(0x1234567, NFS, 3, 8, arguments, credential)
    answers = []
    for kill in (True, False):
        connection = RpcConnection((SERVER_ADDRESS, server.nfs_port), credential)
        connection.connect()
        connection.socket.sendall(message)
        reply = Unpacker(connection.read_record())
        reply.u32()
        answers.append((accepted(reply).u32(), reply.u32(), reply.opaque()))
        connection.close()
        if kill:
            kill_all_and_start(server)
    require(answers[0][0] == 0, f'the first CREATE failed: {answers[0][0]}')
    require(answers[0] == answers[1], f'first answer {answers[0]}, second {answers[1]}')


def body(world):
    server = world.server()
    rng = random.Random(SEED)
    _, root = client(server)
    print(f'# seed {SEED}')
    world.steps.step('a call sent again after kill -9 gets its first answer', first_answer_again, server, root)
    workers = [Worker(server, root, i, SEED, i < PATIENT) for i in range(PATIENT + IMPATIENT)]
    for worker in workers:
        worker.start()
    for number in range(1, ROUNDS + 1):
        everything = number % 2 == 0
        kill, restore = (server.kill_all, server.start) if everything else (server.kill_mover, server.await_mover)
        world.steps.step(f'round {number}: kill -9 of {"everything" if everything else "the mover"}, nothing is lost',
                         round_of, workers, root, kill, restore, 1 + 1.5 * rng.random())
        server.stop()
        world.steps.step(f'round {number}: the volume is sound', server.check_offline)
        server.start()
        world.steps.step(f'round {number}: after the next start all is there', compare, workers, root)
    world.steps.step('the load met the kills', lambda: require(
        sum(w.connection.resends for w in workers) >= ROUNDS and sum(w.acknowledged for w in workers) > 1000,
        'too few operations, or none was cut off'))
    for worker in workers:
        worker.ending = True


check(body)
