// Waits that Debian's libfaketime 0.9.10 does not know; preloaded before it.
//
// C11's cnd_timedwait calls glibc's own pthread_cond_timedwait, past the library: its deadline would be of the false
// clock and its wait by the true one, so that a clock which is two hours ahead would make a second last two hours
// (librdkafka waits so). And the library answers EINVAL to sleeps until an instant of the monotonic clock, which is
// never false here (Python's time.sleep).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

// glibc's cnd_t and mtx_t are its pthread_cond_t and pthread_mutex_t.
int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    switch (pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until)) {
        case 0: return thrd_success;
        case ETIMEDOUT: return thrd_timedout;
        default: return thrd_error;
    }
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left) {
    struct timespec span = *wanted, now;
    if (clock == CLOCK_REALTIME && (flags & TIMER_ABSTIME)) {
        clock_gettime(clock, &now);
        span.tv_sec -= now.tv_sec;
        span.tv_nsec -= now.tv_nsec;
        if (span.tv_nsec < 0) span.tv_sec -= 1, span.tv_nsec += 1000000000;
        if (span.tv_sec < 0) return 0;
        clock = CLOCK_MONOTONIC, flags = 0;
    }
    return syscall(SYS_clock_nanosleep, clock, flags, &span, left) ? errno : 0;
}
