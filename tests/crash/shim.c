/* Stands between a charge point and the kernel (LD_PRELOAD), counts the calls by which anything leaves the
 * process, and on command makes one of them its last, or makes storage fail.
 *
 * Why not strace: an injected SIGKILL comes before the call only, tracing needs permissions, and above all
 * the kernel keeps what a killed process wrote. A power cut does not. So the shim keeps, for each file of
 * the database, what a disk would hold that only keeps its word: the bytes that were synced, under names
 * whose folder was synced. At a power cut that is written back before the process dies.
 *
 *   EVCP_CRASH_FOLDER  the folder of the database
 *   EVCP_CRASH_LOG     a file that gets a line for each call, or for the fatal one alone if there is one
 *   EVCP_CRASH_AT      CLASS NUMBER HOW SEED: the fatal call
 *   EVCP_CRASH_FAULT   CALLS ERROR FIRST COUNT: calls on the database that fail; COUNT 0: for ever
 *   EVCP_CRASH_SWITCH  calls fail, and are counted for FIRST, only while this file exists
 *
 * CLASS  storage: files of the database; link: sockets; told: standard output; rest: everything else
 * HOW    before: the process dies instead of the call.
 *        half: it dies when half of the bytes are written; of other calls, right after it.
 *        lost: the power fails right after it; nothing survives that was not synced.
 *        mixed: the same, but any part of what was not synced survives, by the dice of SEED.
 * CALLS  write, sync, cut (ftruncate), unlink, open, read, or any of write, sync and cut
 * ERROR  EIO, ENOSPC; short: half of the bytes are written, and no error; full: the same, then ENOSPC */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { REST, STORAGE, LINK, TOLD, CLASSES };
static const char *const CLASS_NAMES[] = { "rest", "storage", "link", "told" };
enum how { BEFORE, HALF, LOST, MIXED };
enum { FILES = 8, FDS = 4096, FOLDER = -2, NO_FILE = -1 };

/* A write, or a new length, that has not been synced. */
struct pending {
    struct pending *next;
    bool cuts;
    size_t at, length;
    unsigned char bytes[];
};

struct bytes {
    unsigned char *data;
    size_t length;
};

