/* The workloads: what each request is, and what its reply must be. */
#include "connection.h"

#define INLINE_PAY 8192u
/* What a connection's writes go to: a file of its own, or one of all. */
static fh_t *target(conn_t *c) {
  return cur->kind == W_SWRITE || cur->kind == W_TAPPEND ? &c->s->wfile[c->idx] : &c->s->file;
}
static int is_lock(int kind) {
  return kind == W_LOCK || kind == W_HANDOFF;
}
/* nlm4_lock: each connection is a client, each slot an owner with bytes of its own, or all want the same ones. */
static void enc_lock(enc_t *e, conn_t *c, int slot) {
  uint32_t svid = 1000 + (uint32_t)(c->idx * MAXQ + slot);
  uint64_t off = cur->kind == W_LOCK ? ((uint64_t)c->idx * MAXQ + slot) * 16 : 1ull << 40;
  char name[32], owner[48];
  snprintf(name, sizeof name, "client%d", c->idx);
  snprintf(owner, sizeof owner, "%u@%s", svid, name);
  estr(e, name);
  eop(e, c->s->file.d, c->s->file.n);
  estr(e, owner);
  e32(e, svid);
  e64(e, off);
  e64(e, 8);
}
static void issue(conn_t *c, slot_t *s) {
  if (stopping) {
    s->busy = 0;
    return;
  }
  srv_t *sv = c->s;
  uint8_t *b = flat_room(c, INLINE_PAY + 1024);
  enc_t e = {b, b + INLINE_PAY + 1024};
  int i = (int)(s - c->sl);
  s->xid = (s->xid + MAXQ) & ~(uint32_t)(MAXQ - 1);
  s->xid |= (uint32_t)i;
  uint8_t *ext = NULL;
  uint32_t extn = 0;
  char nm[64];
  uint32_t bs = cur->bs;
  switch (cur->kind) {
    case W_NULL: rpc_head(&e, s->xid, PROG_NFS, 3, 0); break;
    case W_GETATTR:
      rpc_head(&e, s->xid, PROG_NFS, 3, 1);
      eop(&e, sv->file.d, sv->file.n);
      break;
    case W_ACCESS:
      rpc_head(&e, s->xid, PROG_NFS, 3, 4);
      eop(&e, sv->file.d, sv->file.n);
      e32(&e, 0x3f);
      break;
    case W_LOOKUP:
      rpc_head(&e, s->xid, PROG_NFS, 3, 3);
      eop(&e, sv->big.d, sv->big.n);
      snprintf(nm, sizeof nm, "f%05u", rnd_below((uint32_t)opt_entries));
      estr(&e, nm);
      break;
    case W_RREAD:
    case W_SREAD:
      if (cur->kind == W_RREAD)
        s->off = (uint64_t)rnd_below((uint32_t)(opt_fsize / bs)) * bs;
      else {
        s->off = c->cursor;
        c->cursor += bs;
        if (c->cursor + bs > opt_fsize) c->cursor = 0;
      }
      s->len = bs;
      rpc_head(&e, s->xid, PROG_NFS, 3, 6);
      eop(&e, sv->file.d, sv->file.n);
      e64(&e, s->off);
      e32(&e, bs);
      break;
    case W_RWRITE:
    case W_RWRITES:
    case W_TWRITE:
    case W_TAPPEND:
    case W_SWRITE: {
      fh_t *f = target(c);
      if (cur->kind == W_SWRITE) {
        if (c->committing || c->cursor + bs > opt_fsize / 4) { /* a pass of a quarter of the size, then COMMIT */
          if (c->inflight > 0 || c->committing) {
            s->busy = 0;
            c->parked++;
            return;
          }
          c->committing = 1;
          s->op = 21;
          rpc_head(&e, s->xid, PROG_NFS, 3, 21);
          eop(&e, f->d, f->n);
          e64(&e, 0);
          e32(&e, 0);
          break;
        }
        s->off = c->cursor;
        c->cursor += bs;
      } else if (cur->kind == W_TWRITE || cur->kind == W_TAPPEND) {
        s->off = cur->kind == W_TWRITE ? turn_at % opt_fsize : turn_at;
        turn_at += bs;
      } else
        s->off = (uint64_t)rnd_below((uint32_t)(opt_fsize / bs)) * bs;
      s->op = 7;
      s->len = bs;
      rpc_head(&e, s->xid, PROG_NFS, 3, 7);
      eop(&e, f->d, f->n);
      e64(&e, s->off);
      e32(&e, bs);
      e32(&e, cur->kind == W_RWRITES ? 2 : 0);
      e32(&e, bs);
      if (bs <= INLINE_PAY) {
        pat_fill(e.p, s->off, bs);
        e.p += bs;
      } else {
        if (opt_verify >= 2)
          pat_fill(s->pay, s->off, bs);
        else
          for (uint32_t k = 0; k < bs; k += PAGE) {
            uint64_t w = pat(s->off + k);
            memcpy(s->pay + k, &w, 8);
          }
        ext = s->pay;
        extn = bs;
      }
      break;
    }
    case W_CREATE:
      snprintf(nm, sizeof nm, "c%d.%d.%llu", c->idx, i, (unsigned long long)(s->seq >> 1));
      if (!(s->seq & 1)) {
        rpc_head(&e, s->xid, PROG_NFS, 3, 8);
        eop(&e, sv->dir.d, sv->dir.n);
        estr(&e, nm);
        e32(&e, 1);
        enc_sattr(&e, 0644);
      } else {
        rpc_head(&e, s->xid, PROG_NFS, 3, 12);
        eop(&e, sv->dir.d, sv->dir.n);
        estr(&e, nm);
      }
      break;
    case W_RDPLUS:
      rpc_head(&e, s->xid, PROG_NFS, 3, 17);
      eop(&e, sv->big.d, sv->big.n);
      e64(&e, s->cookie);
      memcpy(e.p, s->cverf, 8);
      e.p += 8;
      e32(&e, bs);
      e32(&e, bs);
      break;
    case W_LOCK:
    case W_HANDOFF:
      s->op = s->held ? NLM_UNLOCK : NLM_LOCK;
      rpc_head(&e, s->xid, PROG_NLM, 4, (uint32_t)s->op);
      eop(&e, &s->xid, sizeof s->xid);
      if (s->op == NLM_LOCK) {
        e32(&e, 0); /* does not wait */
        e32(&e, 1); /* exclusive */
      }
      enc_lock(&e, c, i);
      if (s->op == NLM_LOCK) {
        e32(&e, 0); /* no reclaim */
        e32(&e, 1); /* the client's state */
      }
      break;
  }
  uint32_t hl = (uint32_t)(e.p - b);
  rm_patch(b, hl + extn);
  c->ftail = (size_t)(e.p - c->fb);
  seg_add(c, b, hl, 1);
  if (ext) seg_add(c, ext, extn, 0);
  s->busy = 1;
  c->inflight++;
  s->t0 = now_ns();
  if (opt_nobatch) flush_out(c);
}
static void fail(uint32_t st) {
  n_err++;
  if (!first_err) first_err = st ? st : 99999;
}

