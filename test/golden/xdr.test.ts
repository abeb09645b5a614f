import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import * as mount from '../../protocol/mount/mount.gen.ts'
import * as nfs3 from '../../protocol/nfs3/nfs3.gen.ts'
import * as nlm from '../../protocol/nlm4/nlm.gen.ts'
import * as nsm from '../../protocol/nsm/nsm.gen.ts'
import * as portmap from '../../protocol/portmap/portmap.gen.ts'
import * as rpc from '../../protocol/rpc/rpc.gen.ts'
import * as rpcbind from '../../protocol/rpcbind/rpcbind.gen.ts'
import { XdrError, XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { annotate, schemaOf } from './annotate.ts'
import { type Codec, codecOf, type GeneratedModule } from './codecs.ts'
import * as rfc4506 from './rfc4506.gen.ts'
import { fieldsOf, readVectors, type Vector, withoutNames } from './vectors.ts'

const FILES: readonly [name: string, specification: string, module: GeneratedModule][] = [
  ['rfc4506', './rfc4506.x', rfc4506],
  ['rpc', '../../protocol/rpc/rpc.x', rpc],
  ['portmap', '../../protocol/portmap/portmap.x', portmap],
  ['mount', '../../protocol/mount/mount.x', mount],
  ['nfs3', '../../protocol/nfs3/nfs3.x', nfs3],
  ['rpcbind', '../../protocol/rpcbind/rpcbind.x', rpcbind],
  ['nlm', '../../protocol/nlm4/nlm.x', nlm],
  ['nsm', '../../protocol/nsm/nsm.x', nsm],
]

for (const [name, specification, module] of FILES) {
  t.test(name, (t) => {
    const schema = schemaOf(readFileSync(new URL(specification, import.meta.url), 'utf8'))
    for (const vector of readVectors(`./${name}.txt`)) {
      t.test(`${vector.type}: ${vector.provenance}`, (t) => {
        check(t, vector, codecOf(schema, module, vector.type))
        const rows = annotate(schema, codecOf(schema, module, vector.type).type, reader(vector.bytes))
        t.same(
          rows.filter((row) => row.path !== null).map((row) => `${row.path} = ${row.text}`),
          vector.fields,
          'the specification, interpreted, gives the fields too',
        )
        t.end()
      })
    }
    t.end()
  })
}

/** Tables of procedures of which each has a call and a result, where it takes or returns something. */
const WHOLE: readonly [name: string, specification: string, tables: readonly string[]][] = [
  ['nfs3', '../../protocol/nfs3/nfs3.x', ['NFS_V3']],
  ['mount', '../../protocol/mount/mount.x', ['MOUNT_V1']],
  ['rpcbind', '../../protocol/rpcbind/rpcbind.x', ['RPCBVERS', 'RPCBVERS4']],
  ['nlm', '../../protocol/nlm4/nlm.x', ['NLM_VERS', 'NLM_VERSX', 'NLM4_VERS']],
  ['nsm', '../../protocol/nsm/nsm.x', ['SM_VERS']],
]

for (const [name, specification, versions] of WHOLE) {
  t.test(`every procedure of ${name} has a call and a result`, (t) => {
    const types = new Set(readVectors(`./${name}.txt`).map((vector) => vector.type))
    const { programs } = schemaOf(readFileSync(new URL(specification, import.meta.url), 'utf8'))
    const served = programs.flatMap((program) => program.versions).filter((version) => versions.includes(version.name))
    t.equal(served.length, versions.length)
    for (const { name, args, result } of served.flatMap((version) => version.procedures)) {
      if (args !== null) t.ok(types.has(`call ${name}`), `call ${name}`)
      if (result !== null) t.ok(types.has(`result ${name}`), `result ${name}`)
    }
    t.end()
  })
}

function check(t: Test, vector: Vector, codec: Codec): void {
  const { bytes } = vector
  const value = codec.read(reader(bytes))
  t.same(fieldsOf(value), vector.fields.map(withoutNames), 'decode equals the value')

  const writer = new XdrWriter(1 << 20, 4)
  codec.write(writer, value)
  t.same(writer.bytes.slice(0, writer.position), bytes, 'encode equals the bytes')
  if (codec.size !== null) t.equal(codec.size(value), bytes.length, 'size')

  let refused = 0
  for (let end = 0; end < bytes.length; end++) refused += refuses(() => decodeAll(codec, bytes.subarray(0, end)))
  t.equal(refused, bytes.length, 'truncated at every byte it is refused')
  t.equal(
    refuses(() => decodeAll(codec, Buffer.concat([bytes, Buffer.alloc(4)]))),
    1,
    'trailing bytes are refused',
  )
}

function decodeAll(codec: Codec, bytes: Uint8Array): void {
  const r = reader(bytes)
  codec.read(r)
  r.expectEnd()
}

function refuses(action: () => void): number {
  try {
    action()
    return 0
  } catch (error) {
    if (error instanceof XdrError) return 1
    throw error
  }
}

function reader(bytes: Uint8Array): XdrReader {
  return new XdrReader().reset(bytes, 0, bytes.length)
}
