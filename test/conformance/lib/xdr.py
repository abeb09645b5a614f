"""XDR (RFC 4506), as much as the raw client needs."""
import struct


class Packer:
    def __init__(self):
        self.parts = []

    def u32(self, *values):
        self.parts.append(struct.pack(f'>{len(values)}I', *values))
        return self

    def u64(self, *values):
        self.parts.append(struct.pack(f'>{len(values)}Q', *values))
        return self

    def raw(self, data):
        """Bytes of a fixed length that is a multiple of four."""
        self.parts.append(data)
        return self

    def opaque(self, data):
        if isinstance(data, str):
            data = data.encode(errors='surrogateescape')
        self.parts += [struct.pack('>I', len(data)), data, bytes(-len(data) % 4)]
        return self

    def bytes(self):
        return b''.join(self.parts)


class Unpacker:
    """Raises ValueError on data that is too short."""

    def __init__(self, data, position=0):
        self.data, self.position = data, position

    def _take(self, size):
        begin, self.position = self.position, self.position + size
        if self.position > len(self.data):
            raise ValueError(f'the reply ends at {len(self.data)}, {self.position} wanted')
        return begin

    def u32(self):
        return struct.unpack_from('>I', self.data, self._take(4))[0]

    def u64(self):
        return struct.unpack_from('>Q', self.data, self._take(8))[0]

    def raw(self, size):
        begin = self._take(size)
        return self.data[begin:begin + size]

    def opaque(self):
        size = self.u32()
        begin = self._take(size + -size % 4)
        return self.data[begin:begin + size]

    def end(self):
        if self.position != len(self.data):
            raise ValueError(f'{len(self.data) - self.position} bytes are left over')
