import fs from 'node:fs'
import { PAGE_BYTES } from './page-pool.ts'

/** Where signatures are looked for. */
export interface SignatureReader {
  readonly sizeBytes: number
  /** `length` bytes from `offset`; both multiples of 4096 and inside the device. Throws Node's error when it fails. */
  readAt(offset: number, length: number): Uint8Array
}

/** Bytes that stand at a fixed place: `text` in Latin-1 at `offset`, or from the end when it is negative. */
interface Signature {
  readonly name: string
  readonly offset: number
  readonly text: string
}

const MIB = 1024 * 1024

/**
 * What blkid(8) calls magic, in the order in which it is looked for: containers before what may stand in them, file
 * systems before the boot sector that they may carry.
 */
const SIGNATURES: readonly Signature[] = [
  { name: 'a LUKS encrypted volume', offset: 0, text: 'LUKS\xba\xbe' },
  { name: 'a LUKS encrypted volume', offset: 0x4000, text: 'SKUL\xba\xbe' },
  { name: 'a BitLocker volume', offset: 3, text: '-FVE-FS-' },
  ...[0, 512, 1024, 1536].map((at) => ({ name: 'an LVM2 physical volume', offset: at + 24, text: 'LVM2 001' })),
  { name: 'a member of an MD RAID (1.1)', offset: 0, text: '\xfc\x4e\x2b\xa9' },
  { name: 'a member of an MD RAID (1.2)', offset: 4096, text: '\xfc\x4e\x2b\xa9' },
  {
    name: 'a bcache device',
    offset: 4096 + 24,
    text: '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81',
  },
  { name: 'a Ceph BlueStore', offset: 0, text: 'bluestore block device\n' },
  { name: 'an XFS file system', offset: 0, text: 'XFSB' },
  { name: 'a Btrfs file system', offset: 0x10040, text: '_BHRfS_M' },
  { name: 'an F2FS file system', offset: 1024, text: '\x10\x20\xf5\xf2' },
  { name: 'an EROFS file system', offset: 1024, text: '\xe2\xe1\xf5\xe0' },
  { name: 'a squashfs file system', offset: 0, text: 'hsqs' },
  { name: 'a JFS file system', offset: 0x8000, text: 'JFS1' },
  { name: 'a ReiserFS file system', offset: 0x10034, text: 'ReIsEr' },
  { name: 'an HFS+ file system', offset: 1024, text: 'H+\0\x04' },
  { name: 'an HFSX file system', offset: 1024, text: 'HX\0\x05' },
  { name: 'an APFS container', offset: 32, text: 'NXSB' },
  { name: 'an NTFS file system', offset: 3, text: 'NTFS    ' },
  { name: 'an exFAT file system', offset: 3, text: 'EXFAT   ' },
  { name: 'a FAT file system', offset: 82, text: 'FAT32   ' },
  ...['FAT12   ', 'FAT16   ', 'FAT     '].map((text) => ({ name: 'a FAT file system', offset: 54, text })),
  { name: 'an ISO 9660 image', offset: 0x8001, text: 'CD001' },
  { name: 'a UDF image', offset: 0x8001, text: 'BEA01' },
  // The last ten bytes of a page, whose size is the machine's that made it.
  ...[4096, 8192, 16384, 32768, 65536].flatMap((page) =>
    ['SWAPSPACE2', 'SWAP-SPACE'].map((text) => ({ name: 'a swap area', offset: page - 10, text })),
  ),
  { name: 'a GPT partition table', offset: 512, text: 'EFI PART' },
  { name: 'a GPT partition table', offset: 4096, text: 'EFI PART' },
  { name: 'the backup of a GPT partition table', offset: -512, text: 'EFI PART' },
  { name: 'the backup of a GPT partition table', offset: -4096, text: 'EFI PART' },
]

/** Signatures that need more than a comparison, looked for after those of the table. */
const PROBES: readonly ((device: Device) => string | null)[] = [ext, mdAtEnd, zfs, mbr]

/**
 * Names what is on a device that is about to be overwritten: our own volume (`ownMagic` at offset 0, called `ownName`), a
 * known file system, container or partition table, or anything but zeros in the first MiB. Null when there is nothing.
 */
export function detectSignature(
  reader: SignatureReader,
  own: { readonly magic: Uint8Array; readonly name: string } | null,
): string | null {
  const device = new Device(reader)
  if (own !== null && device.holds(0, Buffer.from(own.magic).toString('latin1'))) return own.name
  for (const { name, offset, text } of SIGNATURES) {
    if (device.holds(offset < 0 ? reader.sizeBytes + offset : offset, text)) return name
  }
  for (const probe of PROBES) {
    const found = probe(device)
    if (found !== null) return found
  }
  const used = device.head.findIndex((byte) => byte !== 0)
  return used === -1 ? null : `unknown data (the first byte that is not zero is at offset ${used})`
}

