/* A disk that is full or fails, and a clock that is wrong, as the harness says while the program runs. */
#include "shim.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <time.h>

REAL(int, open, const char *, int, ...)
REAL(int, close, int)
REAL(void *, mmap, void *, size_t, int, int, int, off_t)
REAL(int, statfs, const char *, struct statfs *)
REAL(int, clock_gettime, clockid_t, struct timespec *)
REAL(int, gettimeofday, struct timeval *, void *)
REAL(time_t, time, time_t *)

/* control.ts writes it. */
struct control {
  _Atomic int64_t clockNs;
  _Atomic int64_t isBounded;
  _Atomic int64_t bytesLeft;
  _Atomic int64_t syncsToFail;
  _Atomic int64_t writesToFail;
  _Atomic int64_t refusedFull;
  _Atomic int64_t refusedFailing;
};
static struct control none;
static struct control *control = &none;

__attribute__((constructor)) static void begin(void) {
  const char *controlFile = getenv("CHAOS_CONTROL");
  if (!controlFile) return;
  int fd = get_open()(controlFile, O_RDWR | O_CLOEXEC);
  void *page = fd < 0 ? MAP_FAILED : get_mmap()(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) abort();
  control = page;
  get_close()(fd);
}

static int takeOne(_Atomic int64_t *counter) {
  int64_t left = atomic_load(counter);
  while (left > 0)
    if (atomic_compare_exchange_weak(counter, &left, left - 1)) return 1;
  return 0;
}

static int fails(_Atomic int64_t *counter) {
  if (!takeOne(counter)) return 0;
  control->refusedFailing++;
  return 1;
}
int failsSync(void) { return fails(&control->syncsToFail); }
int failsWrite(void) { return fails(&control->writesToFail); }

int hasRoom(int fd, off_t offset, size_t length) {
  if (!control->isBounded) return 1;
  struct stat now;
  if (fstat(fd, &now) != 0) return 1;
  int64_t growth = (int64_t)offset + (int64_t)length - now.st_size;
  if (growth <= 0) return 1;
  if (atomic_fetch_sub(&control->bytesLeft, growth) >= growth) return 1;
  atomic_fetch_add(&control->bytesLeft, growth);
  control->refusedFull++;
  return 0;
}

void giveBack(int64_t bytes) {
  if (control->isBounded && bytes > 0) atomic_fetch_add(&control->bytesLeft, bytes);
}

/* A disk of this size with so much left: shares of a real one would be larger than all that is stored. */
#define BOUNDED_DISK_BYTES (64 << 20)
int statfs(const char *path, struct statfs *answer) {
  int code = get_statfs()(path, answer);
  if (code == 0 && control->isBounded && isWatched(path)) {
    int64_t left = control->bytesLeft;
    answer->f_bavail = answer->f_bfree = (left > 0 ? (uint64_t)left : 0) / (uint64_t)answer->f_bsize;
    answer->f_blocks = BOUNDED_DISK_BYTES / (uint64_t)answer->f_bsize + answer->f_bfree;
  }
  return code;
}
int statfs64(const char *path, struct statfs64 *answer) { return statfs(path, (struct statfs *)answer); }

int clock_gettime(clockid_t clock, struct timespec *answer) {
  int code = get_clock_gettime()(clock, answer);
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) answer->tv_sec += control->clockNs / 1000000000;
  return code;
}
int gettimeofday(struct timeval *restrict answer, void *restrict zone) {
  int code = get_gettimeofday()(answer, zone);
  if (code == 0) answer->tv_sec += control->clockNs / 1000000000;
  return code;
}
time_t time(time_t *answer) {
  time_t now = get_time()(NULL) + control->clockNs / 1000000000;
  if (answer) *answer = now;
  return now;
}
