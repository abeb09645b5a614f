import {
  PMAP_PROG,
  PMAP_VERS,
  PMAPPROC_DUMP,
  PMAPPROC_GETPORT,
  PMAPPROC_SET,
  PMAPPROC_UNSET,
} from '../../protocol/portmap/portmap.gen.ts'
import type { Program } from '../rpc/program.ts'
import { dump } from './dump.ts'
import { getport } from './getport.ts'
import type { PortRegistry } from './registry.ts'
import { set } from './set.ts'
import { unset } from './unset.ts'

/**
 * The port mapper (RFC 1833 §3), version 2. CALLIT is not served: it forwards calls to programs that listen on UDP,
 * of which this mover has none, and would let anybody call them under the mover's own address. The answer is
 * PROC_UNAVAIL, over UDP too: RFC 1833 wants silence there from a portmapper that has CALLIT, when the forwarded call
 * fails. That answer is shorter than any such call, so that it is of no use against a forged source address.
 */
export function portmapProgram(registry: PortRegistry): Program {
  const procedures: Program['procedures'][number][] = []
  procedures[PMAPPROC_SET] = set
  procedures[PMAPPROC_UNSET] = unset
  procedures[PMAPPROC_GETPORT] = getport(registry)
  procedures[PMAPPROC_DUMP] = dump(registry)
  return { program: PMAP_PROG, version: PMAP_VERS, name: 'portmap', procedures }
}
