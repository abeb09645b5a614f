import { RPCBSTAT_HIGHPROC, type rpcb_stat, type rpcb_stat_byvers } from '../../protocol/rpcbind/rpcbind.gen.ts'
import type { Transport } from '../net/message.ts'
import { netConfig } from './registry.ts'

const FIRST_VERSION = 2
const VERSIONS = 3
/** Questions about so many programs are counted apart, the first that come: the answer must fit into a datagram. */
const MAX_ASKED = 8
const MAX_COUNT = 2 ** 31 - 1

/** What the portmapper has been asked: RFC 1833 §2.1 rpcb_stat, for versions 2, 3 and 4. */
export class PortmapStatistics {
  readonly #versions = Array.from({ length: VERSIONS }, emptyStatistics)

  /** A call of a procedure. */
  called(version: number, procedure: number): void {
    const { info } = this.#versions[version - FIRST_VERSION]
    info[procedure] = next(info[procedure])
  }

  /** A question for the address of a program; `port` 0 tells that there is none. */
  asked(version: number, program: number, programVersion: number, transport: Transport, port: number): void {
    const { addrinfo } = this.#versions[version - FIRST_VERSION]
    const netid = netConfig(transport, '').netid
    let row = addrinfo.find(
      (one) => one.prog === program && one.vers === programVersion && Buffer.from(one.netid).toString() === netid,
    )
    if (row === undefined) {
      if (addrinfo.length === MAX_ASKED) return
      row = { prog: program, vers: programVersion, success: 0, failure: 0, netid: Buffer.from(netid) }
      addrinfo.push(row)
    }
    const outcome = port === 0 ? 'failure' : 'success'
    row[outcome] = next(row[outcome])
  }

  byVersion(): rpcb_stat_byvers {
    return this.#versions
  }
}

function emptyStatistics(): rpcb_stat {
  return { info: new Array(RPCBSTAT_HIGHPROC).fill(0), setinfo: 0, unsetinfo: 0, addrinfo: [], rmtinfo: [] }
}

function next(count: number): number {
  return Math.min(count + 1, MAX_COUNT)
}
