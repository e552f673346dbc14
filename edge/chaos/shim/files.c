/* Every way to change a file or a name below the folder: done, and written down as it was done. */
#include "shim.h"
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

REAL(int, open, const char *, int, ...)
REAL(int, openat, int, const char *, int, ...)
REAL(int, close, int)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)
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
REAL(ssize_t, copy_file_range, int, off_t *, int, off_t *, size_t, unsigned)
REAL(ssize_t, sendfile, int, int, off_t *, size_t)
REAL(void *, mmap, void *, size_t, int, int, int, off_t)

static int syncsEach(int fd) { return (fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

static size_t total(const struct iovec *data, int count) {
  size_t sum = 0;
  for (int i = 0; i < count; i++) sum += data[i].iov_len;
  return sum;
}

static int64_t sizeOf(const char *path) {
  struct stat now;
  return stat(path, &now) == 0 && S_ISREG(now.st_mode) && now.st_nlink == 1 ? now.st_size : 0;
}

static int opened(const char *path, int flags, mode_t mode) {
  if (!isWatched(path)) {
    int fd = get_open()(path, flags, mode);
    becomes(fd, OTHER);
    return fd;
  }
  pthread_mutex_lock(&order);
  struct stat before;
  int existed = stat(path, &before) == 0;
  int fd = get_open()(path, flags, mode);
  int failure = errno;
  if (fd >= 0) {
    int eachSynced = (flags & O_DSYNC) != 0;
    becomes(fd, WATCHED);
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
  becomes(fd, OTHER);
  return fd;
}
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return openedAt(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return openedAt(at, path, flags, mode); }

int close(int fd) {
  int was = kind(fd);
  if (was == OTHER) return get_close()(fd);
  pthread_mutex_lock(&order);
  becomes(fd, OTHER);
  note(CLOSED, 0, NULL, fd, 0, NULL, 0);
  int answer = get_close()(fd);
  pthread_mutex_unlock(&order);
  return answer;
}

/* A write to a watched file at an offset; -1 stands for where the file is. */
static ssize_t written(int fd, const struct iovec *data, int count, off_t offset) {
  size_t length = total(data, count);
  if (failsWrite()) {
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
  if (answer == (ssize_t)length) note(WRITTEN, syncsEach(fd) ? SYNCED_EACH : 0, NULL, fd, (uint64_t)at, data, count);
  else if (answer >= 0) note(UNSUPPORTED, 0, "a write that was short", fd, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  errno = failure;
  return answer;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec data = {(void *)bytes, length};
  int what = kind(fd);
  if (what == WATCHED) return written(fd, &data, 1, -1);
  if (what == SOCKET) return sentParts(fd, &data, 1);
  return get_write()(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *data, int count) {
  int what = kind(fd);
  if (what == WATCHED) return written(fd, data, count, -1);
  if (what == SOCKET) return sentParts(fd, data, count);
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
    if (isLogging()) unsupported(fd, "fallocate");
  }
  return get_fallocate()(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
  if (kind(fd) == WATCHED) {
    if (!hasRoom(fd, offset, (size_t)length)) return ENOSPC;
    if (isLogging()) unsupported(fd, "posix_fallocate");
  }
  return get_posix_fallocate()(fd, offset, length);
}

static int synced(int fd, int (*sync)(int)) {
  if (kind(fd) != WATCHED) return sync(fd);
  if (failsSync()) {
    errno = EIO;
    return -1;
  }
  pthread_mutex_lock(&order);
  note(SYNC_BEGUN, 0, NULL, fd, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  /* Where a log is kept, what "on disk" means is computed from it; a real sync would only wear the disk. */
  int answer = isLogging() ? 0 : sync(fd);
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
