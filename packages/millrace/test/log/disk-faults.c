/*
 * Preloaded into a writer of the log (LD_PRELOAD): records what is written and synced to data.mdb, delays syncs, and lets the n-th call
 * of a kind fail.
 *
 *   FAULTS_TRACE   file that gets a line at the begin and the end of each call
 *   FAULTS_DELAY   milliseconds before each sync
 *   FAULTS_ARM     file with "kind:n:what", counted anew when it changes; kind is data (pages), sync (fdatasync) or meta (the write that
 *                  makes a commit valid, synced by O_DSYNC); what is an errno, or 0 for a short write
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_data_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  const char *end = strrchr(path, '/');
  return end != NULL && strcmp(end, "/data.mdb") == 0;
}

static const char *kind_of(int fd) {
  return fcntl(fd, F_GETFL) & O_DSYNC ? "meta" : "data";
}

static void trace(const char *kind, const char *what) {
  const char *path = getenv("FAULTS_TRACE");
  if (path == NULL) return;
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  char line[64];
  int length = snprintf(line, sizeof line, "%s %s\n", kind, what);
  if (write(fd, line, length) != length) abort();
  close(fd);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char armed[64];
static int counted;

/* -1: go on; otherwise what to fail with. */
static int fault(const char *kind) {
  const char *arm = getenv("FAULTS_ARM");
  if (arm == NULL) return -1;
  int fd = open(arm, O_RDONLY);
  if (fd < 0) return -1;
  char now[64];
  ssize_t length = read(fd, now, sizeof now - 1);
  close(fd);
  now[length < 0 ? 0 : length] = 0;
  char wanted[16];
  int n, what, result = -1;
  pthread_mutex_lock(&lock);
  if (strcmp(now, armed) != 0) {
    strcpy(armed, now);
    counted = 0;
  }
  if (sscanf(now, "%15[^:]:%d:%d", wanted, &n, &what) == 3 && strcmp(wanted, kind) == 0 && ++counted == n) result = what;
  pthread_mutex_unlock(&lock);
  return result;
}

static ssize_t finish(const char *kind, ssize_t result) {
  trace(kind, "end");
  return result;
}

static ssize_t failed(const char *kind, int error) {
  trace(kind, "failed");
  errno = error;
  return -1;
}

static ssize_t pwrite_checked(int fd, const void *bytes, size_t size, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
  if (!is_data_file(fd)) return real(fd, bytes, size, at);
  const char *kind = kind_of(fd);
  trace(kind, "begin");
  int what = fault(kind);
  if (what > 0) return failed(kind, what);
  if (what == 0) {
    trace(kind, "failed");
    return real(fd, bytes, size / 2, at);
  }
  return finish(kind, real(fd, bytes, size, at));
}

static ssize_t pwritev_checked(int fd, const struct iovec *parts, int count, off_t at) {
  static ssize_t (*real)(int, const struct iovec *, int, off_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwritev64");
  if (!is_data_file(fd)) return real(fd, parts, count, at);
  trace("data", "begin");
  int what = fault("data");
  if (what > 0) return failed("data", what);
  if (what == 0) {
    trace("data", "failed");
    return pwrite(fd, parts[0].iov_base, parts[0].iov_len / 2, at);
  }
  return finish("data", real(fd, parts, count, at));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite_checked(fd, bytes, size, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return pwrite_checked(fd, bytes, size, at); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev_checked(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return pwritev_checked(fd, parts, count, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  static ssize_t (*real)(int, const struct iovec *, int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "writev");
  if (!is_data_file(fd)) return real(fd, parts, count);
  trace("data", "begin");
  int what = fault("data");
  if (what > 0) return failed("data", what);
  if (what == 0) {
    trace("data", "failed");
    return write(fd, parts[0].iov_base, parts[0].iov_len / 2);
  }
  return finish("data", real(fd, parts, count));
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  if (!is_data_file(fd)) return real(fd);
  trace("sync", "begin");
  const char *delay = getenv("FAULTS_DELAY");
  if (delay != NULL) {
    struct timespec time = {atoi(delay) / 1000, atoi(delay) % 1000 * 1000000L};
    nanosleep(&time, NULL);
  }
  int what = fault("sync");
  return (int)(what > 0 ? failed("sync", what) : finish("sync", real(fd)));
}
