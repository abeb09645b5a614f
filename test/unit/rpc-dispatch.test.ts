import t from 'tap'
import { type Auth, type CallMessage, callMessage, FakeConnection, hex, NO_AUTH, sysAuth } from './rpc-support.ts'
import { TOY, Toy, toyDispatcher } from './rpc-toy.ts'

/** A connection to a dispatcher of its own. */
function setUp() {
  const toy = toyDispatcher()
  const connection = new FakeConnection()
  connection.attach(toy.dispatcher.open(connection))
  return { ...toy, connection }
}

function opaque(length: number): Uint8Array {
  const bytes = Buffer.alloc(4 + Math.ceil(length / 4) * 4, 0)
  bytes.writeUInt32BE(length)
  bytes.fill('x', 4, 4 + length)
  return bytes
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const call = (procedure: number, more: Partial<CallMessage> = {}): CallMessage => ({
  xid: 0x01020304,
  program: TOY,
  version: 3,
  procedure,
  ...more,
})

/** xid, REPLY, MSG_ACCEPTED, AUTH_NONE verifier of no bytes (RFC 5531 §9 rpc_msg, reply_body, accepted_reply). */
const ACCEPTED = '01020304 00000001 00000000 00000000 00000000'
/** xid, REPLY, MSG_DENIED. */
const DENIED = '01020304 00000001 00000001'

const LONG_AUTH: Auth = { flavour: 0, body: new Uint8Array(401) }

const ANSWERS: [string, CallMessage, string][] = [
  ['NULL with AUTH_NONE', call(Toy.NULL), `${ACCEPTED} 00000000 # SUCCESS`],
  ['NULL with AUTH_SYS', call(Toy.NULL, { credential: sysAuth() }), `${ACCEPTED} 00000000`],
  ['NULL of a program without a table', call(Toy.NULL, { version: 5 }), `${ACCEPTED} 00000000`],
  ['a result', call(Toy.ECHO, { args: opaque(3) }), `${ACCEPTED} 00000000 00000003 78787800`],
  ['AUTH_NONE with a body', call(Toy.NULL, { credential: { flavour: 0, body: number(5) } }), `${ACCEPTED} 00000000`],
  ['AUTH_NONE with a verifier', call(Toy.NULL, { verifier: { flavour: 9, body: number(5) } }), `${ACCEPTED} 00000000`],
  ['RPC version 1', call(Toy.NULL, { rpcvers: 1 }), `${DENIED} 00000000 00000002 00000002 # RPC_MISMATCH 2 to 2`],
  ['RPC version 3', call(Toy.NULL, { rpcvers: 3 }), `${DENIED} 00000000 00000002 00000002`],
  ['unknown program', call(Toy.NULL, { program: TOY + 1 }), `${ACCEPTED} 00000001 # PROG_UNAVAIL`],
  ['version too low', call(Toy.NULL, { version: 2 }), `${ACCEPTED} 00000002 00000003 00000005 # PROG_MISMATCH 3 to 5`],
  ['version between', call(Toy.NULL, { version: 4 }), `${ACCEPTED} 00000002 00000003 00000005`],
  ['version too high', call(Toy.NULL, { version: 6 }), `${ACCEPTED} 00000002 00000003 00000005`],
  ['a hole in the table', call(4), `${ACCEPTED} 00000003 # PROC_UNAVAIL`],
  ['beyond the table', call(8), `${ACCEPTED} 00000003`],
  ['far beyond the table', call(0xffffffff), `${ACCEPTED} 00000003`],
  ['arguments cut off', call(Toy.ECHO, { args: opaque(3).subarray(0, 4) }), `${ACCEPTED} 00000004 # GARBAGE_ARGS`],
  ['arguments missing', call(Toy.ECHO), `${ACCEPTED} 00000004`],
  ['trailing bytes', call(Toy.ECHO, { args: Buffer.concat([opaque(3), number(0)]) }), `${ACCEPTED} 00000004`],
  ['trailing bytes after NULL', call(Toy.NULL, { args: number(0) }), `${ACCEPTED} 00000004`],
  ['a length above the limit', call(Toy.ECHO, { args: opaque(1001) }), `${ACCEPTED} 00000004`],
  ['garbage for a call that must not run twice', call(Toy.MAKE), `${ACCEPTED} 00000004`],
  ['an exception, in the procedure’s words', call(Toy.BREAK, { args: number(1) }), `${ACCEPTED} 00000000 00000063`],
  ['an exception while encoding', call(Toy.BROKEN_WRITE, { args: number(9) }), `${ACCEPTED} 00000005 # SYSTEM_ERR`],
  ['AUTH_SHORT', call(Toy.NULL, { credential: { flavour: 2, body: number(1) } }), `${DENIED} 00000001 00000002`],
  ['AUTH_DH', call(Toy.NULL, { credential: { flavour: 3, body: number(1) } }), `${DENIED} 00000001 00000005`],
  ['RPCSEC_GSS', call(Toy.NULL, { credential: { flavour: 6, body: number(1) } }), `${DENIED} 00000001 00000005`],
  [
    'AUTH_SYS without a body',
    call(Toy.NULL, { credential: { flavour: 1, body: hex('') } }),
    `${DENIED} 00000001 00000001`,
  ],
  ['17 groups', call(Toy.NULL, { credential: sysAuth({ gids: Array(17).fill(1) }) }), `${DENIED} 00000001 00000001`],
  [
    'a machine name of 256 bytes',
    call(Toy.NULL, { credential: sysAuth({ machine: 'm'.repeat(256) }) }),
    `${DENIED} 00000001 00000001`,
  ],
  [
    'bytes after AUTH_SYS',
    call(Toy.NULL, { credential: { flavour: 1, body: Buffer.concat([sysAuth().body, number(0)]) } }),
    `${DENIED} 00000001 00000001`,
  ],
  ['a credential of 401 bytes', call(Toy.NULL, { credential: LONG_AUTH }), `${DENIED} 00000001 00000001`],
  ['a verifier of 401 bytes', call(Toy.NULL, { verifier: LONG_AUTH }), `${DENIED} 00000001 00000003 # AUTH_BADVERF`],
  [
    'AUTH_SYS with a verifier',
    call(Toy.NULL, { credential: sysAuth(), verifier: { flavour: 0, body: number(1) } }),
    `${DENIED} 00000001 00000003`,
  ],
]

t.test('answers, byte for byte (RFC 5531 §9)', (t) => {
  for (const [name, message, expected] of ANSWERS) {
    const { connection, world } = setUp()
    t.notOk(connection.receive(callMessage(message)), name)
    const replies = connection.drain().map((bytes) => Buffer.from(bytes).toString('hex'))
    t.same(replies, [Buffer.from(hex(expected)).toString('hex')], name)
    t.same(connection.refusals, [], name)
    t.equal(world.pins, 0, name)
  }
  t.end()
})

t.test('the longest credential, verifier and list of groups are accepted', (t) => {
  const { connection } = setUp()
  const longest = sysAuth({ machine: 'm'.repeat(255), gids: Array(16).fill(7) })
  connection.receive(callMessage(call(Toy.NULL, { credential: longest })))
  connection.receive(callMessage(call(Toy.NULL, { credential: { flavour: 0, body: new Uint8Array(400) } })))
  connection.receive(callMessage(call(Toy.NULL, { verifier: { flavour: 0, body: new Uint8Array(400) } })))
  const success = Buffer.from(hex(`${ACCEPTED} 00000000`)).toString('hex')
  t.same(
    connection.drain().map((bytes) => Buffer.from(bytes).toString('hex')),
    [success, success, success],
  )
  t.end()
})

t.test('a call cut off at every byte is refused, and never read beyond its end', (t) => {
  const message = callMessage(call(Toy.ECHO, { credential: sysAuth({ gids: [1, 2] }), args: opaque(6) }))
  for (let length = 0; length < message.length; length++) {
    const { connection, world } = setUp()
    connection.receive(message.subarray(0, length))
    const replies = connection.drain()
    t.same(world.runs, [], `${length} bytes`)
    if (length < 24) {
      t.same(replies, [], `${length} bytes`)
      t.same(connection.refusals, ['sent something that is no RPC call'])
      continue
    }
    t.equal(replies.length, 1, `${length} bytes`)
    const isDenied = Buffer.from(replies[0]).readUInt32BE(8) === 1
    const argsStart = message.length - opaque(6).length
    t.equal(isDenied, length < argsStart, `${length} bytes`)
    if (!isDenied) t.equal(Buffer.from(replies[0]).readUInt32BE(20), 4, 'GARBAGE_ARGS')
  }
  t.end()
})

t.test('what is no call closes the connection', (t) => {
  const reply = hex('01020304 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000')
  const other = hex('01020304 00000002 00000002 00000000 00000000 00000000 00000000 00000000 00000000 00000000')
  for (const message of [reply, other, hex('0102')]) {
    const { connection, dispatcher } = setUp()
    connection.receive(message)
    t.same(connection.drain(), [])
    t.same(connection.refusals, ['sent something that is no RPC call'])
    t.equal(dispatcher.counts().notRpc, 1)
  }
  t.end()
})

t.test('credentials reach the handler and are decoded again only when they change', (t) => {
  const { connection, world } = setUp()
  const echo = (credential: Auth): void => {
    connection.receive(callMessage(call(Toy.ECHO, { credential, args: opaque(1) })))
  }
  echo(sysAuth({ uid: 5, gids: [1, 2], machine: 'one' }))
  echo(sysAuth({ uid: 5, gids: [1, 2], machine: 'one', stamp: 99 }))
  echo(sysAuth({ uid: 6, gids: [1, 3], machine: 'one' }))
  echo(NO_AUTH)
  echo(sysAuth({ uid: 6, gids: [1, 3], machine: 'one' }))
  echo(sysAuth({ uid: 6, gids: [1], machine: 'äß' }))
  t.same(
    world.seen.map(({ uid, gids, machine }) => `${uid} ${gids} ${machine}`),
    ['5 1,2 one', '5 1,2 one', '6 1,3 one', '65534  ', '6 1,3 one', '6 1 äß'],
  )
  t.same(world.seen[0], { address: '10.0.0.1', port: 700, uid: 5, machine: 'one', gids: '1,2', replay: null })
  const [first, second, third] = world.credentials
  t.equal(first, second, 'a renewed stamp is no change')
  t.not(second, third)
  t.end()
})

t.test('a refused credential does not spoil the next call', (t) => {
  const { connection, world } = setUp()
  connection.receive(callMessage(call(Toy.ECHO, { credential: sysAuth({ uid: 5 }), args: opaque(1) })))
  connection.receive(callMessage(call(Toy.ECHO, { credential: sysAuth({ gids: Array(17).fill(1) }), args: opaque(1) })))
  connection.receive(callMessage(call(Toy.ECHO, { credential: sysAuth({ uid: 5 }), args: opaque(1) })))
  t.same(
    world.seen.map(({ uid }) => uid),
    [5, 5],
  )
  t.equal(connection.drain().length, 3)
  t.end()
})

t.test('counting', (t) => {
  const { connection, dispatcher } = setUp()
  for (const [, message] of ANSWERS) connection.receive(callMessage(message))
  const counts = dispatcher.counts()
  t.same(counts, {
    notRpc: 0,
    rpcMismatch: 2,
    authError: 10,
    progUnavail: 1,
    progMismatch: 3,
    procUnavail: 3,
    garbageArgs: 6,
    systemErr: 1,
    repeated: 0,
    joined: 0,
  })
  const rows = new Map(dispatcher.procedures().map((row) => [`${row.version} ${row.procedure}`, row]))
  t.match(rows.get('3 ECHO'), { program: 'toy', calls: 5, errors: 4 })
  t.match(rows.get('3 BREAK'), { calls: 1, errors: 1 })
  t.match(rows.get('3 MAKE'), { calls: 1, errors: 1 })
  t.match(rows.get('5 NULL'), { calls: 1, errors: 0 })
  t.end()
})

t.test('an unexpected exception is logged once for a client and procedure', (t) => {
  const { connection, lines, environment } = setUp()
  for (let i = 0; i < 5; i++) connection.receive(callMessage(call(Toy.BREAK, { args: number(i) })))
  t.equal(connection.drain().length, 5)
  t.equal(lines.length, 1)
  t.match(lines[0], { level: 50, client: '10.0.0.1', msg: /toy BREAK from 10\.0\.0\.1 .*the toy is broken/ })
  environment.advance(60_000)
  connection.receive(callMessage(call(Toy.BREAK, { args: number(1) })))
  t.match(lines[1], { suppressed: 4 })
  t.end()
})

t.test('where even the failure cannot be said, SYSTEM_ERR is', (t) => {
  const { connection, world, lines } = setUp()
  world.breakFail = true
  connection.receive(callMessage(call(Toy.BREAK, { args: number(1) })))
  t.same(connection.drain(), [hex(`${ACCEPTED} 00000005`)])
  t.equal(lines.length, 2)
  t.end()
})

t.test('bulk data leaves in place, in order, and its pages are released when it has left', (t) => {
  const { connection, world } = setUp()
  for (const length of [50_000, 9_001, 20]) connection.receive(callMessage(call(Toy.BULK, { args: number(length) })))
  t.equal(world.pins, 3)
  const replies = connection.drain()
  t.equal(world.pins, 0)
  for (const [i, length] of [50_000, 9_001, 20].entries()) {
    const padded = Math.ceil(length / 4) * 4
    t.equal(replies[i].length, 28 + padded)
    t.same(Buffer.from(replies[i].subarray(28, 28 + length)), Buffer.from(world.bulk.subarray(0, length)))
  }
  t.end()
})

t.test('pages are released when the connection is gone before they have left', (t) => {
  const { connection, world } = setUp()
  connection.receive(callMessage(call(Toy.BULK, { args: number(50_000) })))
  t.equal(world.pins, 1)
  connection.close()
  t.equal(world.pins, 0)
  t.end()
})

t.test('the same program and version twice is refused at start', (t) => {
  const { dispatcher } = toyDispatcher()
  t.ok(dispatcher)
  const twice = [3, 3].map((version) => ({ program: TOY, version, name: 'toy', procedures: [] }))
  t.throws(() => toyDispatcher({ ...{ programs: twice } } as object), /twice/)
  t.end()
})
