import { INODE_FLAG } from '../../mover/volume/inode-value.ts'
import { KIND, type Kind, setKey } from '../../mover/volume/keys.ts'
import { bitmapBlock, CHUNK_TYPE } from '../../mover/volume/layout.ts'
import { ROOT_INO } from '../../mover/volume/mkfs.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { BusyVolume, forgetDevices, newDevice } from './volume-busy.ts'
import {
  closed,
  entryValue,
  extentsOf,
  extentValue,
  key,
  NO_BYTES,
  nameKey,
  nameValue,
  nodesOf,
  type Spoiling,
} from './volume-spoil.ts'

/** Records that say what is not so. */
export const SPOILED_RECORDS: readonly Spoiling[] = [
  {
    name: 'a parent pointer is missing',
    open: (busy, c) => busy.plant(key(c.file, KIND.parent, busy.cookie(c.dir, 'file'), c.dir), null),
    problems: (c) => [
      new RegExp(
        `directory inode ${c.dir} has the name "file" \\(cookie \\d+\\) for inode ${c.file}, which has no parent`,
      ),
    ],
  },
  {
    name: 'a parent pointer leads nowhere',
    open: (busy, c) => busy.plant(key(c.file, KIND.parent, 7777, c.empty), NO_BYTES),
    problems: (c) => [
      new RegExp(
        `inode ${c.file} has a parent pointer to cookie 7777 of directory inode ${c.empty}, where no entry names`,
      ),
    ],
  },
  {
    name: 'an entry is missing',
    open: (busy, c) => busy.plant(key(c.dir, KIND.entry, busy.cookie(c.dir, 'file')), null),
    problems: (c) => [
      new RegExp(
        `directory inode ${c.dir}: the name index has "file" for inode ${c.file} at cookie \\d+, where there is no`,
      ),
      new RegExp(`inode ${c.file} has a parent pointer to cookie \\d+ of directory inode ${c.dir}, where no entry`),
      new RegExp(`inode ${c.file} \\(file\\) has a link count of 1, and 0 names`),
    ],
  },
  {
    name: 'a name is not in the index',
    open: (busy, c) => busy.plant(nameKey(c.subdir, 'Größe', busy.cookie(c.subdir, 'Größe')), null),
    problems: (c) => [
      new RegExp(`directory inode ${c.subdir}: the name "Größe" \\(cookie \\d+\\) is not in the name index`),
    ],
  },
  {
    name: 'a name has wrong hashes',
    open: (busy, c) => {
      const cookie = busy.cookie(c.subdir, 'Größe')
      busy.plant(nameKey(c.subdir, 'Größe', cookie), null)
      busy.plant(setKey(new Key(), c.subdir, KIND.name, 1, 2, cookie), nameValue(c.small, Buffer.from('Größe')))
    },
    problems: (c) => [new RegExp(`inode ${c.subdir} has the name "Größe" \\(cookie \\d+\\) under wrong hashes`)],
  },
  {
    name: 'the index has another name than the entry',
    open: (busy, c) => {
      const cookie = busy.cookie(c.dir, 'fifo')
      busy.plant(nameKey(c.dir, 'fifo', cookie), null)
      busy.plant(nameKey(c.dir, 'lifo', cookie), nameValue(c.file, Buffer.from('lifo')))
    },
    problems: (c) => [
      new RegExp(
        `directory inode ${c.dir}: cookie \\d+ is "fifo" for inode ${c.fifo} by its entry, and "lifo" for inode ${c.file}`,
      ),
    ],
  },
  {
    name: 'an entry names an inode that does not exist',
    open: (busy, c) => {
      const cookie = busy.inode(c.empty).nextCookie
      busy.plantInode(c.empty, (inode) => (inode.nextCookie += 1))
      busy.plant(key(c.empty, KIND.entry, cookie), entryValue(99_999, 1, Buffer.from('ghost')))
      busy.plant(nameKey(c.empty, 'ghost', cookie), nameValue(99_999, Buffer.from('ghost')))
    },
    problems: (c) => [
      new RegExp(
        `directory inode ${c.empty} has the name "ghost" \\(cookie \\d+\\) for inode 99999, which does not exist`,
      ),
    ],
  },
  {
    name: 'an entry has the wrong type',
    open: (busy, c) => {
      const cookie = busy.cookie(c.dir, 'fifo')
      busy.plant(key(c.dir, KIND.entry, cookie), entryValue(c.fifo, 7, Buffer.from('fifo')))
    },
    problems: (c) => [new RegExp(`the name "fifo" \\(cookie \\d+\\) for a socket, and inode ${c.fifo} is a fifo`)],
  },
  {
    name: 'a name is there twice',
    open: (busy, c) => busy.link(c.linked, c.dir, 'file'),
    problems: (c) => [new RegExp(`inode ${c.dir} has the name "file" twice`)],
  },
  {
    name: 'a name has a slash',
    open: (busy, c) => busy.link(c.linked, c.dir, 'a/b'),
    problems: (c) => [new RegExp(`inode ${c.dir} has the entry "a/b" at cookie \\d+, which is no name`)],
  },
  {
    name: 'a cookie is used that was not given out',
    open: (busy, c) => busy.plantInode(c.dir, (inode) => (inode.nextCookie -= 1)),
    problems: (c) => [
      new RegExp(`inode ${c.dir} would give the cookie (\\d+) to its next entry, and has one at cookie \\1`),
    ],
  },
  {
    name: 'link counts are wrong',
    open: (busy, c) => {
      busy.plantInode(c.linked, (inode) => (inode.nlink = 7))
      busy.plantInode(c.dir, (inode) => (inode.nlink = 2))
    },
    problems: (c) => [
      new RegExp(`inode ${c.linked} \\(file\\) has a link count of 7, and 3 names`),
      new RegExp(`directory inode ${c.dir} has a link count of 2, and 1 subdirectory$`),
    ],
  },
  {
    name: 'a directory has two names',
    open: (busy, c) => busy.link(c.subdir, c.empty, 'again'),
    problems: (c) => [
      new RegExp(`directory inode ${c.subdir} has 2 parents instead of 1`),
      new RegExp(`directory inode ${c.subdir} has a link count of 3, and 0 subdirectories`),
      new RegExp(`directory inode (${c.dir}|${c.empty}) has a link count of \\d, and \\d subdirector`),
    ],
  },
  {
    name: 'directories lie in each other',
    open: (busy, c) => {
      busy.rename(ROOT_INO, 'dir', c.subdir, 'dir', c.dir)
    },
    problems: (c) => [new RegExp(`the directories with inodes ${c.dir}, ${c.subdir} lie in each other`)],
  },
  {
    name: 'the root has a parent',
    open: (busy, c) => busy.link(ROOT_INO, c.empty, 'root'),
    problems: () => [
      /directory inode 2 has 1 parent instead of 0/,
      /directory inode 2 has a link count of 5, and 2 subdirectories/,
      /directory inode 5 has a link count of 2, and 1 subdirectory/,
    ],
  },
  {
    name: 'an inode record is missing',
    open: (busy, c) => busy.plant(key(c.small, KIND.inode), null),
    problems: (c) => [
      new RegExp(`inode ${c.small} has parent records, and no inode record`),
      new RegExp(`"Größe" \\(cookie \\d+\\) for inode ${c.small}, which does not exist`),
      /the superblock counts (\d+) inodes, and there are/,
    ],
  },
  {
    name: 'inode fields are impossible',
    open: (busy, c) => {
      busy.plantInode(c.file, (inode) => {
        inode.size = 2 ** 45
        inode.mode = 0o17777
        inode.bytes[130] = 1
        inode.flags = 64
        inode.setMtime({ sec: 1, nsec: 1e9 })
      })
      busy.plantInode(c.fifo, (inode) => (inode.type = 9))
    },
    problems: (c) => [
      new RegExp(`inode ${c.file} has a size of 35184372088832 bytes, and a file has 17592186044416 at most`),
      new RegExp(`inode ${c.file} has the mode 017777`),
      new RegExp(`inode ${c.file} has something in the spare bytes 130 to 175`),
      new RegExp(`inode ${c.file} has the unknown flags 0x40`),
      new RegExp(`inode ${c.file} has 1000000000 nanoseconds in its mtime`),
      new RegExp(`inode ${c.fifo} is a thing of the unknown type 9`),
      new RegExp(`"fifo" \\(cookie \\d+\\) for a fifo, and inode ${c.fifo} is a thing`),
    ],
  },
  {
    name: 'extents overlap in the file, on the device and lie behind the size',
    open: (busy, c) => {
      const [{ start }] = extentsOf(busy.env, newDevice(busy.env, undefined, closed), c.small)
      busy.plant(key(c.file, KIND.extent, 5), extentValue(start, 1))
      busy.plantInode(c.file, (inode) => {
        inode.size = 4096
        inode.blocks += 1
      })
    },
    problems: (c) => [
      new RegExp(
        `inode ${c.file} has file block 5 at device block (\\d+), over the extent before, which reaches to block 10`,
      ),
      new RegExp(
        `block \\d+ belongs both to inode ${c.file} \\(file block 5\\) and to inode ${c.small} \\(file block 0\\)`,
      ),
      new RegExp(
        `inode ${c.file} has extents up to file block 25, behind its size of 4096 bytes, and is not being trunc`,
      ),
    ],
  },
  {
    name: 'extents lie outside, in the tree, in the bitmaps',
    open: (busy, c) => {
      const node = nodesOf(busy.env, newDevice(busy.env, undefined, closed))[0].address
      const { space } = busy.volume
      let dataChunk = 0
      while (space.typeOf(dataChunk) !== CHUNK_TYPE.data) dataChunk++
      busy.plant(key(c.file, KIND.extent, 100), extentValue(16_384, 1))
      busy.plant(key(c.file, KIND.extent, 101), extentValue(node, 1))
      busy.plant(key(c.file, KIND.extent, 102), extentValue(bitmapBlock(space.geometry, dataChunk, 0), 1))
      busy.plantInode(c.file, (inode) => {
        inode.size = 110 * 4096
        inode.blocks += 3
      })
    },
    problems: (c) => [
      new RegExp(`inode ${c.file} has file block 100 at device block 16384, outside of the volume`),
      new RegExp(`inode ${c.file} has file block 101 at device block \\d+, in chunk \\d+, which is a metadata chunk`),
      // The node itself has moved by now: its block is free.
      new RegExp(`block \\d+ of chunk \\d+ belongs to inode ${c.file} \\(file block 101\\), and is marked as free`),
      new RegExp(`block \\d+ belongs both to the tables of chunk \\d+ and to inode ${c.file} \\(file block 102\\)`),
    ],
  },
  {
    name: 'an extent lies over the tree',
    device: (device, env, c) => {
      forgetDevices()
      const busy = BusyVolume.open(env, device)
      const before = new Set(nodesOf(env, device).map((node) => node.address))
      busy.close()
      const node = nodesOf(env, device).find(({ address }) => before.has(address))
      if (node === undefined) throw new Error('no node has stayed where it was')
      const again = BusyVolume.open(env, device)
      again.plant(key(c.file, KIND.extent, 100), extentValue(node.address, 1))
      again.plantInode(c.file, (inode) => {
        inode.size = 110 * 4096
        inode.blocks += 1
      })
      again.close()
    },
    problems: (c) => [
      new RegExp(`inode ${c.file} has file block 100 at device block \\d+, in chunk \\d+, which is a metadata chunk`),
      new RegExp(
        `block \\d+ belongs both to (a tree node and to inode ${c.file}|inode ${c.file} .* and to a tree node)`,
      ),
    ],
  },
  {
    name: 'block counts are wrong',
    open: (busy, c) => busy.plantInode(c.file, (inode) => (inode.blocks = 3)),
    problems: (c) => [new RegExp(`inode ${c.file} counts 3 blocks, and its extents have 15`)],
  },
  {
    name: 'a symbolic link lacks a piece',
    open: (busy, c) => busy.plant(key(c.symlink, KIND.symlink, 1), null),
    problems: (c) => [
      new RegExp(`inode ${c.symlink} has piece 2 of a target \\(452 bytes\\) behind piece 0`),
      new RegExp(`inode ${c.symlink} has a size of 2500, and its target has 1476 bytes`),
    ],
  },
  {
    name: 'lists of inodes are wrong',
    open: (busy, c) => {
      busy.plant(key(0, KIND.orphan, 0, c.orphan), null)
      busy.plant(key(0, KIND.orphan, 0, 88_888), NO_BYTES)
      busy.plant(key(0, KIND.truncating, 0, c.file), NO_BYTES)
      busy.plant(key(0, KIND.writeMark, 0, 77_777), NO_BYTES)
      busy.plant(key(0, KIND.writeMark, 0, c.dir), NO_BYTES)
    },
    problems: (c) => [
      new RegExp(`inode ${c.orphan} is an orphan by its flag, and is not listed as one`),
      /inode 88888 is listed as an orphan, and does not exist/,
      new RegExp(`inode ${c.file} is not being truncated by its flag, and is listed for that`),
      /inode 77777 is listed as being written, and does not exist/,
      new RegExp(`inode ${c.dir} is a directory, and is listed as being written`),
    ],
  },
  {
    name: 'lists of locked files and of clients are wrong',
    open: (busy, c) => {
      busy.plant(key(0, KIND.locked, 0, 66_666), NO_BYTES)
      busy.plant(key(0, KIND.locked, 0, c.file), NO_BYTES)
      busy.plantInode(c.fifo, (inode) => (inode.flags |= INODE_FLAG.locked))
      busy.plant(key(0, KIND.locked, 0, c.small), Uint8Array.of(2, 0))
      busy.plantInode(c.small, (inode) => (inode.lockers = 3))
      busy.plant(key(0, KIND.client, 0, 5), Uint8Array.of(1, 0, 65, 7))
      busy.plant(key(0, KIND.client, 0, 6), Uint8Array.of(9, 0, 65, 7))
    },
    problems: (c) => [
      /inode 66666 is listed as locked, and does not exist/,
      new RegExp(`inode ${c.file} may not be locked by its flag, and is listed for that`),
      new RegExp(`inode ${c.fifo} may be locked by its flag, and is not listed for that`),
      new RegExp(`inode ${c.fifo} is a fifo and may be locked`),
      new RegExp(`inode ${c.small} may be locked by clients of the movers 0x3, and is listed for those of 0x2`),
      /the record of client .*A.* is in the wrong place/,
      /a client's record has 4 bytes, which cannot be/,
    ],
  },
  {
    name: 'a file without names is no orphan',
    open: (busy, c) => {
      busy.plantInode(c.orphan, (inode) => (inode.flags &= ~INODE_FLAG.orphan))
      busy.plantInode(c.fifo, (inode) => (inode.flags |= INODE_FLAG.orphan))
    },
    problems: (c) => [
      new RegExp(`inode ${c.orphan} is no orphan by its flag, and is listed as one`),
      new RegExp(`inode ${c.orphan} is no orphan, and has a link count of 0`),
      new RegExp(`inode ${c.fifo} is an orphan by its flag, and is not listed as one`),
      new RegExp(`inode ${c.fifo} is an orphan, and has a link count of 1`),
    ],
  },
  {
    name: 'records are of unknown kinds',
    open: (busy, c) => {
      busy.plant(key(c.file, KIND.extendedAttribute, 0), NO_BYTES)
      busy.plant(key(0, 200 as Kind, 0), NO_BYTES)
    },
    problems: (c) => [
      new RegExp(`inode ${c.file} has a record of the unknown kind extendedAttribute`),
      /the volume has a record of the unknown kind 200/,
    ],
  },
]