static void complete(conn_t *c, const uint8_t *p, uint32_t n, uint64_t now) {
  dec_t d = {p, p + n, 0};
  uint32_t xid = d32(&d);
  slot_t *s = &c->sl[xid & (MAXQ - 1)];
  if ((xid & (MAXQ - 1)) >= (uint32_t)curq || s->xid != xid || !s->busy) die("unexpected xid %08x", xid);
  s->busy = 0;
  c->inflight--;
  int rs = d_reply_head(&d);
  int count = 1;
  uint32_t st = 0, l;
  if (rs) {
    fail(90000 + (uint32_t)rs);
    goto next;
  }
  if (cur->kind == W_NULL) goto tally;
  if (is_lock(cur->kind)) dop(&d, &l); /* the cookie */
  st = d32(&d);
  if (st) {
    fail(st);
    if (cur->kind == W_CREATE) s->seq += 2 - (s->seq & 1);
    goto next;
  }
  switch (cur->kind) {
    case W_GETATTR: dskip(&d, 84); break;
    case W_ACCESS:
      d_post_attr(&d);
      d32(&d);
      break;
    case W_LOOKUP:
      dop(&d, &l);
      d_post_attr(&d);
      d_post_attr(&d);
      break;
    case W_RREAD:
    case W_SREAD: {
      d_post_attr(&d);
      uint32_t cnt = d32(&d);
      d32(&d);
      const uint8_t *q = dop(&d, &l);
      if (d.bad || l != cnt || cnt != s->len) {
        n_bad++;
        break;
      }
      if (opt_verify == 1)
        n_bad += pat_check_sample(q, s->off, l);
      else if (opt_verify >= 2)
        n_bad += pat_check(q, s->off, l);
      if (measuring) n_bytes += l;
      break;
    }
    case W_RWRITE:
    case W_RWRITES:
    case W_TWRITE:
    case W_TAPPEND:
    case W_SWRITE: {
      d_wcc(&d);
      if (s->op == 21) {
        if (d.e - d.p < 8)
          d.bad = 1;
        else if (c->have_verf && memcmp(c->verf, d.p, 8))
          n_verfchg++;
        c->committing = 0;
        c->cursor = 0;
        c->have_verf = 0;
        if (measuring) n_commit++;
        count = 0;
        break;
      }
      uint32_t cnt = d32(&d), how = d32(&d);
      if (d.e - d.p < 8) {
        d.bad = 1;
        break;
      }
      if (c->have_verf && memcmp(c->verf, d.p, 8)) n_verfchg++;
      memcpy(c->verf, d.p, 8);
      c->have_verf = 1;
      if (cnt != s->len || (cur->kind == W_RWRITES && how != 2)) n_bad++;
      if (measuring) n_bytes += cnt;
      break;
    }
    case W_CREATE: s->seq++; break;
    case W_RDPLUS: {
      d_post_attr(&d);
      if (d.e - d.p >= 8) memcpy(s->cverf, d.p, 8);
      dskip(&d, 8);
      uint32_t got = 0;
      while (!d.bad && d32(&d)) {
        dskip(&d, 8);
        dop(&d, &l);
        s->cookie = d64(&d);
        d_post_attr(&d);
        if (d32(&d)) dop(&d, &l);
        got++;
      }
      int eof = (int)d32(&d);
      s->nent += got;
      if (measuring) n_ent += got;
      if (!got && !eof) n_bad++;
      if (eof) {
        if ((int)s->nent != opt_entries && (int)s->nent != opt_entries + 2) n_bad++;
        if (measuring) n_scan++;
        s->nent = 0;
        s->cookie = 0;
        memset(s->cverf, 0, 8);
      }
      break;
    }
    case W_LOCK:
    case W_HANDOFF: s->held = s->op == NLM_LOCK; break;
  }
  if (d.bad) n_bad++;
tally:
  if (measuring && count) {
    n_ops++;
    hist_add(now - s->t0);
  } else if (stopping && count && now - s->t0 > lat_max)
    lat_max = now - s->t0; /* a wait that outlasts the measured time is told too */
next:
  if (cur->kind == W_HANDOFF && !s->held) { /* it is the next one's turn */
    c = &conn[(c->idx + 1) % nconn];
    issue(c, &c->sl[0]);
    flush_out(c);
    return;
  }
  issue(c, s);
  if (c->parked && !stopping && !c->committing && c->cursor + cur->bs <= opt_fsize / 4)
    for (int i = 0; i < curq && c->parked; i++)
      if (!c->sl[i].busy) {
        c->parked--;
        issue(c, &c->sl[i]);
      }
}

