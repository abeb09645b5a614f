import { TYPE_NUMBER } from '../inode-value.ts'

/** The file types by number, for messages. */
const TYPE_WORDS = new Map<number, string>([
  [TYPE_NUMBER.file, 'file'],
  [TYPE_NUMBER.directory, 'directory'],
  [TYPE_NUMBER.symlink, 'symbolic link'],
  [TYPE_NUMBER.block, 'block device'],
  [TYPE_NUMBER.character, 'character device'],
  [TYPE_NUMBER.fifo, 'fifo'],
  [TYPE_NUMBER.socket, 'socket'],
])

/** A file type for people. */
export function typeWord(type: number): string {
  return TYPE_WORDS.get(type) ?? `thing of the unknown type ${type}`
}
