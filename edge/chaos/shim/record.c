/*
 * Stands between a program and the C library, for what it does to one folder. Built and preloaded at run time; every part
 * is off until its environment variable is there.
 *
 *   CHAOS_FOLDER   the folder that is watched, absolute
 *   CHAOS_LOG      every change below the folder, every sync, and every byte that leaves through an accepted socket goes
 *                  into this file, in the order in which it happened
 *   CHAOS_CONTROL  a file of 64 bytes that the harness writes: a clock that is wrong, a disk that is full, one that fails
 *
 * A record of the log: type u8, flags u8, path length u16, fd i32, offset u64, data length u32, reserved u32, path, data;
 * little endian. shim/log.ts reads it. SQLite's -shm is memory that happens to have a name, and is passed over.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The large-file names are functions of their own below, not macros. */
#undef open64
#undef openat64
#undef pwrite64
#undef ftruncate64
#undef mmap64

enum {
  OPENED = 1, CLOSED, WRITTEN, RESIZED, RESIZED_PATH, SYNC_BEGUN, SYNC_ENDED, RENAMED, UNLINKED, FOLDER_MADE,
  FOLDER_REMOVED, LINKED, ACCEPTED, SENT, UNSUPPORTED
};
enum { CREATED = 1, EMPTIED = 2, SYNCED_EACH = 4 };
enum { OTHER = 0, WATCHED = 1, SOCKET = 2 };

#define FD_MAX 65536
static _Atomic unsigned char kindOf[FD_MAX];
static _Atomic unsigned char syncsEach[FD_MAX];

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

