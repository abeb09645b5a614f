/* XDR, ONC RPC and the blocking calls that set a server up: a file, a big directory, handles. */
#include "measure.h"

#define PROG_NFS 100003u
#define PROG_MNT 100005u
#define PROG_NLM 100021u
#define MAXSRV 32
#define MAXCONN 1024
#define MAXQ 1024
#define PREP_DEPTH 128 /* creates in flight while the big directory is made */

/* ---- XDR ---- */
typedef struct {
  uint8_t *p, *e;
} enc_t;
static inline void e32(enc_t *e, uint32_t v) {
  v = htobe32(v);
  memcpy(e->p, &v, 4);
  e->p += 4;
}
static inline void e64(enc_t *e, uint64_t v) {
  v = htobe64(v);
  memcpy(e->p, &v, 8);
  e->p += 8;
}
static inline void eop(enc_t *e, const void *d, uint32_t n) {
  e32(e, n);
  memcpy(e->p, d, n);
  e->p += n;
  while (n & 3) {
    *e->p++ = 0;
    n++;
  }
}
static inline void estr(enc_t *e, const char *s) {
  eop(e, s, (uint32_t)strlen(s));
}
typedef struct {
  const uint8_t *p, *e;
  int bad;
} dec_t;
static inline uint32_t d32(dec_t *d) {
  if (d->e - d->p < 4) {
    d->bad = 1;
    return 0;
  }
  uint32_t v;
  memcpy(&v, d->p, 4);
  d->p += 4;
  return be32toh(v);
}
static inline uint64_t d64(dec_t *d) {
  uint64_t h = d32(d);
  return h << 32 | d32(d);
}
static inline const uint8_t *dop(dec_t *d, uint32_t *n) {
  uint32_t l = d32(d);
  uint64_t pl = ((uint64_t)l + 3) & ~3ull;
  if (d->bad || (uint64_t)(d->e - d->p) < pl) {
    d->bad = 1;
    *n = 0;
    return d->p;
  }
  const uint8_t *r = d->p;
  d->p += pl;
  *n = l;
  return r;
}
static inline void dskip(dec_t *d, uint32_t n) {
  if ((uint32_t)(d->e - d->p) < n)
    d->bad = 1;
  else
    d->p += n;
}
static inline void d_post_attr(dec_t *d) {
  if (d32(d)) dskip(d, 84);
}
static inline void d_wcc(dec_t *d) {
  if (d32(d)) dskip(d, 24);
  d_post_attr(d);
}

typedef struct {
  uint8_t d[128];
  uint32_t n;
} fh_t;

/* ---- servers ---- */
typedef struct {
  char host[128];
  int port, mport, lport;
  fh_t root, dir, file, big;
  fh_t wfile[MAXCONN];
} srv_t;
static srv_t srv[MAXSRV];
static int nsrv;
static const char *export_path = "/export";
static uint32_t opt_uid = 0, opt_gid = 0;
static int opt_nobatch, opt_verify = 1, opt_table = 1, opt_reps = 3, opt_noprep, opt_spin;
static double opt_secs = 3.0;
static const char *opt_device;
static uint64_t opt_fsize = 256ull << 20;
static int opt_entries = 10000;

static int tcp_connect(const char *host, int port) {
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &sa.sin_addr) != 1) {
    struct addrinfo h = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *r;
    if (getaddrinfo(host, NULL, &h, &r)) die("cannot resolve %s", host);
    sa.sin_addr = ((struct sockaddr_in *)r->ai_addr)->sin_addr;
    freeaddrinfo(r);
  }
  int fd = -1, one = 1;
  if (geteuid() == 0) { /* a reserved source port, as kernel clients use */
    for (int p = 1023; p > 600; p--) {
      fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      struct sockaddr_in me = {.sin_family = AF_INET, .sin_port = htons(p)};
      if (bind(fd, (void *)&me, sizeof me) == 0) {
        if (connect(fd, (void *)&sa, sizeof sa) == 0) goto ok;
        if (errno == ECONNREFUSED) die("connect %s:%d: refused", host, port);
      }
      close(fd);
      fd = -1;
    }
  }
  fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (void *)&sa, sizeof sa)) die("connect %s:%d: %s", host, port, strerror(errno));