/** Reads a device through a descriptor that is open without O_DIRECT. */
export function signatureReader(fd: number, sizeBytes: number): SignatureReader {
  return {
    sizeBytes,
    readAt(offset, length) {
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length; ) {
        const count = fs.readSync(fd, bytes, done, length - done, offset + done)
        if (count === 0) throw new Error(`end of file at ${offset + done}, before the ${sizeBytes} bytes of the device`)
        done += count
      }
      return bytes
    },
  }
}

/** Keeps the first MiB, where nearly everything is. */
class Device {
  readonly head: Uint8Array
  readonly sizeBytes: number
  private readonly reader: SignatureReader

  constructor(reader: SignatureReader) {
    this.reader = reader
    this.sizeBytes = reader.sizeBytes
    this.head = reader.readAt(0, Math.min(MIB, reader.sizeBytes - (reader.sizeBytes % PAGE_BYTES)))
  }

  /** Bytes of any place and length; shorter, possibly empty, where the device ends. */
  bytes(offset: number, length: number): Buffer {
    if (offset < 0 || offset >= this.sizeBytes) return Buffer.alloc(0)
    if (offset + length <= this.head.length) return Buffer.from(this.head.buffer, this.head.byteOffset + offset, length)
    const first = offset - (offset % PAGE_BYTES)
    const end = Math.min(
      this.sizeBytes - (this.sizeBytes % PAGE_BYTES),
      Math.ceil((offset + length) / PAGE_BYTES) * PAGE_BYTES,
    )
    if (end <= first) return Buffer.alloc(0)
    const read = this.reader.readAt(first, end - first)
    return Buffer.from(read.buffer, read.byteOffset, read.length).subarray(offset - first, offset - first + length)
  }

  holds(offset: number, text: string): boolean {
    return this.bytes(offset, text.length).toString('latin1') === text
  }
}

/** Superblock at 1024 with the magic 0xEF53; which of them it is, its feature flags say (Linux, fs/ext4/ext4.h). */
function ext(device: Device): string | null {
  const superblock = device.bytes(1024, 1024)
  if (superblock.length < 1024 || superblock.readUInt16LE(0x38) !== 0xef53) return null
  const compatible = superblock.readUInt32LE(0x5c)
  const incompatible = superblock.readUInt32LE(0x60)
  const readOnlyCompatible = superblock.readUInt32LE(0x64)
  if ((incompatible & 0x8) !== 0) return 'an external journal of ext3 or ext4'
  // What ext3 knows besides ext2's features: has_journal, recover. All the rest is ext4's.
  const beyondExt3 = (incompatible & ~0x16) !== 0 || (readOnlyCompatible & ~0x7) !== 0
  if (beyondExt3) return 'an ext4 file system'
  return (compatible & 0x4) !== 0 ? 'an ext3 file system' : 'an ext2 file system'
}

/** The superblocks of MD RAID versions 0.90 and 1.0, near the end (Linux, drivers/md/md.c). */
function mdAtEnd(device: Device): string | null {
  const sectors = Math.floor(device.sizeBytes / 512)
  const old = device.sizeBytes - (device.sizeBytes % 65536) - 65536
  const recent = (sectors - 16 - ((sectors - 16) % 8)) * 512
  const magic = '\xfc\x4e\x2b\xa9'
  if (device.holds(old, magic) || device.holds(old, '\xa9\x2b\x4e\xfc')) return 'a member of an MD RAID (0.90)'
  return device.holds(recent, magic) ? 'a member of an MD RAID (1.0)' : null
}

/** Any uberblock of the four labels of a ZFS member, in either byte order. */
function zfs(device: Device): string | null {
  const labelBytes = 256 * 1024
  const end = device.sizeBytes - (device.sizeBytes % labelBytes)
  for (const label of [0, labelBytes, end - 2 * labelBytes, end - labelBytes]) {
    const ring = device.bytes(label + labelBytes / 2, labelBytes / 2)
    for (let at = 0; at + 8 <= ring.length; at += 1024) {
      const little = ring.readUInt32LE(at) === 0x00bab10c && ring.readUInt32LE(at + 4) === 0
      const big = ring.readUInt32BE(at + 4) === 0x00bab10c && ring.readUInt32BE(at) === 0
      if (little || big) return 'a member of a ZFS pool'
    }
  }
  return null
}

/** The boot signature 55AA and four plausible entries, at least one of them used. */
function mbr(device: Device): string | null {
  const sector = device.bytes(0, 512)
  if (sector.length < 512 || sector[510] !== 0x55 || sector[511] !== 0xaa) return null
  let used = 0
  for (let at = 446; at < 510; at += 16) {
    if (sector[at] !== 0 && sector[at] !== 0x80) return 'a boot sector'
    if (sector[at + 4] !== 0) used++
  }
  return used === 0 ? 'a boot sector' : 'an MBR partition table'
}