static char folder[4096];
static size_t folderLength;
static int logFd = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...)                                                                                        \
  static result (*real_##name)(__VA_ARGS__);                                                                           \
  static result (*get_##name(void))(__VA_ARGS__) {                                                                     \
    if (!real_##name) real_##name = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);                                   \
    return real_##name;                                                                                                \
  }
REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(int, close, int)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
REAL(ssize_t, send, int, const void *, size_t, int)
REAL(ssize_t, sendmsg, int, const struct msghdr *, int)
REAL(int, ftruncate, int, off_t)
REAL(int, truncate, const char *, off_t)
REAL(int, fallocate, int, int, off_t, off_t)
REAL(int, posix_fallocate, int, off_t, off_t)
REAL(int, fsync, int)
REAL(int, fdatasync, int)
REAL(int, rename, const char *, const char *)
REAL(int, renameat2, int, const char *, int, const char *, unsigned)
REAL(int, unlink, const char *)
REAL(int, unlinkat, int, const char *, int)
REAL(int, rmdir, const char *)
REAL(int, mkdir, const char *, mode_t)
REAL(int, link, const char *, const char *)
REAL(int, accept, int, struct sockaddr *, socklen_t *)
REAL(int, accept4, int, struct sockaddr *, socklen_t *, int)
REAL(ssize_t, copy_file_range, int, off_t *, int, off_t *, size_t, unsigned)
REAL(ssize_t, sendfile, int, int, off_t *, size_t)
REAL(void *, mmap, void *, size_t, int, int, int, off_t)
REAL(int, statfs, const char *, struct statfs *)
REAL(int, clock_gettime, clockid_t, struct timespec *)
REAL(int, gettimeofday, struct timeval *, void *)
REAL(time_t, time, time_t *)

__attribute__((constructor)) static void begin(void) {
  const char *watched = getenv("CHAOS_FOLDER");
  if (watched) {
    strncpy(folder, watched, sizeof folder - 1);
    folderLength = strlen(folder);
  }
  const char *controlFile = getenv("CHAOS_CONTROL");
  if (controlFile) {
    int fd = get_open()(controlFile, O_RDWR | O_CLOEXEC);
    void *page = fd < 0 ? MAP_FAILED : get_mmap()(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) abort();
    control = page;
    get_close()(fd);
  }
  const char *logFile = getenv("CHAOS_LOG");
  if (logFile) {
    logFd = get_open()(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (logFd < 0) abort();
  }
}

static int isWatched(const char *path) {
  if (!folderLength || !path || strncmp(path, folder, folderLength) != 0) return 0;
  if (path[folderLength] != 0 && path[folderLength] != '/') return 0;
  size_t length = strlen(path);
  return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

/* libuv closes files by a system call of its own, and their numbers come again: as a pipe, which is no file. */
static int kind(int fd) {
  if (fd < 0 || fd >= FD_MAX || kindOf[fd] == OTHER) return OTHER;
  struct stat now;
  if (fstat(fd, &now) != 0) return OTHER;
  int fits = kindOf[fd] == SOCKET ? S_ISSOCK(now.st_mode) : S_ISREG(now.st_mode) || S_ISDIR(now.st_mode);
  if (!fits) kindOf[fd] = OTHER;
  return fits ? kindOf[fd] : OTHER;
}

/* Under the lock. A log that cannot be written would make losses out of nothing, or hide them. */
static void note(int type, int flags, const char *path, int fd, uint64_t offset, const struct iovec *data, int count) {
  if (logFd < 0) return;
  unsigned char head[24] = {0};
  uint16_t pathLength = path ? (uint16_t)strlen(path) : 0;
  uint32_t dataLength = 0;
  for (int i = 0; i < count; i++) dataLength += (uint32_t)data[i].iov_len;
  int32_t fd32 = fd;
  head[0] = (unsigned char)type;
  head[1] = (unsigned char)flags;
  memcpy(head + 2, &pathLength, 2);
  memcpy(head + 4, &fd32, 4);
  memcpy(head + 8, &offset, 8);
  memcpy(head + 16, &dataLength, 4);
  struct iovec first[2] = {{head, sizeof head}, {(void *)path, pathLength}};
  if (get_writev()(logFd, first, path ? 2 : 1) != (ssize_t)(sizeof head + pathLength)) abort();
  for (int i = 0; i < count; i++)
    if (data[i].iov_len && get_write()(logFd, data[i].iov_base, data[i].iov_len) != (ssize_t)data[i].iov_len) abort();
}

static void noteText(int type, const char *path, const char *text) {
  struct iovec data = {(void *)text, text ? strlen(text) : 0};
  note(type, 0, path, -1, 0, &data, text ? 1 : 0);
}

static size_t total(const struct iovec *data, int count) {
  size_t sum = 0;
  for (int i = 0; i < count; i++) sum += data[i].iov_len;
  return sum;
}

static int takeOne(_Atomic int64_t *counter) {
  int64_t left = atomic_load(counter);
  while (left > 0)
    if (atomic_compare_exchange_weak(counter, &left, left - 1)) return 1;
  return 0;
}

/* How many of the bytes that a write makes a file longer by there is room for; takes them off. */
static int hasRoom(int fd, off_t offset, size_t length) {
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

static void giveBack(int64_t bytes) {
  if (control->isBounded && bytes > 0) atomic_fetch_add(&control->bytesLeft, bytes);
}

static int64_t sizeOf(const char *path) {
  struct stat now;
  return stat(path, &now) == 0 && S_ISREG(now.st_mode) && now.st_nlink == 1 ? now.st_size : 0;
}

static int opened(const char *path, int flags, mode_t mode) {
  if (!isWatched(path)) {
    int fd = get_open()(path, flags, mode);
    if (fd >= 0 && fd < FD_MAX) kindOf[fd] = OTHER;
    return fd;
  }
  pthread_mutex_lock(&order);
  struct stat before;
  int existed = stat(path, &before) == 0;
  int fd = get_open()(path, flags, mode);
  int failure = errno;
  if (fd >= 0 && fd < FD_MAX) {
    int eachSynced = (flags & O_DSYNC) != 0;
    kindOf[fd] = WATCHED;
    syncsEach[fd] = (unsigned char)eachSynced;
    int isEmptied = existed && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY;
    if (isEmptied) giveBack(before.st_size);
    note(OPENED, (existed ? 0 : CREATED) | (isEmptied ? EMPTIED : 0) | (eachSynced ? SYNCED_EACH : 0), path, fd, 0, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  errno = failure;
  return fd;
}

#define MODE_OF(flags)                                                                                                 \
  mode_t mode = 0;                                                                                                     \
  if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                               \
    va_list more;                                                                                                      \
    va_start(more, flags);                                                                                             \
    mode = va_arg(more, mode_t);                                                                                       \
    va_end(more);                                                                                                      \
  }

int open(const char *path, int flags, ...) { MODE_OF(flags) return opened(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return opened(path, flags, mode); }
int __open_2(const char *path, int flags) { return opened(path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(path, flags, 0); }
int creat(const char *path, mode_t mode) { return opened(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
static int openedAt(int at, const char *path, int flags, mode_t mode) {
  if (path[0] == '/') return opened(path, flags, mode);
  int fd = get_openat()(at, path, flags, mode);
  if (fd >= 0 && fd < FD_MAX) kindOf[fd] = OTHER;
  return fd;
}
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return openedAt(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return openedAt(at, path, flags, mode); }

int close(int fd) {
  int was = kind(fd);
  if (was == OTHER) return get_close()(fd);
  pthread_mutex_lock(&order);
  kindOf[fd] = OTHER;
  note(CLOSED, 0, NULL, fd, 0, NULL, 0);
  int answer = get_close()(fd);
  pthread_mutex_unlock(&order);
  return answer;
}

/* A write to a watched file at an offset; -1 stands for where the file is. */
static ssize_t written(int fd, const struct iovec *data, int count, off_t offset) {
  size_t length = total(data, count);
  if (takeOne(&control->writesToFail)) {
    control->refusedFailing++;
    errno = EIO;
    return -1;
  }
  pthread_mutex_lock(&order);
  off_t at = offset;
  if (at < 0) at = (fcntl(fd, F_GETFL) & O_APPEND) ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  if (!hasRoom(fd, at, length)) {
    pthread_mutex_unlock(&order);
    errno = ENOSPC;
    return -1;
  }
  ssize_t answer = offset < 0 ? get_writev()(fd, data, count) : get_pwritev()(fd, data, count, offset);
  int failure = errno;
  if (answer == (ssize_t)length) note(WRITTEN, syncsEach[fd] ? SYNCED_EACH : 0, NULL, fd, (uint64_t)at, data, count);
  else if (answer >= 0) note(UNSUPPORTED, 0, "a write that was short", fd, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}

/*
 * What really left, and in its place among the writes and syncs: the lock is held over the call, which never waits, since
 * sockets of an event loop do not block.
 */
#define SENT_PARTS_MAX 64
static void sent(int fd, const struct iovec *data, int count, ssize_t length) {
  struct iovec parts[SENT_PARTS_MAX];
  int used = 0;
  size_t left = length < 0 ? 0 : (size_t)length;
  for (; used < count && used < SENT_PARTS_MAX && left > 0; used++) {
    parts[used] = data[used];
    if (parts[used].iov_len > left) parts[used].iov_len = left;
    left -= parts[used].iov_len;
  }
  if (left > 0) note(UNSUPPORTED, 0, "a socket write of very many parts", fd, 0, NULL, 0);
  else if (length > 0) note(SENT, 0, NULL, fd, 0, parts, used);
}
#define SENDING(data, count, call)                                                                                     \
  pthread_mutex_lock(&order);                                                                                          \
  ssize_t length_sent = call;                                                                                          \
  int failure = errno;                                                                                                 \
  sent(fd, data, count, length_sent);                                                                                  \
  pthread_mutex_unlock(&order);                                                                                        \
  errno = failure;                                                                                                     \
  return length_sent;

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec data = {(void *)bytes, length};
  int what = kind(fd);
  if (what == WATCHED) return written(fd, &data, 1, -1);
  if (what == SOCKET) {
    SENDING(&data, 1, get_write()(fd, bytes, length))
  }
  return get_write()(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *data, int count) {
  int what = kind(fd);
  if (what == WATCHED) return written(fd, data, count, -1);
  if (what == SOCKET) {
    SENDING(data, count, get_writev()(fd, data, count))
  }
  return get_writev()(fd, data, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  struct iovec data = {(void *)bytes, length};
  return kind(fd) == WATCHED ? written(fd, &data, 1, offset) : get_pwrite()(fd, bytes, length, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return pwrite(fd, bytes, length, offset); }
ssize_t pwritev(int fd, const struct iovec *data, int count, off_t offset) {
  return kind(fd) == WATCHED ? written(fd, data, count, offset) : get_pwritev()(fd, data, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *data, int count, off_t offset) { return pwritev(fd, data, count, offset); }
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  struct iovec data = {(void *)bytes, length};
  if (kind(fd) != SOCKET) return get_send()(fd, bytes, length, flags);
  SENDING(&data, 1, get_send()(fd, bytes, length, flags))
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (kind(fd) != SOCKET) return get_sendmsg()(fd, message, flags);
  SENDING(message->msg_iov, (int)message->msg_iovlen, get_sendmsg()(fd, message, flags))
}

int ftruncate(int fd, off_t size) {
  if (kind(fd) != WATCHED) return get_ftruncate()(fd, size);
  pthread_mutex_lock(&order);
  struct stat before;
  int64_t was = fstat(fd, &before) == 0 ? before.st_size : 0;
  int answer = get_ftruncate()(fd, size);
  int failure = errno;
  if (answer == 0) {
    giveBack(was - size);
    note(RESIZED, 0, NULL, fd, (uint64_t)size, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int truncate(const char *path, off_t size) {
  if (!isWatched(path)) return get_truncate()(path, size);
  pthread_mutex_lock(&order);
  int64_t was = sizeOf(path);
  int answer = get_truncate()(path, size);
  if (answer == 0) {
    giveBack(was - size);
    note(RESIZED_PATH, 0, path, -1, (uint64_t)size, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  return answer;
}

static int unsupported(int fd, const char *what) {
  if (kind(fd) != WATCHED) return 0;
  pthread_mutex_lock(&order);
  note(UNSUPPORTED, 0, what, fd, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  return 1;
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  if (kind(fd) == WATCHED) {
    if (!hasRoom(fd, offset, (size_t)length)) {
      errno = ENOSPC;
      return -1;
    }
    if (logFd >= 0) unsupported(fd, "fallocate");
  }
  return get_fallocate()(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
  if (kind(fd) == WATCHED) {
    if (!hasRoom(fd, offset, (size_t)length)) return ENOSPC;
    if (logFd >= 0) unsupported(fd, "posix_fallocate");
  }
  return get_posix_fallocate()(fd, offset, length);
}

static int synced(int fd, int (*sync)(int)) {
  if (kind(fd) != WATCHED) return sync(fd);
  if (takeOne(&control->syncsToFail)) {
    control->refusedFailing++;
    errno = EIO;
    return -1;
  }
  pthread_mutex_lock(&order);
  note(SYNC_BEGUN, 0, NULL, fd, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  /* Where a log is kept, what "on disk" means is computed from it; a real sync would only wear the disk. */
  int answer = logFd >= 0 ? 0 : sync(fd);
  int failure = errno;
  if (answer == 0) {
    pthread_mutex_lock(&order);
    note(SYNC_ENDED, 0, NULL, fd, 0, NULL, 0);
    pthread_mutex_unlock(&order);
  }
  errno = failure;
  return answer;
}
int fsync(int fd) { return synced(fd, get_fsync()); }
int fdatasync(int fd) { return synced(fd, get_fdatasync()); }

int rename(const char *from, const char *to) {
  if (!isWatched(from) && !isWatched(to)) return get_rename()(from, to);
  pthread_mutex_lock(&order);
  int64_t replaced = sizeOf(to);
  int answer = get_rename()(from, to);
  int failure = errno;
  if (answer == 0) {
    giveBack(replaced);
    noteText(RENAMED, from, to);
  }
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}
int renameat(int fromAt, const char *from, int toAt, const char *to) {
  if (from[0] == '/' && to[0] == '/') return rename(from, to);
  return get_renameat2()(fromAt, from, toAt, to, 0);
}
int renameat2(int fromAt, const char *from, int toAt, const char *to, unsigned flags) {
  if (flags == 0 && from[0] == '/' && to[0] == '/') return rename(from, to);
  return get_renameat2()(fromAt, from, toAt, to, flags);
}

static int removed(const char *path, int type, int (*remove)(const char *)) {
  if (!isWatched(path)) return remove(path);
  pthread_mutex_lock(&order);
  int64_t was = sizeOf(path);
  int answer = remove(path);
  int failure = errno;
  if (answer == 0) {
    giveBack(was);
    noteText(type, path, NULL);
  }
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}
int unlink(const char *path) { return removed(path, UNLINKED, get_unlink()); }
int rmdir(const char *path) { return removed(path, FOLDER_REMOVED, get_rmdir()); }
int unlinkat(int at, const char *path, int flags) {
  if (path[0] == '/') return flags & AT_REMOVEDIR ? rmdir(path) : unlink(path);
  return get_unlinkat()(at, path, flags);
}
int mkdir(const char *path, mode_t mode) {
  if (!isWatched(path)) return get_mkdir()(path, mode);
  pthread_mutex_lock(&order);
  int answer = get_mkdir()(path, mode);
  int failure = errno;
  if (answer == 0) noteText(FOLDER_MADE, path, NULL);
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}
int link(const char *from, const char *to) {
  if (!isWatched(to)) return get_link()(from, to);
  pthread_mutex_lock(&order);
  int answer = get_link()(from, to);
  int failure = errno;
  if (answer == 0) noteText(LINKED, from, to);
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}

static int accepted(int fd) {
  if (fd < 0 || fd >= FD_MAX || logFd < 0) return fd;
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  int port = getpeername(fd, (struct sockaddr *)&peer, &length) == 0 ? ntohs(peer.sin_port) : 0;
  pthread_mutex_lock(&order);
  kindOf[fd] = SOCKET;
  note(ACCEPTED, 0, NULL, fd, (uint64_t)port, NULL, 0);
  pthread_mutex_unlock(&order);
  return fd;
}
int accept(int fd, struct sockaddr *address, socklen_t *length) { return accepted(get_accept()(fd, address, length)); }
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  return accepted(get_accept4()(fd, address, length, flags));
}

/* Ways to change a file that the log does not know: said, so that a run that used one proves nothing. */
ssize_t copy_file_range(int from, off_t *fromAt, int to, off_t *toAt, size_t length, unsigned flags) {
  unsupported(to, "copy_file_range");
  return get_copy_file_range()(from, fromAt, to, toAt, length, flags);
}
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
  unsupported(to, "sendfile");
  return get_sendfile()(to, from, at, length);
}
ssize_t sendfile64(int to, int from, off_t *at, size_t length) { return sendfile(to, from, at, length); }
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  if ((flags & MAP_SHARED) && (protection & PROT_WRITE)) unsupported(fd, "a writable shared mmap");
  return get_mmap()(address, length, protection, flags, fd, offset);
}
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap(address, length, protection, flags, fd, offset);
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
