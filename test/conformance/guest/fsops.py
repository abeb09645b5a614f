#!/usr/bin/python3
"""Basic file operations of one client: fsops.py FOLDER [FILES] [BIG_MIB] [PORT]. With PORT, the host is told there when it
is half-way through a step of many operations (lib/meeting.py)."""
import errno
import fcntl
import hashlib
import mmap
import os
import sys
import time

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, raises, require
from talk import Talk

FOLDER = os.path.join(sys.argv[1], 'fsops')
FILES = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
BIG_MIB = int(sys.argv[3]) if len(sys.argv) > 3 else 64
SYNCED = 50
EXCLUSIVE_NOW = fcntl.LOCK_EX | fcntl.LOCK_NB
CREATE = os.O_CREAT | os.O_RDWR

talk = Talk(int(sys.argv[4])) if len(sys.argv) > 4 else None


def path(name):
    return os.path.join(FOLDER, name)


def content(number):
    return (b'%08d' % number) * (1 + number % 500)


def write_file(name, data):
    fd = os.open(path(name), CREATE | os.O_TRUNC, 0o644)
    try:
        equal(os.write(fd, data), len(data), 'bytes written')
    finally:
        os.close(fd)


def read_file(name):
    with open(path(name), 'rb', buffering=0) as file:
        return file.read()


def half_way(turn, turns, step):
    if talk is not None:
        talk.half_way(turn, turns, step)


def drop_caches():
    os.sync()
    with open('/proc/sys/vm/drop_caches', 'w') as file:
        file.write('3')


def many_create():
    os.mkdir(path('many'))
    for i in range(FILES):
        half_way(i, FILES, 'create')
        write_file(f'many/f{i:05d}', content(i))


def many_list(prefix):
    equal(sorted(os.listdir(path('many'))), [f'{prefix}{i:05d}' for i in range(FILES)])


def many_stat():
    for i in range(FILES):
        equal(os.stat(path(f'many/f{i:05d}')).st_size, len(content(i)), f'size of file {i}')


def many_read():
    drop_caches()
    for i in range(FILES):
        equal(hash(read_file(f'many/f{i:05d}')), hash(content(i)), f'content of file {i}')


def many_rename():
    for i in range(FILES):
        half_way(i, FILES, 'rename')
        os.rename(path(f'many/f{i:05d}'), path(f'many/g{i:05d}'))


def many_unlink():
    for i in range(FILES):
        half_way(i, FILES, 'unlink')
        os.unlink(path(f'many/g{i:05d}'))


def empty_and_rmdir():
    equal(os.listdir(path('many')), [])
    os.rmdir(path('many'))
    raises(errno.ENOENT, os.stat, path('many'))


def rmdir_refuses():
    os.mkdir(path('full'))
    write_file('full/x', b'1')
    raises(errno.ENOTEMPTY, os.rmdir, path('full'))
    raises(errno.ENOTDIR, os.rmdir, path('full/x'))
    raises(errno.EISDIR, os.unlink, path('full'))


def fsync_often():
    fd = os.open(path('synced'), CREATE)
    for i in range(SYNCED):
        half_way(i, SYNCED, 'fsync')
        os.pwrite(fd, b'x' * 4096, i * 4096)
        os.fsync(fd)
    os.close(fd)
    drop_caches()
    equal(len(read_file('synced')), SYNCED * 4096)


def truncate():
    write_file('cut', b'a' * 10000)
    os.truncate(path('cut'), 100)
    equal(read_file('cut'), b'a' * 100)
    os.truncate(path('cut'), 5000)
    drop_caches()
    equal(read_file('cut'), b'a' * 100 + bytes(4900))


def rename_over_open():
    write_file('one', b'one')
    write_file('two', b'two')
    fd = os.open(path('two'), os.O_RDONLY)
    os.rename(path('one'), path('two'))
    equal(read_file('two'), b'one')
    equal(os.read(fd, 9), b'two')
    os.close(fd)


def rename_directories():
    for name in ('d1', 'd1/sub', 'd2', 'd3'):
        os.mkdir(path(name))
    write_file('d3/kept', b'1')
    raises(errno.EINVAL, os.rename, path('d1'), path('d1/sub/d1'))
    raises(errno.ENOTEMPTY, os.rename, path('d1'), path('d3'))
    os.rename(path('d1'), path('d2'))
    os.rename(path('d2/sub'), path('d3/sub'))
    equal(sorted(os.listdir(path('d3'))), ['kept', 'sub'])
    equal(os.stat(path('d3')).st_nlink, 3, 'links of the new parent')
    equal(os.stat(path('d2')).st_nlink, 2, 'links of the old parent')
    equal(os.stat(path('d3/sub/..')).st_ino, os.stat(path('d3')).st_ino, 'inode of ..')


