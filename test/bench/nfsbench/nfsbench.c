/*
 * nfsbench: a single-threaded load generator for NFSv3 and NLMv4 over raw ONC RPC on TCP. C connections, Q requests in
 * flight on each, one epoll loop; checks the bytes that it reads. `nfsbench -h` lists its options and workloads.
 */
#include "workloads.h"

typedef struct {
  double ops, mbs, p50, p90, p99, p999, max, cli, srvus, secs, srvcores, ents, steal, other, flushes;
  uint64_t n, err, bad, ferr, verfchg, commits;
} res_t;

static res_t run_once(spec_t *sp) {
  cur = sp;
  curq = sp->q;
  nconn = sp->c;
  epfd = epoll_create1(0);
  stopping = measuring = 0;
  n_ops = n_bytes = n_err = n_bad = n_ent = n_scan = n_commit = n_verfchg = lat_max = first_err = 0;
  memset(hist, 0, sizeof hist);
  hist_n = 0;
  for (int i = 0; i < nconn; i++) {
    conn_t *c = &conn[i];
    memset(c, 0, sizeof *c);
    c->idx = i;
    c->s = &srv[i % nsrv];
    c->rcap = sp->bs >= 65536 ? (8u << 20) : (1u << 20);
    if (sp->kind == W_RDPLUS) c->rcap = 4 << 20;
    c->rb = malloc(c->rcap);
    c->fcap = (size_t)(curq + 2) * (INLINE_PAY + 1024) * 2;
    c->fb = malloc(c->fcap);
    c->scap = 4 * curq + 16;
    c->seg = calloc(c->scap, sizeof(oseg_t));
    c->sl = calloc(curq, sizeof(slot_t));
    uint32_t x0 = (uint32_t)rnd();
    for (int k = 0; k < curq; k++) c->sl[k].xid = x0;
    if (sp->kind == W_SREAD) c->cursor = (opt_fsize / sp->bs * (uint64_t)i / (uint64_t)nconn) * sp->bs;
    if (sp->kind == W_SWRITE) {
      int fd = tcp_connect(c->s->host, c->s->port);
      char nm[32];
      snprintf(nm, sizeof nm, "w%d", i);
      if (opt_noprep) {
        uint32_t st = (uint32_t)s_lookup(fd, &c->s->dir, nm, &c->s->wfile[i], NULL);
        if (st) die("lookup %s: %u", nm, st);
      } else
        s_create(fd, &c->s->dir, nm, &c->s->wfile[i]);
      close(fd);
      for (int k = 0; k < curq; k++) {
        c->sl[k].pay = malloc(sp->bs);
        pat_fill(c->sl[k].pay, 0, sp->bs);
      }
    } else if (sp->kind == W_TAPPEND) {
      int fd = tcp_connect(c->s->host, c->s->port);
      turn_at = 0;
      if (s_lookup(fd, &c->s->dir, "appended", &c->s->wfile[i], &turn_at))
        s_create(fd, &c->s->dir, "appended", &c->s->wfile[i]);
      close(fd);
    } else if ((sp->kind == W_RWRITE || sp->kind == W_RWRITES) && sp->bs > INLINE_PAY)
      for (int k = 0; k < curq; k++) {
        c->sl[k].pay = malloc(sp->bs);
        pat_fill(c->sl[k].pay, 0, sp->bs);
      }
    c->fd = tcp_connect(c->s->host, is_lock(sp->kind) ? c->s->lport : c->s->port);
    int sz = 4 << 20;
    if (sp->bs >= 65536) {
      setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &sz, sizeof sz);
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event ev = {EPOLLIN, {.ptr = c}};
    epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &ev);
  }
  uint64_t run_id = now_ns();
  for (int i = 0; i < nconn; i++) {
    conn_t *c = &conn[i];
    for (int k = 0; k < curq; k++) {
      c->sl[k].seq = (run_id & 0xffffffffffull) << 20 & ~1ull;
      if (sp->kind == W_HANDOFF && (i || k)) continue; /* one at a time has a lock that is passed on */
      issue(c, &c->sl[k]);
    }
    flush_out(c);
  }
  uint64_t t0 = now_ns(), tw = t0 + 400000000ull, t1 = 0, tend = tw + (uint64_t)(opt_secs * 1e9),
           hard = tend + 10000000000ull, tstop = 0;
  double c0 = 0, s0 = 0, c1 = 0, s1 = 0, b0 = 0, b1 = 0, z0 = 0, z1 = 0;
  uint64_t f0 = 0, f1 = 0;
  for (;;) {
    struct epoll_event ev[64];
    int k = epoll_wait(epfd, ev, 64, opt_spin ? 0 : 100);
    for (int i = 0; i < k; i++) {
      conn_t *c = ev[i].data.ptr;
      if (ev[i].events & EPOLLOUT) flush_out(c);
      if (ev[i].events & ~EPOLLOUT) on_read(c);
    }
    uint64_t now = now_ns();
    if (!measuring && !stopping && now >= tw) {
      measuring = 1;
      t1 = now;
      c0 = self_cpu();
      s0 = srv_cpu();
      machine_cpu(&b0, &z0);
      f0 = device_flushes(opt_device);
    }
    if (measuring && now >= tend) {
      measuring = 0;
      stopping = 1;
      tstop = now;
      c1 = self_cpu();
      s1 = srv_cpu();
      machine_cpu(&b1, &z1);
      f1 = device_flushes(opt_device);
    }
    if (stopping) {
      int left = 0;
      for (int i = 0; i < nconn; i++) left += conn[i].inflight;
      if (!left) break;
    }
    if (now > hard) {
      n_err++;
      first_err = 88888;
      break;
    }
  }
  /* finish create/remove pairs, unlock what is held */
  if (sp->kind == W_CREATE || is_lock(sp->kind)) {
    for (int i = 0; i < nconn; i++) {
      conn_t *c = &conn[i];
      stopping = 0;
      for (int k = 0; k < curq; k++) {
        slot_t *s = &c->sl[k];
        if (is_lock(sp->kind) ? s->held : (int)(s->seq & 1)) issue(c, s);
      }
      stopping = 1;
      flush_out(c);
      uint64_t lim = now_ns() + 5000000000ull;
      fcntl(c->fd, F_SETFL, 0);
      while (c->inflight && now_ns() < lim) {
        struct epoll_event e1[8];
        if (epoll_wait(epfd, e1, 8, 100) > 0) {
          on_read(c);
        }
      }
    }
  }
  /* what unstable writes have left is made durable now, so that no later run pays for it */
  int unstable = sp->kind == W_RWRITE || sp->kind == W_SWRITE || sp->kind == W_TWRITE || sp->kind == W_TAPPEND;
  for (int i = 0; i < nconn && unstable; i++) {
    srv_t *s = conn[i].s;
    int fd = tcp_connect(s->host, s->port);
    s_commit(fd, target(&conn[i]));
    close(fd);
  }
  for (int i = 0; i < nconn; i++) {
    conn_t *c = &conn[i];
    close(c->fd);
    free(c->rb);
    free(c->fb);
    free(c->seg);
    free(c->asm_);
    for (int k = 0; k < curq; k++) free(c->sl[k].pay);
    free(c->sl);
  }
  close(epfd);
  double secs = (tstop - t1) / 1e9;
  res_t r = {0};
  r.secs = secs;
  r.n = n_ops;
  r.ops = n_ops / secs;
  r.mbs = n_bytes / secs / 1e6;
  r.err = n_err;
  r.bad = n_bad;
  r.ferr = first_err;
  r.p50 = hist_pct(.5);
  r.p90 = hist_pct(.9);
  r.p99 = hist_pct(.99);
  r.p999 = hist_pct(.999);
  r.max = lat_max / 1e3;
  r.cli = n_ops ? (c1 - c0) * 1e6 / n_ops : 0;
  r.srvus = n_ops ? (s1 - s0) * 1e6 / n_ops : 0;
  r.srvcores = (s1 - s0) / secs;
  r.ents = n_ent / secs;
  r.flushes = n_ops ? (double)(f1 - f0) / n_ops : 0;
  r.verfchg = n_verfchg;
  r.commits = n_commit;
  r.steal = (z1 - z0) / secs;
  r.other = (b1 - b0 - (c1 - c0) - (s1 - s0)) / secs;
  if (r.other < 0) r.other = 0;
  return r;
}
static int cmp_res(const void *a, const void *b) {
  double x = ((const res_t *)a)->ops, y = ((const res_t *)b)->ops;
  return x < y ? -1 : x > y;
}

