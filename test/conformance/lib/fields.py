"""Bytes, and what tshark shows of them, from one description: a list of values, each with tshark's name of its field."""
from xdr import Packer


class Value:
    """`packed` stands on the wire; tshark shows `shown` as `field`. None: it shows nothing that could be compared."""

    def __init__(self, packed, field=None, shown=None):
        self.packed, self.field, self.shown = packed, field, shown


def u32(value, field=None):
    return Value(Packer().u32(value & 0xFFFFFFFF).bytes(), field, value & 0xFFFFFFFF)


def u64(value, field=None):
    return Value(Packer().u64(value).bytes(), field, value)


def opaque(data, field=None):
    return Value(Packer().opaque(data).bytes(), field, data.hex())


def text(data, field=None):
    return Value(Packer().opaque(data).bytes(), field, data)


def fixed(data, field=None):
    return Value(data, field, data.hex())


def packed(values):
    return b''.join(value.packed for value in values)


def shown(values):
    """What tshark shows, by field, in order."""
    found = {}
    for value in values:
        if value.field is not None:
            found.setdefault(value.field, []).append(value.shown)
    return found


def same(want, got):
    """Whether tshark's word is the value: it writes numbers in several ways, and booleans as words in some versions."""
    if isinstance(want, str):
        return got.replace(':', '') == want.replace(':', '')
    return int({'True': '1', 'False': '0'}.get(got, got), 0) == want
