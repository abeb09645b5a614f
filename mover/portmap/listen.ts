import type { Logger } from 'pino'
import { type DatagramWords, LISTEN_REASONS } from '../net/listen-datagrams.ts'
import type { MessageService } from '../net/message.ts'
import type { ListenAddress, NetServer } from '../net/server.ts'

/** `showmount`, `rpcinfo` and macOS ask over UDP. */
export const PORTMAP_DATAGRAMS: DatagramWords = {
  who: 'the portmapper',
  consequence: 'showmount, rpcinfo and clients that ask over UDP will not find the ports',
}

/**
 * Listens at the portmapper's own port. Null, and a warning, where that is refused or taken: clients then must be told
 * the ports. Throws on everything else, such as an address that this machine does not have.
 */
export async function listenPortmap(
  server: NetServer,
  service: MessageService,
  host: string,
  port: number,
  logger: Logger,
): Promise<ListenAddress | null> {
  try {
    return await server.listen(host, port, service)
  } catch (error) {
    const reason = LISTEN_REASONS[(error as NodeJS.ErrnoException).code ?? '']
    if (reason === undefined) throw error
    logger.warn(
      `the portmapper cannot listen at ${host} port ${port}: ${reason}; clients must mount with port=, mountport= and nolock`,
    )
    return null
  }
}