static int parse_spec(char *t, spec_t *sp) {
  char *sv, *nm = strtok_r(t, ":", &sv);
  memset(sp, 0, sizeof *sp);
  sp->q = 1;
  sp->c = 1;
  sp->kind = -1;
  for (int i = 0; wname[i]; i++)
    if (!strcmp(nm, wname[i])) sp->kind = i;
  if (sp->kind < 0) return -1;
  sp->bs = sp->kind == W_SREAD || sp->kind == W_SWRITE ? 1u << 20 : sp->kind == W_RDPLUS ? 65536 : 4096;
  for (char *o; (o = strtok_r(NULL, ":", &sv));) {
    if (!strncmp(o, "q=", 2))
      sp->q = atoi(o + 2);
    else if (!strncmp(o, "c=", 2))
      sp->c = atoi(o + 2);
    else if (!strncmp(o, "bs=", 3)) {
      char *u;
      sp->bs = (uint32_t)strtoul(o + 3, &u, 10);
      if (*u == 'k') sp->bs <<= 10;
      if (*u == 'm') sp->bs <<= 20;
    } else
      return -1;
  }
  if (sp->q < 1 || sp->q > MAXQ || sp->c < 1 || sp->c > MAXCONN || sp->bs > 2u << 20 || sp->bs % 8) return -1;
  snprintf(sp->label, sizeof sp->label, "%s", wname[sp->kind]);
  return 0;
}
static const char *suite =
    "null:q=1,null:q=64,getattr:q=1,getattr:q=64,getattr:q=16:c=4,lookup:q=1,lookup:q=64,"
    "randread:q=1,randread:q=16,randread:q=64,randread:q=16:c=4,seqread:q=4:bs=64k,seqread:q=4:bs=1m,"
    "seqread:q=4:c=2:bs=1m,"
    "randwrite:q=1,randwrite:q=64,randwrite_sync:q=1,randwrite_sync:q=64,seqwrite:q=4:bs=1m,"
    "createremove:q=1,createremove:q=16,readdirplus:q=1:bs=64k,readdirplus:q=4:bs=64k";

