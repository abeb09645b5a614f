/* What nfsbench measures with: time, random numbers, the data pattern, a latency histogram, CPU and flush accounting.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
static int pids[64], npids;
static uint64_t lat_max;
static void die(const char *f, ...) {
  va_list a;
  va_start(a, f);
  vfprintf(stderr, f, a);
  va_end(a);
  fputc('\n', stderr);
  exit(1);
}
static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static uint64_t rng = 0x9E3779B97F4A7C15ull;
static inline uint64_t rnd(void) {
  rng ^= rng << 13;
  rng ^= rng >> 7;
  rng ^= rng << 17;
  return rng;
}
static inline uint32_t rnd_below(uint32_t n) {
  return (uint32_t)(((rnd() >> 32) * (uint64_t)n) >> 32);
}

/* ---- the byte pattern: the 64-bit word at file offset o is o*K ^ S ---- */
static inline uint64_t pat(uint64_t off) {
  return off * 0x9E3779B97F4A7C15ull ^ 0x5bd1e9955bd1e995ull;
}
static void pat_fill(uint8_t *p, uint64_t off, uint32_t len) {
  for (uint32_t i = 0; i + 8 <= len; i += 8) {
    uint64_t w = pat(off + i);
    memcpy(p + i, &w, 8);
  }
}
static int pat_check(const uint8_t *p, uint64_t off, uint32_t len) {
  uint64_t bad = 0;
  for (uint32_t i = 0; i + 8 <= len; i += 8) {
    uint64_t w;
    memcpy(&w, p + i, 8);
    bad |= w ^ pat(off + i);
  }
  return bad != 0;
}
static int pat_check_sample(const uint8_t *p, uint64_t off, uint32_t len) {
  uint64_t bad = 0;
  for (uint32_t i = 0; i + 8 <= len; i += PAGE) {
    uint64_t w;
    memcpy(&w, p + i, 8);
    bad |= w ^ pat(off + i);
  }
  return bad != 0;
}

/* histogram: 2^k octaves of 64 steps, in ns */
static uint32_t hist[64 * 64];
static uint64_t hist_n;
static inline void hist_add(uint64_t v) {
  if (v > lat_max) lat_max = v;
  int i;
  if (v < 64)
    i = (int)v;
  else {
    int m = 63 - __builtin_clzll(v);
    i = (m - 5) * 64 + (int)((v >> (m - 6)) & 63);
  }
  hist[i]++;
  hist_n++;
}
static double hist_pct(double p) {
  uint64_t want = (uint64_t)(p * hist_n), a = 0;
  for (int i = 0; i < 64 * 64; i++) {
    a += hist[i];
    if (a > want) {
      if (i < 64) return i / 1e3;
      int m = i / 64 + 5;
      return (double)((64ull + i % 64) << (m - 6)) / 1e3;
    }
  }
  return lat_max / 1e3;
}

static double pid_cpu(int pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) return 0;
  return (double)t.tv_sec + t.tv_nsec / 1e9;
}
static double tree_cpu(int pid, int depth) {
  char f[64];
  double t = pid_cpu(pid);
  int kid;
  snprintf(f, sizeof f, "/proc/%d/task/%d/children", pid, pid);
  FILE *h = depth < 4 ? fopen(f, "r") : NULL;
  if (!h) return t;
  while (fscanf(h, "%d", &kid) == 1) t += tree_cpu(kid, depth + 1);
  fclose(h);
  return t;
}
static double srv_cpu(void) {
  double t = 0;
  for (int i = 0; i < npids; i++) t += tree_cpu(pids[i], 0);
  return t;
}
/* machine-wide: busy and stolen CPU seconds, so that a disturbed run shows */
static void machine_cpu(double *busy, double *steal) {
  unsigned long u = 0, n = 0, sy = 0, id, io, hi = 0, si = 0, st = 0;
  FILE *h = fopen("/proc/stat", "r");
  *busy = *steal = 0;
  if (!h) return;
  if (fscanf(h, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &u, &n, &sy, &id, &io, &hi, &si, &st) == 8) {
    *busy = (double)(u + n + sy + hi + si) / sysconf(_SC_CLK_TCK);
    *steal = (double)st / sysconf(_SC_CLK_TCK);
  }
  fclose(h);
}
/* flush requests that a block device has completed (field 16 of /proc/diskstats after its name); "MAJ:MIN", or NULL */
static uint64_t device_flushes(const char *device) {
  unsigned want_maj, want_min, maj, min;
  char line[512];
  uint64_t v[17], found = 0;
  FILE *h;
  if (!device || sscanf(device, "%u:%u", &want_maj, &want_min) != 2 || !(h = fopen("/proc/diskstats", "r"))) return 0;
  while (fgets(line, sizeof line, h)) {
    int at = 0, n = 0;
    char *p;
    if (sscanf(line, "%u %u %*s%n", &maj, &min, &at) != 2 || maj != want_maj || min != want_min) continue;
    for (p = line + at; n < 17; n++) {
      char *end;
      v[n] = strtoull(p, &end, 10);
      if (end == p) break;
      p = end;
    }
    if (n > 15) found = v[15];
  }
  fclose(h);
  return found;
}
static double self_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}
