import type { Logger } from 'pino'
import type { DatagramServer } from './datagram.ts'
import type { MessageService } from './message.ts'
import type { ListenAddress } from './server.ts'

/** Reasons to go on without a listener, in words. */
export const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'not permitted (ports below 1024 need root or CAP_NET_BIND_SERVICE)',
  EADDRINUSE: 'another program listens there, perhaps rpcbind',
}

/** Who is to be reached over UDP, and what people will notice where it is not: for the log. */
export interface DatagramWords {
  who: string
  consequence: string
}

/** Listens for calls over UDP. Null, and a warning, where that cannot be: over TCP the program answers all the same. */
export async function listenDatagrams(
  server: DatagramServer,
  service: MessageService,
  { host, port }: ListenAddress,
  logger: Logger,
  { who, consequence }: DatagramWords,
): Promise<ListenAddress | null> {
  try {
    return await server.listen(host, port, service)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = LISTEN_REASONS[code ?? ''] ?? message
    logger.warn(`${who} cannot listen at ${host} UDP port ${port}: ${reason}; ${consequence}`)
    return null
  }
}
