import { PMAP_PROG, PMAP_VERS, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { RPCBVERS, RPCBVERS_codecs, RPCBVERS4 } from '../../protocol/rpcbind/rpcbind.gen.ts'
import type { Environment } from '../environment.ts'
import type { Program } from '../rpc/program.ts'
import { NULL_PROCEDURE } from '../rpc/served.ts'
import { callit, indirect, rpcbCallit } from './callit.ts'
import type { PortmapContext } from './context.ts'
import { dump } from './dump.ts'
import { getaddr } from './getaddr.ts'
import { getaddrlist } from './getaddrlist.ts'
import { getport } from './getport.ts'
import { getstat } from './getstat.ts'
import { gettime } from './gettime.ts'
import { getversaddr } from './getversaddr.ts'
import type { PortRegistry } from './registry.ts'
import { rpcbDump } from './rpcb-dump.ts'
import { set } from './set.ts'
import { PortmapStatistics } from './statistics.ts'
import { taddr2uaddr } from './taddr2uaddr.ts'
import { uaddr2taddr } from './uaddr2taddr.ts'

type AnyProcedure = NonNullable<Program['procedures'][number]>

/** The port mapper: version 2 (RFC 1833 §3), and rpcbind's versions 3 and 4 (§2). */
export function portmapPrograms(registry: PortRegistry, environment: Environment): Program[] {
  const context: PortmapContext = { registry, environment, statistics: new PortmapStatistics() }
  return [
    program(context, PMAP_VERS, version2(context)),
    program(context, RPCBVERS, version3(context, RPCBVERS)),
    program(context, RPCBVERS4, version4(context)),
  ]
}

function version2(context: PortmapContext): AnyProcedure[] {
  const codecs = PMAP_VERS_codecs
  return [set(codecs.PMAPPROC_SET), set(codecs.PMAPPROC_UNSET), getport(context), dump(context), callit(context)]
}

function version3(context: PortmapContext, version: number): AnyProcedure[] {
  const codecs = RPCBVERS_codecs
  return [
    set(codecs.RPCBPROC_SET),
    set(codecs.RPCBPROC_UNSET),
    getaddr(context, version),
    rpcbDump(context),
    rpcbCallit(context),
    gettime(context),
    uaddr2taddr,
    taddr2uaddr,
  ]
}

function version4(context: PortmapContext): AnyProcedure[] {
  return [
    ...version3(context, RPCBVERS4),
    getversaddr(context),
    indirect(context),
    getaddrlist(context),
    getstat(context),
  ]
}

/** A version whose `procedures` have the numbers from 1 on; calls are counted for GETSTAT. */
function program({ statistics }: PortmapContext, version: number, procedures: AnyProcedure[]): Program {
  const counted = [NULL_PROCEDURE, ...procedures].map((one: AnyProcedure, number): AnyProcedure => {
    const handle: AnyProcedure['handle'] = (args, call) => {
      statistics.called(version, number)
      return one.handle(args, call)
    }
    return { ...one, handle }
  })
  return { program: PMAP_PROG, version, name: 'portmap', procedures: counted }
}