/* What the disk knows of one name in the folder. */
struct file {
    char name[64];
    struct bytes synced;    /* what the disk has of the file that is there now */
    struct pending *first, **last;
    bool here;              /* there is a file of this name */
    bool named;             /* and the disk knows its name */
    bool old;               /* the disk still knows a file that was unlinked */
    struct bytes old_bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static unsigned char class_of[FDS];
static signed char file_of[FDS];
static char folder[512];
static int report = -1;
static unsigned long counts[CLASSES];

static enum class fatal_class;
static unsigned long fatal_number;
static enum how fatal_how;
static uint64_t dice;

static char fault_calls[16];
static enum { NO_FAULT, FAULT_EIO, FAULT_ENOSPC, FAULT_SHORT, FAULT_FULL } fault;
static unsigned long fault_first, fault_count, fault_seen;
static const char *fault_switch;

static uint64_t roll(void)
{
    dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
    return dice;
}

static void complain(const char *text)
{
    char line[200];
    int length = snprintf(line, sizeof line, "crash shim: %s\n", text);
    syscall(SYS_write, 2, line, length);
    abort();
}

/* Raw calls: nothing here may come back to our own functions. */
static long raw_open(const char *path, int flags, mode_t mode)
{
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

__attribute__((constructor)) static void begin(void)
{
    memset(file_of, NO_FILE, sizeof file_of);
    class_of[1] = TOLD;
    const char *text = getenv("EVCP_CRASH_FOLDER");
    snprintf(folder, sizeof folder, "%s", text ? text : "/nowhere");
    if ((text = getenv("EVCP_CRASH_LOG")))
        report = raw_open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if ((text = getenv("EVCP_CRASH_AT"))) {
        char class[16], how[16];
        if (sscanf(text, "%15s %lu %15s %lu", class, &fatal_number, how, &dice) != 4)
            complain("EVCP_CRASH_AT");
        while (strcmp(CLASS_NAMES[fatal_class], class) != 0)
            if (++fatal_class == CLASSES)
                complain("EVCP_CRASH_AT: class");
        fatal_how = !strcmp(how, "before") ? BEFORE : !strcmp(how, "half") ? HALF
                  : !strcmp(how, "lost") ? LOST : MIXED;
        dice = (dice + 1) * 0x9E3779B97F4A7C15u;
    }
    if ((text = getenv("EVCP_CRASH_FAULT"))) {
        char error[16];
        if (sscanf(text, "%15s %15s %lu %lu", fault_calls, error, &fault_first, &fault_count) != 4)
            complain("EVCP_CRASH_FAULT");
        fault = !strcmp(error, "EIO") ? FAULT_EIO : !strcmp(error, "ENOSPC") ? FAULT_ENOSPC
              : !strcmp(error, "short") ? FAULT_SHORT : FAULT_FULL;
    }
    fault_switch = getenv("EVCP_CRASH_SWITCH");
}

/* The disk */

static void resize(struct bytes *bytes, size_t length)
{
    if (length > bytes->length) {
        bytes->data = realloc(bytes->data, length);
        memset(bytes->data + bytes->length, 0, length - bytes->length);
    }
    bytes->length = length;
}

static void apply(struct bytes *bytes, const struct pending *one)
{
    if (one->cuts) {
        resize(bytes, one->at);
        return;
    }
    if (one->at + one->length > bytes->length)
        resize(bytes, one->at + one->length);
    memcpy(bytes->data + one->at, one->bytes, one->length);
}

static void wait_for_sync(struct file *file, bool cuts, size_t at, const void *bytes, size_t length)
{
    struct pending *one = malloc(sizeof *one + length);
    *one = (struct pending){ .cuts = cuts, .at = at, .length = length };
    if (length)
        memcpy(one->bytes, bytes, length);
    *file->last = one;
    file->last = &one->next;
}

/* What waits reaches the disk, or, where `keep` is not set, never does: after a sync that failed the
 * kernel may count the pages as clean and forget them. */
static void settle(struct file *file, bool keep)
{
    while (file->first) {
        struct pending *one = file->first;
        if (keep)
            apply(&file->synced, one);
        file->first = one->next;
        free(one);
    }
    file->last = &file->first;
}

static void settle_folder(void)
{
    for (struct file *file = files; file < files + FILES && file->name[0]; file++) {
        file->named = file->here;
        file->old = false;
    }
}

/* The file of a path in the folder that belongs to the database, or NULL. */
static struct file *file_at(const char *path)
{
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0 || strncmp(path + length, "/evcp.db", 8) != 0)
        return NULL;
    const char *name = path + length + 1;
    for (struct file *file = files; file < files + FILES; file++) {
        if (strcmp(file->name, name) == 0)
            return file;
        if (file->name[0] == 0) {
            snprintf(file->name, sizeof file->name, "%s", name);
            file->last = &file->first;
            /* It was there before us: the disk has all of it. */
            int fd = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
            struct stat stat;
            if (fd >= 0 && fstat(fd, &stat) == 0) {
                resize(&file->synced, stat.st_size);
                if (syscall(SYS_pread64, fd, file->synced.data, stat.st_size, 0) != stat.st_size)
                    complain("cannot read the database");
                file->here = file->named = true;
            }
            if (fd >= 0)
                syscall(SYS_close, fd);
            return file;
        }
    }
    complain("too many files");
    return NULL;
}

static void write_back(const struct file *file, const struct bytes *bytes)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, file->name);
    if (!bytes) {
        syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        return;
    }
    int fd = raw_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || syscall(SYS_write, fd, bytes->data, bytes->length) != (long)bytes->length)
        complain("cannot write the database back");
}

static void cut_the_power(void)
{
    for (struct file *file = files; file < files + FILES && file->name[0]; file++) {
        bool mixed = fatal_how == MIXED;
        for (struct pending *one = file->first; mixed && one; one = one->next)
            if (roll() & 1)
                apply(&file->synced, one);
        if (file->here && (file->named || (mixed && roll() & 1)))
            write_back(file, &file->synced);
        else if (file->old && !(mixed && roll() & 1))
            write_back(file, &file->old_bytes);
        else
            write_back(file, NULL);
    }
}