ok:
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static uint32_t xid_ctr;
/* call header after the record mark; returns encoder after the verifier */
static void rpc_head(enc_t *e, uint32_t xid, uint32_t prog, uint32_t vers, uint32_t proc) {
  e32(e, 0); /* record mark, patched */
  e32(e, xid);
  e32(e, 0);
  e32(e, 2);
  e32(e, prog);
  e32(e, vers);
  e32(e, proc);
  e32(e, 1);
  e32(e, 4 + 12 + 8 + 4);
  e32(e, 0);
  estr(e, "nfsbench");
  e32(e, opt_uid);
  e32(e, opt_gid);
  e32(e, 0);
  e32(e, 0);
  e32(e, 0);
}
static void rm_patch(uint8_t *start, uint32_t bytes) {
  uint32_t v = htobe32(0x80000000u | (bytes - 4));
  memcpy(start, &v, 4);
}
static int d_reply_head(dec_t *d) { /* after xid; 0 = accepted success */
  if (d32(d) != 1) return -1;
  if (d32(d) != 0) return -2;
  uint32_t n;
  d32(d);
  dop(d, &n);
  uint32_t st = d32(d);
  return d->bad ? -3 : (int)st;
}

/* ---- blocking calls for setting up ---- */
static uint8_t sbuf[4 << 20], rbuf0[8 << 20];
static void full_write(int fd, const void *b, size_t n) {
  const uint8_t *p = b;
  while (n) {
    ssize_t r = write(fd, p, n);
    if (r <= 0) die("write: %s", strerror(errno));
    p += r;
    n -= r;
  }
}
static void full_read(int fd, void *b, size_t n) {
  uint8_t *p = b;
  while (n) {
    ssize_t r = read(fd, p, n);
    if (r <= 0) die("server closed the connection");
    p += r;
    n -= r;
  }
}
static uint32_t read_record(int fd, uint8_t *out, uint32_t cap) {
  uint32_t tot = 0, m;
  do {
    full_read(fd, &m, 4);
    m = be32toh(m);
    uint32_t l = m & 0x7fffffffu;
    if (tot + l > cap) die("record too big (%u)", tot + l);
    full_read(fd, out + tot, l);
    tot += l;
  } while (!(m & 0x80000000u));
  return tot;
}
static enc_t scall_begin(uint32_t prog, uint32_t vers, uint32_t proc) {
  enc_t e = {sbuf, sbuf + sizeof sbuf};
  rpc_head(&e, ++xid_ctr, prog, vers, proc);
  return e;
}
static dec_t scall_end(int fd, enc_t *e) {
  rm_patch(sbuf, (uint32_t)(e->p - sbuf));
  full_write(fd, sbuf, e->p - sbuf);
  uint32_t n = read_record(fd, rbuf0, sizeof rbuf0);
  dec_t d = {rbuf0, rbuf0 + n, 0};
  if (d32(&d) != xid_ctr) die("setup: wrong xid");
  int st = d_reply_head(&d);
  if (st) die("setup: RPC not accepted (%d)", st);
  return d;
}
static int s_lookup(int fd, fh_t *dir, const char *name, fh_t *out, uint64_t *size) {
  enc_t e = scall_begin(PROG_NFS, 3, 3);
  eop(&e, dir->d, dir->n);
  estr(&e, name);
  dec_t d = scall_end(fd, &e);
  uint32_t st = d32(&d);
  if (st) return (int)st;
  uint32_t n;
  const uint8_t *p = dop(&d, &n);
  if (n > sizeof out->d) die("fh too long");
  memcpy(out->d, p, n);
  out->n = n;
  if (size) {
    *size = 0;
    if (d32(&d)) {
      dskip(&d, 20);
      *size = d64(&d);
    }
  }
  return 0;
}
static void enc_sattr(enc_t *e, uint32_t mode) {
  e32(e, 1);
  e32(e, mode);
  e32(e, 0);
  e32(e, 0);
  e32(e, 0);
  e32(e, 0);
  e32(e, 0);
}
static void s_mkdir(int fd, fh_t *dir, const char *name, fh_t *out) {
  if (s_lookup(fd, dir, name, out, NULL) == 0) return;
  enc_t e = scall_begin(PROG_NFS, 3, 9);
  eop(&e, dir->d, dir->n);
  estr(&e, name);
  enc_sattr(&e, 0755);
  dec_t d = scall_end(fd, &e);
  uint32_t st = d32(&d);
  if (st && st != 17) die("mkdir %s: nfsstat %u", name, st);
  if ((st = s_lookup(fd, dir, name, out, NULL))) die("lookup %s: nfsstat %u", name, st);
}
static void s_create(int fd, fh_t *dir, const char *name, fh_t *out) {
  enc_t e = scall_begin(PROG_NFS, 3, 8);
  eop(&e, dir->d, dir->n);
  estr(&e, name);
  e32(&e, 0);
  enc_sattr(&e, 0644);
  dec_t d = scall_end(fd, &e);
  uint32_t st = d32(&d);
  if (st) die("create %s: nfsstat %u", name, st);
  if ((st = s_lookup(fd, dir, name, out, NULL))) die("lookup %s: nfsstat %u", name, st);
}
static void s_commit(int fd, fh_t *f) {
  enc_t e = scall_begin(PROG_NFS, 3, 21);
  eop(&e, f->d, f->n);
  e64(&e, 0);
  e32(&e, 0);
  dec_t d = scall_end(fd, &e);
  uint32_t st = d32(&d);
  if (st) die("commit: nfsstat %u", st);
}
static void s_write_pattern(int fd, fh_t *f, uint64_t size) {
  uint32_t bs = 1u << 20;
  for (uint64_t o = 0; o < size;) {
    uint32_t n = size - o < bs ? (uint32_t)(size - o) : bs;
    enc_t e = scall_begin(PROG_NFS, 3, 7);
    eop(&e, f->d, f->n);
    e64(&e, o);
    e32(&e, n);
    e32(&e, 0);
    e32(&e, n);
    pat_fill(e.p, o, n);
    e.p += n;
    dec_t d = scall_end(fd, &e);
    uint32_t st = d32(&d);
    if (st) die("prep write: nfsstat %u", st);
    d_wcc(&d);
    uint32_t c = d32(&d);
    if (!c) die("prep write: wrote 0");
    o += c & ~7u;
  }
  s_commit(fd, f);
}

