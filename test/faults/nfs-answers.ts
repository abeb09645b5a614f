/** What answers of NFS show, in the words of the models that they are compared with. */
import type { createmode3, fattr3, nfs_fh3, post_op_attr } from '../../protocol/nfs3/nfs3.gen.ts'
import { Incoherence } from '../sim/history.ts'

export function createmode3NameOf(mode: createmode3): string {
  return ['unchecked', 'guarded', 'exclusive'][mode]
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function own({ data }: nfs_fh3): nfs_fh3 {
  return { data: data.slice() }
}

export function handleOf(
  answer: { status: number } & ({ resok: { obj: { handle_follows: boolean } } } | object),
): nfs_fh3 {
  const made = answer as { resok?: { obj: { handle_follows: boolean; handle?: nfs_fh3 } } }
  const handle = made.resok?.obj.handle
  if (handle === undefined) throw new Error(`what the test needs cannot be made: ${answer.status}`)
  return own(handle)
}

export function stateOf({ ctime, size, nlink }: fattr3): { ctime: bigint; size: number; nlink: number } {
  return { ctime: BigInt(ctime.seconds) * 1_000_000_000n + BigInt(ctime.nseconds), size, nlink }
}

/** The attributes that an answer shows of the object that was asked about, if any. */
export function shownIn(answer: { status: number }): fattr3 | null {
  const { resok, resfail } = answer as { resok?: Record<string, unknown>; resfail?: Record<string, unknown> }
  const body = resok ?? resfail ?? {}
  const direct = body['obj_attributes']
  const isGetattr = direct !== undefined && (direct as Partial<post_op_attr>).attributes_follow === undefined
  if (isGetattr) return direct as fattr3
  const wcc = (body['file_wcc'] ?? body['obj_wcc'] ?? body['dir_wcc']) as { after: post_op_attr } | undefined
  const post = (body['file_attributes'] ?? body['dir_attributes'] ?? wcc?.after) as post_op_attr | undefined
  return post?.attributes_follow === true ? post.attributes : null
}

/** The values of units of so many bytes; each must be one write's. */
export function valuesOf(data: Uint8Array, unit: number): number[] {
  const words = Buffer.from(data)
  const values: number[] = []
  if (words.length % unit !== 0) throw new Incoherence(`${words.length} bytes of units of ${unit}`)
  for (let at = 0; at < words.length; at += unit) {
    const value = words.readUInt32LE(at)
    for (let i = 4; i < unit && at + i < words.length; i += 4) {
      if (words.readUInt32LE(at + i) !== value) throw new Incoherence(`a mixture of writes ${value} and others`)
    }
    values.push(value)
  }
  return values
}