/* Calls */

struct call {
    enum class class;
    const char *name;
    const char *on;
    bool fatal;
};

static void note(const struct call *call)
{
    char line[200];
    int length = snprintf(line, sizeof line, "%s %lu %s %s\n", CLASS_NAMES[call->class], counts[call->class],
                          call->name, call->on);
    syscall(SYS_write, report, line, length);
}

static void die(void)
{
    if (fatal_how == LOST || fatal_how == MIXED)
        cut_the_power();
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Counts a call, with the lock held; dies here if it is the one that is not to happen. */
static struct call enter(enum class class, const char *name, const char *on)
{
    struct call call = { .class = class, .name = name, .on = on };
    counts[class]++;
    call.fatal = fatal_number != 0 && class == fatal_class && counts[class] == fatal_number;
    if (report >= 0 && (call.fatal || fatal_number == 0))
        note(&call);
    if (call.fatal && fatal_how == BEFORE)
        die();
    return call;
}

static void leave(const struct call *call)
{
    if (call->fatal)
        die();
}

/* Whether this call on the database fails; with `length`, how much of it is done. */
static bool fails(const char *calls, size_t *length)
{
    bool any = strcmp(fault_calls, "any") == 0
            && (!strcmp(calls, "write") || !strcmp(calls, "sync") || !strcmp(calls, "cut"));
    if (fault == NO_FAULT || !(any || strcmp(fault_calls, calls) == 0))
        return false;
    if (fault_switch && syscall(SYS_faccessat, AT_FDCWD, fault_switch, F_OK) != 0)
        return false;
    unsigned long number = ++fault_seen;
    if (number < fault_first || (fault_count != 0 && number >= fault_first + fault_count))
        return false;
    bool partly = fault == FAULT_SHORT || (fault == FAULT_FULL && (number - fault_first) % 2 == 0);
    if (partly && length && *length > 1) {
        *length /= 2;
        return false;
    }
    if (fault == FAULT_SHORT)
        return false;
    errno = fault == FAULT_EIO ? EIO : ENOSPC;
    return true;
}

static const char *name_of(int fd)
{
    if (fd < 0 || fd >= FDS)
        return "-";
    if (file_of[fd] >= 0)
        return files[(int)file_of[fd]].name;
    return file_of[fd] == FOLDER ? "folder" : class_of[fd] == LINK ? "socket" : fd == 1 ? "stdout" : "-";
}

static enum class class_at(int fd)
{
    return fd >= 0 && fd < FDS ? class_of[fd] : REST;
}

static struct file *file_on(int fd)
{
    return fd >= 0 && fd < FDS && file_of[fd] >= 0 ? &files[(int)file_of[fd]] : NULL;
}

static void forget(int fd)
{
    if (fd >= 0 && fd < FDS)
        class_of[fd] = fd == 1 ? TOLD : REST, file_of[fd] = NO_FILE;
}

static int opened(const char *path, int flags, mode_t mode)
{
    pthread_mutex_lock(&lock);
    struct file *file = file_at(path);
    size_t all = 0;
    int fd = file && fails("open", &all) ? -1 : raw_open(path, flags, mode);
    if (fd >= 0 && fd < FDS) {
        forget(fd);
        if (file) {
            if (!file->here) {
                file->here = true;
                file->synced.length = 0;
            }
            file_of[fd] = file - files;
            class_of[fd] = STORAGE;
        } else if (strcmp(path, folder) == 0) {
            file_of[fd] = FOLDER;
            class_of[fd] = STORAGE;
        }
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    return opened(path, flags, mode);
}

int socket(int domain, int type, int protocol)
{
    int fd = syscall(SYS_socket, domain, type, protocol);
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < FDS) {
        forget(fd);
        class_of[fd] = LINK;
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int close(int fd)
{
    pthread_mutex_lock(&lock);
    forget(fd);
    pthread_mutex_unlock(&lock);
    return syscall(SYS_close, fd);
}

/* All ways to write: `at` is NULL where the file has its own position, which only plain files here do. */
static ssize_t put(const char *name, int fd, const struct iovec *parts, int count, const off_t *at, int flags)
{
    pthread_mutex_lock(&lock);
    struct call call = enter(class_at(fd), name, name_of(fd));
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += parts[i].iov_len;
    struct file *file = file_on(fd);
    if (file && !at)
        complain("the database is written without an offset");
    ssize_t done = -1;
    if (!(file && fails("write", &length))) {
        if (call.fatal && fatal_how == HALF)
            length /= 2;
        char *all = malloc(length + 1);
        size_t filled = 0;
        for (int i = 0; i < count && filled < length; i++) {
            size_t part = parts[i].iov_len < length - filled ? parts[i].iov_len : length - filled;
            memcpy(all + filled, parts[i].iov_base, part);
            filled += part;
        }
        /* The harness may read standard output late: nobody may have to wait for that. */
        if (!call.fatal && !file)
            pthread_mutex_unlock(&lock);
        done = at ? syscall(SYS_pwrite64, fd, all, length, *at)
             : flags >= 0 ? syscall(SYS_sendto, fd, all, length, flags, NULL, 0)
             : syscall(SYS_write, fd, all, length);
        if (file && done > 0)
            wait_for_sync(file, false, *at, all, done);
        int error = errno;
        free(all);
        errno = error;
        if (!call.fatal && !file)
            return done;
    }
    int error = errno;
    leave(&call);
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    struct iovec part = { (void *)bytes, length };
    return put("write", fd, &part, 1, NULL, -1);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return put("writev", fd, parts, count, NULL, -1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
    struct iovec part = { (void *)bytes, length };
    return put("pwrite64", fd, &part, 1, &at, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return pwrite64(fd, bytes, length, at);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    struct iovec part = { (void *)bytes, length };
    return put("send", fd, &part, 1, NULL, flags);
}

ssize_t pread64(int fd, void *bytes, size_t length, off_t at)
{
    pthread_mutex_lock(&lock);
    bool failed = file_on(fd) && fails("read", NULL);
    pthread_mutex_unlock(&lock);
    return failed ? -1 : syscall(SYS_pread64, fd, bytes, length, at);
}

static int synced(const char *name, int fd, long number)
{
    pthread_mutex_lock(&lock);
    struct call call = enter(class_at(fd), name, name_of(fd));
    struct file *file = file_on(fd);
    bool ours = class_at(fd) == STORAGE;
    bool failed = ours && fails("sync", NULL);
    int result = failed ? -1 : syscall(number, fd);
    int error = errno;
    if (file)
        settle(file, !failed);
    else if (ours && !failed)
        settle_folder();
    leave(&call);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fdatasync(int fd)
{
    return synced("fdatasync", fd, SYS_fdatasync);
}

int fsync(int fd)
{
    return synced("fsync", fd, SYS_fsync);
}

int ftruncate64(int fd, off_t length)
{
    pthread_mutex_lock(&lock);
    struct call call = enter(class_at(fd), "ftruncate", name_of(fd));
    struct file *file = file_on(fd);
    int result = file && fails("cut", NULL) ? -1 : syscall(SYS_ftruncate, fd, length);
    int error = errno;
    if (file && result == 0)
        wait_for_sync(file, true, length, NULL, 0);
    leave(&call);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int unlink(const char *path)
{
    pthread_mutex_lock(&lock);
    struct file *file = file_at(path);
    struct call call = enter(file ? STORAGE : REST, "unlink", file ? file->name : "-");
    int result = file && fails("unlink", NULL) ? -1 : syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int error = errno;
    if (file && result == 0) {
        settle(file, false);
        if (file->named) {
            free(file->old_bytes.data);
            file->old = true;
            file->old_bytes = file->synced;
            file->synced = (struct bytes){ NULL, 0 };
        }
        file->here = file->named = false;
    }
    leave(&call);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to)
{
    pthread_mutex_lock(&lock);
    if (file_at(from))
        complain("the database is renamed, which the shim does not know to undo");
    struct call call = enter(REST, "rename", "-");
    int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int error = errno;
    leave(&call);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
