import { MAX_LINKS } from '../files/service.ts'

/** The most that one READ or WRITE moves (RFC 1813 §3.3.19 rtmax, wtmax). */
export const TRANSFER_MAX_BYTES = 1024 * 1024

/** What READ and WRITE are best a multiple of (rtmult, wtmult). */
export const TRANSFER_MULTIPLE_BYTES = 4096

/** The best count of a READDIR (dtpref). */
export const DIRECTORY_PREFERRED_BYTES = 64 * 1024

/** The most that one READDIR or READDIRPLUS answers, whatever is asked for. */
export const DIRECTORY_MAX_BYTES = 1024 * 1024

/** The largest file (maxfilesize): 16 TiB. */
export const FILE_MAX_BYTES = 2 ** 44

/** The most names of one file (RFC 1813 §3.3.20 linkmax). */
export const LINK_MAX = MAX_LINKS
