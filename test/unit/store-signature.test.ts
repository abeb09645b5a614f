import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { detectSignature, type SignatureReader, signatureReader } from '../../mover/store/signature.ts'

const MIB = 1024 * 1024
const SIZE = 4 * MIB + 8192
const OWN = { magic: Buffer.from('LOCKKEEP'), name: 'a Lockkeeper volume' }

/** A device of zeros with bytes put in, from the end where the offset is negative. Refuses reads that it cannot serve. */
function deviceWith(parts: [number, string | number[]][], sizeBytes = SIZE): SignatureReader {
  const content = new Uint8Array(sizeBytes)
  for (const [offset, part] of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part)
    content.set(bytes, offset < 0 ? sizeBytes + offset : offset)
  }
  return {
    sizeBytes,
    readAt(offset, length) {
      const inside = offset >= 0 && length > 0 && offset + length <= sizeBytes
      if (!inside || offset % 4096 !== 0 || length % 4096 !== 0) throw new Error(`read of ${length} at ${offset}`)
      return content.slice(offset, offset + length)
    },
  }
}

const EXT_MAGIC: [number, number[]] = [1080, [0x53, 0xef]]
const MD_MAGIC = [0xfc, 0x4e, 0x2b, 0xa9]
const BOOT: [number, number[]] = [510, [0x55, 0xaa]]
const UBERBLOCK = [0x0c, 0xb1, 0xba, 0x00, 0, 0, 0, 0]

/** Places and values as in the formats' own documents and libblkid's probes. */
const CASES: [string, [number, string | number[]][]][] = [
  ['an ext2 file system', [EXT_MAGIC]],
  ['an ext3 file system', [EXT_MAGIC, [1024 + 0x5c, [0x04]]]],
  ['an ext4 file system', [EXT_MAGIC, [1024 + 0x5c, [0x04]], [1024 + 0x60, [0x40]]]],
  ['an ext4 file system', [EXT_MAGIC, [1024 + 0x64, [0x08]]]],
  ['an external journal of ext3 or ext4', [EXT_MAGIC, [1024 + 0x60, [0x08]]]],
  ['an XFS file system', [[0, 'XFSB']]],
  ['a Btrfs file system', [[65600, '_BHRfS_M']]],
  ['an F2FS file system', [[1024, [0x10, 0x20, 0xf5, 0xf2]]]],
  ['an NTFS file system', [[3, 'NTFS    '], BOOT]],
  ['a FAT file system', [[54, 'FAT16   '], BOOT]],
  ['a FAT file system', [[82, 'FAT32   '], BOOT]],
  ['an exFAT file system', [[3, 'EXFAT   '], BOOT]],
  ['an ISO 9660 image', [[32769, 'CD001'], [512, 'EFI PART'], BOOT]],
  ['a swap area', [[4086, 'SWAPSPACE2']]],
  ['a swap area', [[65526, 'SWAPSPACE2']]],
  [
    'an LVM2 physical volume',
    [
      [512, 'LABELONE'],
      [512 + 24, 'LVM2 001'],
    ],
  ],
  ['a LUKS encrypted volume', [[0, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]]]],
  ['a member of an MD RAID (1.1)', [[0, MD_MAGIC]]],
  ['a member of an MD RAID (1.2)', [[4096, MD_MAGIC]]],
  ['a member of an MD RAID (1.0)', [[-8192, MD_MAGIC]]],
  ['a member of an MD RAID (0.90)', [[4 * MIB - 65536, MD_MAGIC]]],
  ['a member of a ZFS pool', [[128 * 1024 + 3072, UBERBLOCK]]],
  ['a member of a ZFS pool', [[384 * 1024, [0, 0, 0, 0, 0x00, 0xba, 0xb1, 0x0c]]]],
  ['a member of a ZFS pool', [[4 * MIB - 128 * 1024 + 1024, UBERBLOCK]]],
  ['a GPT partition table', [[512, 'EFI PART'], [446 + 4, [0xee]], BOOT]],
  ['a GPT partition table', [[4096, 'EFI PART']]],
  ['the backup of a GPT partition table', [[-512, 'EFI PART']]],
  ['the backup of a GPT partition table', [[-4096, 'EFI PART']]],
  ['an MBR partition table', [[446, [0x80, 0, 0, 0, 0x83]], BOOT]],
  ['a boot sector', [BOOT]],
  [
    'a bcache device',
    [[4120, [0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81]]],
  ],
  ['a Lockkeeper volume', [[0, 'LOCKKEEP'], BOOT]],
  ['unknown data (the first byte that is not zero is at offset 0)', [[0, 'L']]],
  ['unknown data (the first byte that is not zero is at offset 1048575)', [[MIB - 1, [1]]]],
]

