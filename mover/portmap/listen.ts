import type { Logger } from 'pino'
import type { DatagramServer } from '../net/datagram.ts'
import type { MessageService } from '../net/message.ts'
import type { ListenAddress, NetServer } from '../net/server.ts'

/** Reasons to go on without a portmapper of our own, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'not permitted (ports below 1024 need root or CAP_NET_BIND_SERVICE)',
  EADDRINUSE: 'another program listens there, perhaps rpcbind',
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
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? '']
    if (reason === undefined) throw error
    logger.warn(
      `the portmapper cannot listen at ${host} port ${port}: ${reason}; clients must mount with port=, mountport= and nolock`,
    )
    return null
  }
}

/**
 * Listens at the same port for calls over UDP, which `showmount`, `rpcinfo` and macOS ask with. Null, and a warning,
 * where that cannot be: over TCP the portmapper answers all the same.
 */
export async function listenPortmapDatagrams(
  server: DatagramServer,
  service: MessageService,
  host: string,
  port: number,
  logger: Logger,
): Promise<ListenAddress | null> {
  try {
    return await server.listen(host, port, service)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = REASONS[code ?? ''] ?? message
    logger.warn(
      `the portmapper cannot listen at ${host} UDP port ${port}: ${reason}; showmount, rpcinfo and clients that ask over UDP will not find the ports`,
    )
    return null
  }
}