static void usage(void) {
  fputs(
      "nfsbench [options] -s host:nfsport[:mountport[:nlmport]][,...]\n"
      "  -e PATH   export path (default /export)      -w SPEC[,SPEC] workloads, or 'suite'\n"
      "  -t SECS   measured time of a run (3)         -r N   repeats; the median is reported (3)\n"
      "  -v 0|1|2  verify data: none, one word a page (default), every byte\n"
      "  -p PID[,PID] server processes whose CPU time is read from /proc\n"
      "  -u UID -g GID   AUTH_SYS identity            -n     no prep: the files are already there\n"
      "  -1        one send() per request (no batching)  -S  spin instead of sleeping in epoll\n"
      "  -f MIB    size of the test file (256)        -E N   entries in the big directory (10000)\n"
      "  -N NAME   server's name in the output        -j     JSON lines only, no table\n"
      "  -d MAJ:MIN  block device whose flushes are counted\n"
      "  SPEC is NAME[:q=DEPTH][:c=CONNS][:bs=BYTES|Nk|Nm]; NAME is one of\n   ",
      stderr);
  for (int i = 0; wname[i]; i++) fprintf(stderr, " %s", wname[i]);
  fputs("\n", stderr);
  exit(2);
}
int main(int argc, char **argv) {
  const char *w = "suite", *name = "server";
  int o;
  char *servers = NULL;
  while ((o = getopt(argc, argv, "s:e:w:t:r:v:p:u:g:n1Sf:E:N:d:jh")) != -1) switch (o) {
      case 's': servers = optarg; break;
      case 'e': export_path = optarg; break;
      case 'w': w = optarg; break;
      case 't': opt_secs = atof(optarg); break;
      case 'r': opt_reps = atoi(optarg); break;
      case 'v': opt_verify = atoi(optarg); break;
      case 'p':
        for (char *t = strtok(optarg, ","); t && npids < 64; t = strtok(NULL, ",")) pids[npids++] = atoi(t);
        break;
      case 'u': opt_uid = (uint32_t)atoi(optarg); break;
      case 'g': opt_gid = (uint32_t)atoi(optarg); break;
      case 'n': opt_noprep = 1; break;
      case '1': opt_nobatch = 1; break;
      case 'S': opt_spin = 1; break;
      case 'f': opt_fsize = (uint64_t)atoi(optarg) << 20; break;
      case 'E': opt_entries = atoi(optarg); break;
      case 'N': name = optarg; break;
      case 'd': opt_device = optarg; break;
      case 'j': opt_table = 0; break;
      default: usage();
    }
  if (!servers || opt_secs <= 0 || opt_secs > 60 || opt_reps < 1 || opt_reps > 20 || opt_fsize < 4 << 20) usage();
  rng ^= now_ns();
  xid_ctr = (uint32_t)rnd();
  for (char *t = strtok(servers, ","); t; t = strtok(NULL, ",")) {
    srv_t *s = &srv[nsrv++];
    if (nsrv > MAXSRV) usage();
    char *c = strchr(t, ':');
    if (!c) usage();
    *c = 0;
    snprintf(s->host, sizeof s->host, "%s", t);
    s->port = s->mport = s->lport = atoi(c + 1);
    if ((c = strchr(c + 1, ':'))) {
      s->mport = atoi(c + 1);
      if ((c = strchr(c + 1, ':'))) s->lport = atoi(c + 1);
    }
  }
  for (int i = 0; i < nsrv; i++) setup_server(&srv[i], i);
  char *list = strdup(strcmp(w, "suite") ? w : suite), *sv;
  int bad = 0;
  if (opt_table)
    fprintf(stderr, "%-22s %-4s %-3s %-8s %10s %9s %8s %8s %8s %9s %8s %9s %6s %5s %5s %s\n", "workload", "qd", "c",
            "bs", "ops/s", "MB/s", "p50us", "p99us", "p99.9us", "maxus", "srvus/op", "cli us/op", "spread", "steal",
            "other", "notes");
  for (char *t = strtok_r(list, ",", &sv); t; t = strtok_r(NULL, ",", &sv)) {
    spec_t sp;
    if (parse_spec(t, &sp)) die("bad workload spec: %s", t);
    res_t rs[20];
    for (int i = 0; i < opt_reps; i++) rs[i] = run_once(&sp);
    uint64_t err = 0, bd = 0, fe = 0;
    for (int i = 0; i < opt_reps; i++) {
      err += rs[i].err;
      bd += rs[i].bad;
      if (!fe) fe = rs[i].ferr;
    }
    qsort(rs, opt_reps, sizeof rs[0], cmp_res);
    res_t *r = &rs[opt_reps / 2];
    double spread = r->ops > 0 ? (rs[opt_reps - 1].ops - rs[0].ops) / r->ops * 100 : 0;
    printf(
        "{\"server\":\"%s\",\"servers\":%d,\"workload\":\"%s\",\"qd\":%d,\"conns\":%d,\"bs\":%u,\"reps\":%d,"
        "\"secs\":%.2f,\"ops_s\":%.1f,\"ops_s_min\":%.1f,\"ops_s_max\":%.1f,"
        "\"MB_s\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,"
        "\"client_us_op\":%.2f,\"server_us_op\":%.2f,\"server_cores\":%.2f,\"steal_cores\":%.2f,"
        "\"other_cores\":%.2f,"
        "\"entries_s\":%.0f,\"flushes_op\":%.3f,\"commits\":%llu,\"errors\":%llu,\"first_error\":%llu,"
        "\"bad_data\":%llu,\"verf_changes\":%llu,\"verify\":%d,\"batch\":%d}\n",
        name, nsrv, sp.label, sp.q, nconn, sp.bs, opt_reps, r->secs, r->ops, rs[0].ops, rs[opt_reps - 1].ops, r->mbs,
        r->p50, r->p90, r->p99, r->p999, r->max, r->cli, r->srvus, r->srvcores, r->steal, r->other, r->ents, r->flushes,
        (unsigned long long)r->commits, (unsigned long long)err, (unsigned long long)fe, (unsigned long long)bd,
        (unsigned long long)r->verfchg, opt_verify, !opt_nobatch);
    fflush(stdout);
    if (opt_table) {
      char note[128] = "";
      int k = 0;
      if (r->ents > 0) k += snprintf(note + k, sizeof note - k, "%.0f entries/s ", r->ents);
      if (err)
        k += snprintf(note + k, sizeof note - k, "ERR %llu (first %llu) ", (unsigned long long)err,
                      (unsigned long long)fe);
      if (bd) k += snprintf(note + k, sizeof note - k, "BAD DATA %llu ", (unsigned long long)bd);
      fprintf(stderr, "%-22s %-4d %-3d %-8u %10.0f %9.1f %8.1f %8.1f %8.1f %9.1f %8.2f %9.2f %5.1f%% %5.2f %5.2f %s\n",
              sp.label, sp.q, nconn, sp.bs, r->ops, r->mbs, r->p50, r->p99, r->p999, r->max, r->srvus, r->cli, spread,
              r->steal, r->other, note);
    }
    if (err || bd) bad = 1;
  }
  return bad;
}