for (const [name, parts] of CASES) {
  t.test(`${name} at ${parts[0][0]}`, async (t) => {
    t.equal(detectSignature(deviceWith(parts), OWN), name)
    if (name.startsWith('unknown')) return
    const [offset, magic] = parts[0]
    const damaged = [...Buffer.from(magic as string, 'latin1')].map((byte) => byte ^ 0x20)
    t.not(detectSignature(deviceWith([[offset, damaged]]), OWN), name, 'the wrong bytes are something else')
  })
}

t.test('nothing is found on zeros, nor beyond the first MiB', async (t) => {
  t.equal(detectSignature(deviceWith([]), OWN), null)
  t.equal(detectSignature(deviceWith([[MIB, [1]]]), OWN), null)
  t.equal(detectSignature(deviceWith([], 4096), OWN), null)
  t.equal(detectSignature(deviceWith([], 8192), null), null)
  t.equal(detectSignature(deviceWith([[0, 'LOCKKEEP']], 4096), OWN), 'a Lockkeeper volume')
  t.match(detectSignature(deviceWith([[0, 'LOCKKEEP']]), null), /unknown data/)
})

t.test('a device that cannot be read is not taken for an empty one', async (t) => {
  const broken = {
    sizeBytes: SIZE,
    readAt: () => {
      throw new Error('EIO')
    },
  }
  t.throws(() => detectSignature(broken, OWN), /EIO/)
  const path = join(t.testdir(), 'short')
  fs.writeFileSync(path, Buffer.alloc(4096))
  const fd = fs.openSync(path, 'r')
  t.throws(() => detectSignature(signatureReader(fd, SIZE), OWN), /end of file at 4096/)
  fs.closeSync(fd)
})

/** Makers of real ones, where this machine has them. */
const MAKERS: [string, string, string[]][] = [
  ['an ext2 file system', 'mkfs.ext2', ['-q', '-F']],
  ['an ext3 file system', 'mkfs.ext3', ['-q', '-F']],
  ['an ext4 file system', 'mkfs.ext4', ['-q', '-F']],
  ['an XFS file system', 'mkfs.xfs', ['-q']],
  ['a Btrfs file system', 'mkfs.btrfs', ['-q']],
  ['a FAT file system', 'mkfs.vfat', []],
  ['a swap area', 'mkswap', []],
  ['a LUKS encrypted volume', 'cryptsetup', ['luksFormat', '-q', '--key-file', '/etc/hostname']],
]

for (const [name, program, args] of MAKERS) {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
  const found = folders.map((folder) => join(folder, program)).find((path) => fs.existsSync(path))
  t.test(`${name} as ${program} makes it`, { skip: found === undefined && `no ${program} here` }, async (t) => {
    const path = join(t.testdir(), 'image')
    fs.writeFileSync(path, '')
    fs.truncateSync(path, 320 * MIB)
    execFileSync(found as string, [...args, path], { stdio: 'ignore' })
    const fd = fs.openSync(path, 'r')
    t.equal(detectSignature(signatureReader(fd, 320 * MIB), OWN), name)
    fs.closeSync(fd)
  })
}
