/**
 * A file that nobody has written to for so long is quiet: its writers give back their rights when others would read all of
 * it, and who has got less than all asks again.
 */
export const QUIET_MS = 1000
