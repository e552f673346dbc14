/* What leaves through sockets that were accepted: an acknowledgement counts from the moment at which it left. */
#include "shim.h"
#include <netinet/in.h>
#include <sys/socket.h>

REAL(ssize_t, writev, int, const struct iovec *, int)
REAL(ssize_t, send, int, const void *, size_t, int)
REAL(ssize_t, sendmsg, int, const struct msghdr *, int)
REAL(int, accept, int, struct sockaddr *, socklen_t *)
REAL(int, accept4, int, struct sockaddr *, socklen_t *, int)

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

ssize_t sentParts(int fd, const struct iovec *data, int count) {
  SENDING(data, count, get_writev()(fd, data, count))
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  struct iovec data = {(void *)bytes, length};
  if (kind(fd) != SOCKET) return get_send()(fd, bytes, length, flags);
  SENDING(&data, 1, get_send()(fd, bytes, length, flags))
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (kind(fd) != SOCKET) return get_sendmsg()(fd, message, flags);
  SENDING(message->msg_iov, (int)message->msg_iovlen, get_sendmsg()(fd, message, flags))
}

static int accepted(int fd) {
  if (fd < 0 || !isLogging()) return fd;
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  int port = getpeername(fd, (struct sockaddr *)&peer, &length) == 0 ? ntohs(peer.sin_port) : 0;
  pthread_mutex_lock(&order);
  becomes(fd, SOCKET);
  note(ACCEPTED, 0, NULL, fd, (uint64_t)port, NULL, 0);
  pthread_mutex_unlock(&order);
  return fd;
}
int accept(int fd, struct sockaddr *address, socklen_t *length) { return accepted(get_accept()(fd, address, length)); }
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  return accepted(get_accept4()(fd, address, length, flags));
}
