"""File contents that both sides can compute: MiB number i of a seed, no two alike, no 4 KiB block twice."""
import hashlib
import random

MIB = 1 << 20


def blocks(seed, mib):
    base = random.Random(seed).randbytes(MIB + 8192)
    for i in range(mib):
        head = i.to_bytes(8, 'little')
        shift = i * 8 % 8192
        yield head + base[shift:shift + MIB - 8]


def digest(seed, mib):
    state = hashlib.sha256()
    for block in blocks(seed, mib):
        state.update(block)
    return state.hexdigest()


def digest_of(file):
    return hashlib.file_digest(file, 'sha256').hexdigest()
