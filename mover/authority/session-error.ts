/** The peer has broken the protocol: the session ends. */
export class SessionError extends Error {}