def read_after_unlink():
    fd = os.open(path('gone'), CREATE)
    os.write(fd, b'hello')
    os.unlink(path('gone'))
    equal(os.pread(fd, 9, 0), b'hello')
    os.close(fd)
    require(not os.path.exists(path('gone')), 'the name is still there')


def exclusive_create():
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    os.close(os.open(path('exclusive'), flags, 0o640))
    equal(os.stat(path('exclusive')).st_mode & 0o777, 0o640, 'mode')
    require(abs(os.stat(path('exclusive')).st_mtime - time.time()) < 3600, 'the verifier was left in the times')
    raises(errno.EEXIST, os.open, path('exclusive'), flags)


def shared_mmap():
    write_file('mapped', bytes(65536))
    fd = os.open(path('mapped'), os.O_RDWR)
    view = mmap.mmap(fd, 65536)
    for i in range(16):
        view[i * 4096:i * 4096 + 4] = b'%04d' % i
    view.flush()
    view.close()
    os.close(fd)
    drop_caches()
    data = read_file('mapped')
    for i in range(16):
        equal(data[i * 4096:i * 4096 + 5], b'%04d\0' % i)


def sparse():
    fd = os.open(path('sparse'), CREATE)
    os.pwrite(fd, b'A', 0)
    os.pwrite(fd, b'Z', 200 << 20)
    os.fsync(fd)
    os.close(fd)
    drop_caches()
    stat = os.stat(path('sparse'))
    equal(stat.st_size, (200 << 20) + 1)
    require(stat.st_blocks * 512 < 100 << 20, f'a hole takes {stat.st_blocks} blocks')
    fd = os.open(path('sparse'), os.O_RDONLY)
    equal(os.pread(fd, 4096, 100 << 20), bytes(4096), 'the hole')
    equal(os.pread(fd, 10, 200 << 20), b'Z')
    equal(os.pread(fd, 10, 201 << 20), b'')
    os.close(fd)


def allocate():
    fd = os.open(path('allocated'), CREATE)
    os.posix_fallocate(fd, 0, 1 << 20)
    os.close(fd)
    equal(os.stat(path('allocated')).st_size, 1 << 20)


def copy_range():
    write_file('source', b'q' * 300000)
    source, target = os.open(path('source'), os.O_RDONLY), os.open(path('target'), CREATE)
    left = 300000
    while left:
        copied = os.copy_file_range(source, target, left)
        require(copied > 0, 'copy_file_range copied nothing')
        left -= copied
    os.close(source)
    os.close(target)
    equal(read_file('target'), b'q' * 300000)


