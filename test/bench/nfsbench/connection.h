/* Connections: requests that wait to be sent, gathered so that those ready together leave in one send(). */
#include "wire.h"

/* ---- workloads ---- */
enum { W_NULL, W_GETATTR, W_ACCESS, W_LOOKUP, W_RREAD, W_SREAD, W_RWRITE, W_RWRITES, W_SWRITE, W_TWRITE, W_TAPPEND,
       W_CREATE, W_RDPLUS, W_LOCK, W_HANDOFF };
static const char *wname[] = {"null",       "getattr",      "access",      "lookup",   "randread",
                              "seqread",    "randwrite",    "randwrite_sync", "seqwrite", "turnwrite",
                              "turnappend", "createremove", "readdirplus", "nlm_lock", "nlm_handoff", 0};
enum { NLM_LOCK = 2, NLM_UNLOCK = 4 };
typedef struct {
  int kind, q, c;
  uint32_t bs;
  char label[96];
} spec_t;

typedef struct {
  uint64_t t0, off, seq;
  uint32_t xid, len;
  int op, busy, held;
  uint64_t cookie;
  uint8_t cverf[8];
  uint32_t nent;
  uint8_t *pay;
} slot_t;
typedef struct {
  uint8_t *base;
  size_t len;
  int flat;
} oseg_t;
typedef struct {
  int fd, idx, want_out;
  srv_t *s;
  uint8_t *rb;
  size_t rcap, rhead, rtail;
  uint8_t *asm_;
  size_t asmlen;
  int asm_on;
  uint8_t *fb;
  size_t fcap, ftail;
  oseg_t *seg;
  int sh, st, scap;
  slot_t *sl;
  int inflight, parked, committing;
  uint64_t cursor;
  uint8_t verf[8];
  int have_verf;
} conn_t;
static conn_t conn[MAXCONN];
static int nconn, curq;
static spec_t *cur;
static int stopping, measuring, epfd;
static uint64_t turn_at; /* where the next of all connections writes that take turns in one file */
static uint64_t n_ops, n_bytes, n_err, n_bad, n_ent, n_scan, n_commit, n_verfchg, first_err;
static void flush_out(conn_t *c) {
  while (c->sh < c->st) {
    struct iovec v[256];
    int k = 0;
    for (int i = c->sh; i < c->st && k < 256; i++, k++) {
      v[k].iov_base = c->seg[i].base;
      v[k].iov_len = c->seg[i].len;
    }
    struct msghdr m = {.msg_iov = v, .msg_iovlen = k};
    ssize_t r = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r < 0) {
      if (errno == EAGAIN) {
        if (!c->want_out) {
          struct epoll_event ev = {EPOLLIN | EPOLLOUT, {.ptr = c}};
          epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev);
          c->want_out = 1;
        }
        return;
      }
      die("send: %s", strerror(errno));
    }
    while (r > 0) {
      oseg_t *g = &c->seg[c->sh];
      size_t k2 = (size_t)r < g->len ? (size_t)r : g->len;
      g->base += k2;
      g->len -= k2;
      r -= k2;
      if (!g->len) c->sh++;
    }
  }
  c->sh = c->st = 0;
  c->ftail = 0;
  if (c->want_out) {
    struct epoll_event ev = {EPOLLIN, {.ptr = c}};
    epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &ev);
    c->want_out = 0;
  }
}
static void seg_add(conn_t *c, uint8_t *b, size_t n, int flat) {
  if (c->st > c->sh) {
    oseg_t *g = &c->seg[c->st - 1];
    if (flat && g->flat && g->base + g->len == b) {
      g->len += n;
      return;
    }
  }
  if (c->st == c->scap) {
    memmove(c->seg, c->seg + c->sh, (c->st - c->sh) * sizeof(oseg_t));
    c->st -= c->sh;
    c->sh = 0;
    if (c->st == c->scap) die("seg overflow");
  }
  c->seg[c->st++] = (oseg_t){b, n, flat};
}
static uint8_t *flat_room(conn_t *c, size_t n) {
  if (c->ftail + n <= c->fcap) return c->fb + c->ftail;
  uint8_t *lo = NULL;
  for (int i = c->sh; i < c->st; i++)
    if (c->seg[i].flat) {
      lo = c->seg[i].base;
      break;
    }
  if (!lo) {
    c->ftail = 0;
    return c->fb;
  }
  size_t delta = lo - c->fb;
  memmove(c->fb, lo, c->ftail - delta);
  for (int i = c->sh; i < c->st; i++)
    if (c->seg[i].flat) c->seg[i].base -= delta;
  c->ftail -= delta;
  if (c->ftail + n > c->fcap) die("flat overflow");
  return c->fb + c->ftail;
}
