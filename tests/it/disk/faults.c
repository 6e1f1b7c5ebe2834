/* Stands between a process and the C library (LD_PRELOAD) and lets the calls on one database fail
 * as a disk does. A test steers it through a control file that both map; see faults.rs. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, TRUNCATE = 4, OPEN = 8 };
enum { DATABASE = 1, LOG = 2, INDEX = 4, OTHER = 8, DRAFT = 16 };
enum { KILL = 9001, POWER_CUT = 9002 };
enum { SECTOR = 512, MOST = 1 << 16 };

struct control {
    uint32_t calls, action, from, count, delay_us, seen, hit, files, torn, track, seed;
};

/* What was there before a write that no fsync has followed yet. */
struct undo {
    uint32_t file;
    off_t at;
    size_t size;
    unsigned char *before;
};

static volatile struct control *control;
static const char *database;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct undo undone[MOST];
static size_t undos;
static int handles[LOG + 1] = {-1, -1, -1};

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_openat)(int, const char *, int, ...);

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    database = getenv("FAULTS_DATABASE");
    const char *name = getenv("FAULTS_CONTROL");
    if (!database || !name) return;
    int fd = real_openat(AT_FDCWD, name, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *map = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) control = map;
}

/* Which of the files a path is; 0 for what is none of ours. */
static uint32_t named(const char *path) {
    size_t size = strlen(database);
    const char *slash = strrchr(database, '/');
    if (strncmp(path, database, size) == 0) {
        const char *rest = path + size;
        if (*rest == 0 || strcmp(rest, " (deleted)") == 0) return DATABASE;
        if (strncmp(rest, "-wal", 4) == 0) return LOG;
        if (strncmp(rest, "-shm", 4) == 0) return INDEX;
        return OTHER;
    }
    if (!slash || strncmp(path, database, slash - database + 1) != 0) return 0;
    return path[slash - database + 1] == '.' ? DRAFT : OTHER;
}

static uint32_t of(int fd) {
    char link[64], path[PATH_MAX];
    if (!control) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return named(path);
}

/* Puts back sectors that never reached the disk, chosen by the seed, and ends the process. */
static void cut(void) {
    for (size_t n = undos; n-- > 0;) {
        struct undo *one = &undone[n];
        for (size_t done = 0; done < one->size;) {
            off_t at = one->at + done;
            size_t part = SECTOR - at % SECTOR;
            if (part > one->size - done) part = one->size - done;
            uint64_t dice = (uint64_t)(at / SECTOR) * 0x9E3779B97F4A7C15u + control->seed;
            dice = (dice ^ (dice >> 29)) * 0xBF58476D1CE4E5B9u + one->file;
            if ((dice >> 40) % 2) real_pwrite(handles[one->file], one->before + done, part, at);
            done += part;
        }
    }
    kill(getpid(), SIGKILL);
    pause();
}

static void remember(int fd, uint32_t file, off_t at, size_t size) {
    if (!control || !control->track || file == 0 || file > LOG || undos == MOST) return;
    if (handles[file] < 0) handles[file] = dup(fd);
    unsigned char *before = calloc(1, size);
    if (!before || pread(fd, before, size, at) < 0) return;
    undone[undos++] = (struct undo){file, at, size, before};
}

/* All that was written to the file is on the disk now. */
static void kept(uint32_t file) {
    size_t left = 0;
    for (size_t n = 0; n < undos; n++) {
        if (undone[n].file == file) free(undone[n].before);
        else undone[left++] = undone[n];
    }
    undos = left;
}

/* The error that this call has to fail with; 0: it is carried out. */
static int fate(uint32_t call, uint32_t file) {
    if (!control || !file) return 0;
    if (call == SYNC && control->delay_us && (control->files & file)) {
        struct timespec pause = {0, control->delay_us * 1000L};
        nanosleep(&pause, NULL);
    }
    if (!(control->calls & call) || !(control->files & file)) return 0;
    uint32_t seen = __sync_add_and_fetch(&control->seen, 1);
    uint32_t from = control->from, count = control->count, action = control->action;
    if (!action || !from || seen < from || (count && seen >= from + count)) return 0;
    __sync_add_and_fetch(&control->hit, 1);
    if (action == KILL) {
        kill(getpid(), SIGKILL);
        pause();
    }
    if (action == POWER_CUT) cut();
    return action;
}

static int refused(int error) {
    errno = error;
    return -1;
}

static ssize_t writes(int fd, const void *bytes, size_t size, off_t at, int positioned) {
    uint32_t file = of(fd);
    if (!file) return positioned ? real_pwrite(fd, bytes, size, at) : real_write(fd, bytes, size);
    pthread_mutex_lock(&lock);
    int error = fate(WRITE, file);
    ssize_t done = -1;
    if (error && !(control->torn && error == ENOSPC && size > 1)) {
        pthread_mutex_unlock(&lock);
        return refused(error);
    }
    /* A disk that gets full takes a part first. */
    if (error) size /= 2, control->torn = 0;
    remember(fd, file, positioned ? at : lseek(fd, 0, SEEK_CUR), size);
    done = positioned ? real_pwrite(fd, bytes, size, at) : real_write(fd, bytes, size);
    pthread_mutex_unlock(&lock);
    return done;
}

static int syncs(int fd, int (*real)(int)) {
    uint32_t file = of(fd);
    if (!file) return real(fd);
    pthread_mutex_lock(&lock);
    int error = fate(SYNC, file);
    int done = error ? refused(error) : real(fd);
    if (!done) kept(file);
    pthread_mutex_unlock(&lock);
    return done;
}

static int truncates(int fd, off_t size) {
    uint32_t file = of(fd);
    if (!file) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int error = fate(TRUNCATE, file);
    struct stat data;
    if (!error && fstat(fd, &data) == 0 && data.st_size > size)
        remember(fd, file, size, data.st_size - size);
    int done = error ? refused(error) : real_ftruncate(fd, size);
    pthread_mutex_unlock(&lock);
    return done;
}

static int opens(int folder, const char *path, int flags, mode_t mode) {
    if (control && (flags & (O_CREAT | O_WRONLY | O_RDWR))) {
        int error = fate(OPEN, named(path));
        if (error) return refused(error);
    }
    return real_openat(folder, path, flags, mode);
}

#define MODE                                        \
    mode_t mode = 0;                                \
    if (flags & (O_CREAT | O_TMPFILE)) {            \
        va_list rest;                               \
        va_start(rest, flags);                      \
        mode = va_arg(rest, mode_t);                \
        va_end(rest);                               \
    }

ssize_t write(int fd, const void *bytes, size_t size) { return writes(fd, bytes, size, 0, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return writes(fd, bytes, size, at, 1);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
    return writes(fd, bytes, size, at, 1);
}
int fsync(int fd) { return syncs(fd, real_fsync); }
int fdatasync(int fd) { return syncs(fd, real_fdatasync); }
int ftruncate(int fd, off_t size) { return truncates(fd, size); }
int ftruncate64(int fd, off_t size) { return truncates(fd, size); }
int open(const char *path, int flags, ...) { MODE return opens(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opens(AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) {
    MODE return opens(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE return opens(folder, path, flags, mode);
}