def append():
    fd = os.open(path('appended'), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    lines = [b'%07d\n' % i for i in range(100)]
    for line in lines:
        os.write(fd, line)
    os.close(fd)
    equal(read_file('appended'), b''.join(lines))


def attributes():
    write_file('attributes', b'1')
    os.chmod(path('attributes'), 0o2640)
    os.utime(path('attributes'), ns=(1_600_000_000_123456700, 1_600_000_001_123456700))
    os.chown(path('attributes'), 1234, 70000)
    drop_caches()
    stat = os.stat(path('attributes'))
    equal(stat.st_mtime_ns, 1_600_000_001_123456700, 'mtime')
    equal(stat.st_atime_ns, 1_600_000_000_123456700, 'atime')
    equal((stat.st_uid, stat.st_gid), (1234, 70000), 'owner')
    require(stat.st_ctime > 1_600_000_002, 'ctime did not move')


def times_move():
    write_file('times', b'1')
    before = os.stat(path('times'))
    time.sleep(0.02)
    fd = os.open(path('times'), os.O_WRONLY)
    os.pwrite(fd, b'2', 0)
    os.close(fd)
    drop_caches()
    after = os.stat(path('times'))
    require(after.st_mtime_ns > before.st_mtime_ns, 'a write did not move mtime')
    require(after.st_ctime_ns > before.st_ctime_ns, 'a write did not move ctime')


def links():
    write_file('linked', b'1')
    os.symlink('linked', path('symlink'))
    equal(os.readlink(path('symlink')), 'linked')
    os.link(path('linked'), path('hardlink'))
    equal(os.stat(path('linked')).st_nlink, 2)
    equal(os.stat(path('linked')).st_ino, os.stat(path('hardlink')).st_ino)
    os.unlink(path('linked'))
    equal(os.stat(path('hardlink')).st_nlink, 1)
    raises(errno.ENOENT, os.stat, path('symlink'))
    raises(errno.EEXIST, os.link, path('hardlink'), path('symlink'))


def special_files():
    import stat
    os.mkfifo(path('fifo'), 0o600)
    os.mknod(path('null'), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    drop_caches()
    require(stat.S_ISFIFO(os.stat(path('fifo')).st_mode), 'not a fifo')
    equal(os.stat(path('null')).st_rdev, os.makedev(1, 3))


def names():
    listed = [b'\xc3\xbcn\xc3\xafc\xc3\xb6d\xc3\xa9', b'with space', b'a' * 255, '日本語'.encode(), b'dot.', b'CaseA',
              b'casea', b'latin-\xfc', b'new\nline', b'-rf', b'back\\slash', b'\x01']
    folder = os.fsencode(path('names'))
    os.mkdir(folder)
    for name in listed:
        write_file(os.path.join(folder, name).decode(errors='surrogateescape'), name)
    drop_caches()
    equal(sorted(os.listdir(folder)), sorted(listed))
    for name in listed:
        with open(os.path.join(folder, name), 'rb') as file:
            equal(file.read(), name)
    raises(errno.ENAMETOOLONG, os.mkdir, os.path.join(folder, b'a' * 256))


def extended_attribute():
    write_file('xattr', b'1')
    os.setxattr(path('xattr'), 'user.k', b'v')
    equal(os.getxattr(path('xattr'), 'user.k'), b'v')


def range_lock():
    fd = os.open(path('locked'), CREATE)
    fcntl.lockf(fd, EXCLUSIVE_NOW, 100, 0)
    fcntl.lockf(fd, fcntl.LOCK_UN, 50, 25)
    fcntl.lockf(fd, fcntl.LOCK_UN)
    os.close(fd)


def whole_lock():
    first, second = os.open(path('flocked'), CREATE), os.open(path('flocked'), os.O_RDWR)
    fcntl.flock(first, EXCLUSIVE_NOW)
    raises(errno.EAGAIN, fcntl.flock, second, EXCLUSIVE_NOW)
    os.close(first)
    fcntl.flock(second, EXCLUSIVE_NOW)
    os.close(second)


def statistics():
    before = os.statvfs(FOLDER)
    require(0 < before.f_bavail <= before.f_bfree <= before.f_blocks, f'{before}')
    write_file('space', os.urandom(8 << 20))
    drop_caches()
    used = (before.f_bfree - os.statvfs(FOLDER).f_bfree) * before.f_frsize
    require(used > 4 << 20, f'8 MiB were written and {used} bytes went')


def big_file():
    blocks = [os.urandom(1 << 20) for _ in range(4)]
    want, got = hashlib.sha256(), hashlib.sha256()
    begin = time.monotonic()
    fd = os.open(path('big'), CREATE)
    for i in range(BIG_MIB):
        half_way(i, BIG_MIB, 'big')
        want.update(blocks[i % 4])
        os.write(fd, blocks[i % 4])
    os.fsync(fd)
    os.close(fd)
    write_s = time.monotonic() - begin
    drop_caches()
    begin = time.monotonic()
    with open(path('big'), 'rb', buffering=0) as file:
        while block := file.read(1 << 20):
            got.update(block)
    equal(got.hexdigest(), want.hexdigest())
    return f'write {BIG_MIB / write_s:.0f} MiB/s, read {BIG_MIB / (time.monotonic() - begin):.0f} MiB/s'


def remove_all():
    for folder, folders, files in os.walk(os.fsencode(FOLDER), topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            os.rmdir(os.path.join(folder, name))
    os.rmdir(FOLDER)


def main():
    steps = Steps()
    os.mkdir(FOLDER)
    for name, body, *arguments in (
        ('create and write many', many_create), ('list many', many_list, 'f'), ('stat many', many_stat),
        ('read many back', many_read), ('rename many', many_rename), ('list after rename', many_list, 'g'),
        ('unlink many', many_unlink), ('rmdir', empty_and_rmdir), ('rmdir and unlink refuse', rmdir_refuses),
        (f'fsync {SYNCED} times', fsync_often), ('truncate down and up', truncate),
        ('rename over an open file', rename_over_open), ('rename directories', rename_directories),
        ('read after unlink', read_after_unlink), ('O_EXCL', exclusive_create), ('shared mmap', shared_mmap),
        ('sparse file', sparse), ('posix_fallocate', allocate), ('copy_file_range', copy_range),
        ('O_APPEND', append), ('chmod, chown, utimens', attributes), ('a write moves the times', times_move),
        ('symlink and hard link', links), ('fifo and device', special_files), ('names', names),
        ('user extended attribute', extended_attribute), ('fcntl lock, split, unlock', range_lock),
        ('flock', whole_lock), ('statfs', statistics), (f'{BIG_MIB} MiB, hashed', big_file),
        ('remove all', remove_all),
    ):
        steps.step(name, body, *arguments)
    steps.finish()


main()