static void setup_server(srv_t *s, int si) {
  int mfd = tcp_connect(s->host, s->mport);
  enc_t e = scall_begin(PROG_MNT, 3, 1);
  estr(&e, export_path);
  dec_t d = scall_end(mfd, &e);
  uint32_t st = d32(&d), n;
  if (st) die("mount %s: status %u", export_path, st);
  const uint8_t *p = dop(&d, &n);
  if (n > sizeof s->root.d) die("fh too long");
  memcpy(s->root.d, p, n);
  s->root.n = n;
  close(mfd);
  int fd = tcp_connect(s->host, s->port);
  if (opt_noprep) {
    uint64_t sz;
    if ((st = s_lookup(fd, &s->root, "nfsbench", &s->dir, NULL))) die("lookup nfsbench: %u", st);
    if ((st = s_lookup(fd, &s->dir, "f", &s->file, &sz))) die("lookup f: %u", st);
    if ((st = s_lookup(fd, &s->dir, "d", &s->big, NULL))) die("lookup d: %u", st);
    close(fd);
    return;
  }
  s_mkdir(fd, &s->root, "nfsbench", &s->dir);
  uint64_t sz = 0;
  if (s_lookup(fd, &s->dir, "f", &s->file, &sz) || sz != opt_fsize) {
    s_create(fd, &s->dir, "f", &s->file);
    s_write_pattern(fd, &s->file, opt_fsize);
  }
  s_mkdir(fd, &s->dir, "d", &s->big);
  if (si == 0) {
    char nm[32];
    fh_t t;
    snprintf(nm, sizeof nm, "f%05d", opt_entries - 1);
    if (s_lookup(fd, &s->big, nm, &t, NULL)) {
      for (int b = 0; b < opt_entries; b += PREP_DEPTH) {
        int k = opt_entries - b < PREP_DEPTH ? opt_entries - b : PREP_DEPTH;
        for (int i = 0; i < k; i++) {
          enc_t c = scall_begin(PROG_NFS, 3, 8);
          snprintf(nm, sizeof nm, "f%05d", b + i);
          eop(&c, s->big.d, s->big.n);
          estr(&c, nm);
          e32(&c, 0);
          enc_sattr(&c, 0644);
          rm_patch(sbuf, (uint32_t)(c.p - sbuf));
          full_write(fd, sbuf, c.p - sbuf);
        }
        for (int i = 0; i < k; i++) read_record(fd, rbuf0, sizeof rbuf0);
      }
      if (s_lookup(fd, &s->big, nm, &t, NULL)) die("prep: %s was not created", nm);
    }
  }
  close(fd);
}