static void on_read(conn_t *c) {
  size_t room = c->rcap - c->rtail;
  if (c->rhead == c->rtail) {
    c->rhead = c->rtail = 0;
    room = c->rcap;
  } else if (room < 65536) {
    memmove(c->rb, c->rb + c->rhead, c->rtail - c->rhead);
    c->rtail -= c->rhead;
    c->rhead = 0;
    room = c->rcap - c->rtail;
  }
  ssize_t r = recv(c->fd, c->rb + c->rtail, room, MSG_DONTWAIT);
  if (r < 0) {
    if (errno == EAGAIN) return;
    die("recv: %s", strerror(errno));
  }
  if (r == 0) die("server closed the connection during %s", cur->label);
  c->rtail += r;
  uint64_t now = now_ns();
  while (c->rtail - c->rhead >= 4) {
    uint32_t m;
    memcpy(&m, c->rb + c->rhead, 4);
    m = be32toh(m);
    uint32_t l = m & 0x7fffffffu;
    if (l > c->rcap - 65536) die("reply record of %u bytes", l);
    if (c->rtail - c->rhead < 4 + (size_t)l) {
      if (c->rcap - c->rhead < 4 + (size_t)l) {
        memmove(c->rb, c->rb + c->rhead, c->rtail - c->rhead);
        c->rtail -= c->rhead;
        c->rhead = 0;
      }
      break;
    }
    const uint8_t *p = c->rb + c->rhead + 4;
    c->rhead += 4 + l;
    if (!(m & 0x80000000u) || c->asm_on) {
      if (!c->asm_) c->asm_ = malloc(8 << 20);
      if (c->asmlen + l > 8 << 20) die("fragmented record too big");
      memcpy(c->asm_ + c->asmlen, p, l);
      c->asmlen += l;
      c->asm_on = 1;
      if (!(m & 0x80000000u)) continue;
      complete(c, c->asm_, (uint32_t)c->asmlen, now);
      c->asmlen = 0;
      c->asm_on = 0;
    } else
      complete(c, p, l, now);
  }
  flush_out(c);
}
