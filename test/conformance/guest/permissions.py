#!/usr/bin/python3
"""Who may do what: permissions.py SHARE SQUASHED NOBODY READONLY, four mounts of one volume: root is root, root is
nobody, everyone is nobody, read-only."""
import contextlib
import errno
import os
import shutil
import stat
import sys

sys.path.insert(0, os.environ['JOB'])
from steps import Steps, equal, raises, require

SHARE, SQUASHED, NOBODY, READONLY = sys.argv[1:]
ANN, BOB, CREW, NOBODY_ID = 1001, 1002, 3000, 65534


@contextlib.contextmanager
def user(uid, gid=None, groups=()):
    """As this user; NFS calls carry the effective ids and the groups."""
    os.setgroups(groups)
    os.setegid(uid if gid is None else gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups([])


def path(*names):
    return os.path.join(SHARE, *names)


def make(name, data=b'data', mode=0o644, uid=0, gid=0, top=SHARE):
    full = os.path.join(top, name)
    with open(full, 'wb') as file:
        file.write(data)
    os.chown(full, uid, gid)
    os.chmod(full, mode)
    return full


def make_folder(name, mode, uid=0, gid=0):
    os.mkdir(path(name))
    os.chown(path(name), uid, gid)
    os.chmod(path(name), mode)
    return path(name)


def read(full):
    with open(full, 'rb') as file:
        return file.read()


def write(full, data=b'new'):
    with open(full, 'r+b', buffering=0) as file:
        file.write(data)


def touch(full):
    os.close(os.open(full, os.O_CREAT | os.O_WRONLY, 0o666))


def owner_only():
    full = make('owner-only', mode=0o600, uid=ANN, gid=ANN)
    with user(ANN):
        equal(read(full), b'data')
        write(full)
    with user(BOB):
        raises(errno.EACCES, read, full)
        raises(errno.EACCES, write, full)
    read(full)


def groups():
    full = make('group', mode=0o660, uid=ANN, gid=CREW)
    many = list(range(4001, 4016))
    for uid, gid, supplementary in ((BOB, CREW, []), (BOB, BOB, [CREW]), (BOB, BOB, [*many, CREW])):
        with user(uid, gid, supplementary):
            read(full)
            write(full)
    with user(BOB, BOB, many):
        raises(errno.EACCES, read, full)


def class_order():
    """The owner's bits count for the owner, also where others may do more."""
    full = make('class', mode=0o066, uid=ANN, gid=CREW)
    closed = make('class-group', mode=0o606, uid=ANN, gid=CREW)
    with user(BOB, BOB, [CREW]):
        raises(errno.EACCES, read, closed)
    with user(BOB):
        read(full)
        read(closed)
    with user(ANN):
        require(not os.access(full, os.R_OK, effective_ids=True), 'ACCESS grants the owner what others may')


def search_and_list():
    search = make_folder('search', 0o711)
    listing = make_folder('listing', 0o744)
    for folder in (search, listing):
        make(os.path.join(folder, 'inside'), mode=0o644)
    with user(BOB):
        equal(read(os.path.join(search, 'inside')), b'data')
        raises(errno.EACCES, os.listdir, search)
        equal(os.listdir(listing), ['inside'])
        raises(errno.EACCES, os.stat, os.path.join(listing, 'inside'))


def folder_write():
    folder = make_folder('anns', 0o755, ANN, ANN)
    make('anns/file', uid=ANN, gid=ANN)
    with user(BOB):
        raises(errno.EACCES, touch, os.path.join(folder, 'new'))
        raises(errno.EACCES, os.unlink, os.path.join(folder, 'file'))
        raises(errno.EACCES, os.mkdir, os.path.join(folder, 'new'))
        raises(errno.EACCES, os.symlink, 'x', os.path.join(folder, 'new'))
        raises(errno.EACCES, os.rename, os.path.join(folder, 'file'), os.path.join(folder, 'new'))
    with user(ANN):
        touch(os.path.join(folder, 'new'))
        os.unlink(os.path.join(folder, 'file'))


def sticky():
    folder = make_folder('sticky', 0o1777, CREW, CREW)
    for name in ('a', 'b', 'c'):
        make(f'sticky/{name}', uid=ANN, gid=ANN, mode=0o666)
    make('sticky/bobs', uid=BOB, gid=BOB)
    denied = (errno.EPERM, errno.EACCES)

    def refused(body, *arguments):
        try:
            body(*arguments)
        except OSError as error:
            require(error.errno in denied, f'{error}')
        else:
            raise AssertionError('a sticky folder let a stranger in')
    with user(BOB):
        refused(os.unlink, os.path.join(folder, 'a'))
        refused(os.rename, os.path.join(folder, 'a'), os.path.join(folder, 'z'))
        refused(os.rename, os.path.join(folder, 'bobs'), os.path.join(folder, 'a'))
        write(os.path.join(folder, 'a'))
    with user(ANN):
        os.unlink(os.path.join(folder, 'a'))
    with user(CREW):
        os.unlink(os.path.join(folder, 'b'))
    os.unlink(os.path.join(folder, 'c'))


def setgid_folder():
    folder = make_folder('setgid', 0o2777, 0, CREW)
    with user(ANN):
        touch(os.path.join(folder, 'file'))
        os.mkdir(os.path.join(folder, 'sub'))
        os.symlink('x', os.path.join(folder, 'link'))
        touch(path('open-house'))
    for name in ('file', 'sub', 'link'):
        equal(os.lstat(os.path.join(folder, name)).st_gid, CREW, f'group of {name}')
    require(os.stat(os.path.join(folder, 'sub')).st_mode & stat.S_ISGID, 'a new folder did not inherit setgid')
    require(not os.stat(os.path.join(folder, 'file')).st_mode & stat.S_ISGID, 'a file inherited setgid')
    equal(os.stat(path('open-house')).st_gid, ANN, 'group without setgid')


def chown_rules():
    full = make('chown', uid=ANN, gid=ANN)
    with user(ANN, ANN, [CREW]):
        raises(errno.EPERM, os.chown, full, BOB, -1)
        raises(errno.EPERM, os.chown, full, -1, BOB)
        os.chown(full, -1, CREW)
    with user(BOB, BOB, [CREW]):
        raises(errno.EPERM, os.chown, full, -1, BOB)
    equal((os.stat(full).st_uid, os.stat(full).st_gid), (ANN, CREW))


def chmod_rules():
    full = make('chmod', uid=ANN, gid=CREW, mode=0o666)
    with user(BOB):
        raises(errno.EPERM, os.chmod, full, 0o600)
    with user(ANN):
        os.chmod(full, 0o2755)
    require(not os.stat(full).st_mode & stat.S_ISGID, 'an owner outside the group set setgid')


def setuid_is_lost():
    full = make('setuid', uid=ANN, gid=ANN, mode=0o6777)
    with user(BOB):
        write(full)
    equal(os.stat(full).st_mode & 0o6000, 0, 'setuid and setgid after a write by another')
    os.chmod(full, 0o6755)
    with user(ANN, ANN, [CREW]):
        os.chown(full, -1, CREW)
    equal(os.stat(full).st_mode & 0o4000, 0, 'setuid after chown')


def times_rules():
    full = make('times', uid=ANN, gid=ANN, mode=0o666)
    closed = make('times-closed', uid=ANN, gid=ANN, mode=0o644)
    with user(BOB):
        os.utime(full)
        raises(errno.EPERM, os.utime, full, (1, 1))
        raises(errno.EACCES, os.utime, closed)
    with user(ANN):
        os.utime(full, (5, 5))
    equal(os.stat(full).st_mtime, 5)


def created_read_only():
    """Who creates a file without write permission may write through that open: RFC 1813 §4.4."""
    make_folder('open', 0o777)
    with user(ANN):
        fd = os.open(path('open/read-only'), os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o444)
        os.write(fd, b'written')
        os.fsync(fd)
        os.close(fd)
        raises(errno.EACCES, write, path('open/read-only'))
    equal(read(path('open/read-only')), b'written')


def execute_only():
    """A program that may be run and not read is still loaded: the server lets execute stand for read."""
    shutil.copy('/bin/busybox', path('true'))
    os.chmod(path('true'), 0o711)
    child = os.fork()
    if child == 0:
        try:
            with user(BOB):
                os.setresuid(BOB, BOB, BOB)
                os.execv(path('true'), ['true'])
        finally:
            os._exit(99)
    equal(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, 'exit of the program')
    with user(BOB):
        raises(errno.EACCES, read, path('true'))


def devices():
    with user(ANN):
        raises(errno.EPERM, os.mknod, path('open/device'), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mkfifo(path('open/fifo'))


def move_foreign_folder():
    """Moving a folder to another parent changes its `..`: that takes write permission on the folder itself."""
    make_folder('from', 0o777)
    make_folder('to', 0o777)
    make_folder('from/anns', 0o755, ANN, ANN)
    with user(BOB):
        raises(errno.EACCES, os.rename, path('from/anns'), path('to/anns'))
    with user(ANN):
        os.rename(path('from/anns'), path('to/anns'))


def root_squash():
    secret = os.path.join(SQUASHED, 'secret')
    make('secret', mode=0o600, uid=ANN, gid=ANN)
    make('anyones', mode=0o666, uid=ANN, gid=ANN)
    make_folder('house', 0o777)
    raises(errno.EACCES, read, secret)
    raises(errno.EPERM, os.chown, os.path.join(SQUASHED, 'anyones'), 0, 0)
    raises(errno.EPERM, os.chmod, os.path.join(SQUASHED, 'anyones'), 0o600)
    touch(os.path.join(SQUASHED, 'house/roots'))
    info = os.stat(path('house/roots'))
    equal((info.st_uid, info.st_gid), (NOBODY_ID, NOBODY_ID), "owner of root's file")
    with user(ANN):
        equal(read(secret), b'data')
        touch(os.path.join(SQUASHED, 'house/anns'))
    equal(os.stat(path('house/anns')).st_uid, ANN)


def all_squash():
    with user(ANN):
        raises(errno.EACCES, read, os.path.join(NOBODY, 'secret'))
        touch(os.path.join(NOBODY, 'house/whose'))
    equal(os.stat(path('house/whose')).st_uid, NOBODY_ID)


def read_only():
    full = os.path.join(READONLY, 'anyones')
    equal(read(full), b'data')
    require('anyones' in os.listdir(READONLY), 'the listing is short')
    for body, *arguments in ((write, full), (touch, os.path.join(READONLY, 'new')), (os.unlink, full),
                             (os.mkdir, os.path.join(READONLY, 'new')), (os.chmod, full, 0o600), (os.truncate, full, 0),
                             (os.rename, full, full + '2'), (os.link, full, full + '2'), (os.symlink, 'x', full + '3'),
                             (os.rmdir, os.path.join(READONLY, 'house')), (os.utime, full)):
        try:
            body(*arguments)
        except OSError as error:  # EACCES where the client asked ACCESS first
            require(error.errno in (errno.EROFS, errno.EACCES), f'{body.__name__}: {error}')
        else:
            raise AssertionError(f'{body.__name__} changed a read-only export')
    equal(read(path('anyones')), b'data')


def main():
    os.chmod(SHARE, 0o777)
    steps = Steps()
    for name, body in (
        ("the owner's bits", owner_only), ('primary and supplementary groups', groups),
        ('owner before group before others', class_order), ('search and list', search_and_list),
        ('write permission on a folder', folder_write), ('sticky folder', sticky), ('setgid folder', setgid_folder),
        ('chown and chgrp', chown_rules), ('chmod', chmod_rules),
        ('setuid is lost by a write and by chown', setuid_is_lost),
        ('utimens', times_rules), ('write to a file that was created read-only', created_read_only),
        ('run a program that may not be read', execute_only), ('device files are for root', devices),
        ("move another's folder", move_foreign_folder), ('root squash', root_squash), ('all squash', all_squash),
        ('read-only export', read_only),
    ):
        steps.step(name, body)
    steps.finish()


main()
