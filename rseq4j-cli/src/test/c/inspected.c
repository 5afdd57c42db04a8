/* Processes for InspectCommandTest: the first argument selects one. Each prints "ready" when it can be inspected.
 * -DRSEQ and -DSIGNATURE are this architecture's. -DLIBRARY makes a library that has the area, -DBORROW a program that
 * takes the area from the library. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct area {
    unsigned words[16];
} __attribute__((aligned(64)));

#ifdef BORROW
extern
#endif
__thread struct area __rseq_abi __attribute__((tls_model("initial-exec")));

#ifdef TCMALLOC
__thread unsigned long tcmalloc_slabs __attribute__((weak));
#endif

#ifdef LIBRARY
/* A variable after the area whose size is no multiple of the alignment: a wrong computation of offsets then shows. */
__thread char more[100] = "more";

char *with_area(void) {
    return more + __rseq_abi.words[1] % 2;
}
#else

static void enrol(struct area *area) {
    area->words[1] = -1;
    if (syscall(RSEQ, area, 32, 0, SIGNATURE) != 0)
        printf("rseq: %s\n", strerror(errno));
}

static struct area *heap_area(void) {
    struct area *area = aligned_alloc(64, 64);
    memset(area, 0, sizeof *area);
    return area;
}

__thread char more_here[33] = "more";

static pthread_barrier_t all_there;

static void *with_symbol(void *unused) {
    enrol(&__rseq_abi);
    pthread_barrier_wait(&all_there);
    for (;;) pause();
}

static void *with_heap(void *unused) {
    enrol(heap_area());
    pthread_barrier_wait(&all_there);
    for (;;) pause();
}

/* A cache in cpu_id_start, as tcmalloc has it. The kernel overwrites it when the thread was preempted or has migrated, so
 * the thread sleeps. */
static void *with_cache(void *unused) {
    enrol(&__rseq_abi);
    *(volatile unsigned *) &__rseq_abi.words[0] = 0x80000001u;
    pause();
    return unused;
}

static void *without(void *unused) {
    prctl(PR_SET_NAME, "without");
    pthread_barrier_wait(&all_there);
    for (;;) pause();
}

static void start(void *(*function)(void *)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, NULL) != 0) abort();
}

static void areas(void *(*function)(void *)) {
    pthread_barrier_init(&all_there, NULL, 4);
    start(function);
    start(function);
    start(without);
    enrol(function == with_heap ? heap_area() : &__rseq_abi);
    pthread_barrier_wait(&all_there);
}

/* Calls that fail with EINTR after a stop, unless the tracer restarts them. */
static void *in_epoll(void *unused) {
    struct epoll_event event;
    epoll_wait(epoll_create1(0), &event, 1, -1);
    printf("epoll_wait: %s\n", strerror(errno));
    return NULL;
}

static void *in_sigwait(void *unused) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigwaitinfo(&set, NULL);
    printf("sigwaitinfo: %s\n", strerror(errno));
    return NULL;
}

static void *in_recv(void *unused) {
    int pair[2];
    struct timeval minute = {60, 0};
    char byte;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
    recv(pair[0], &byte, 1, 0);
    printf("recv: %s\n", strerror(errno));
    return NULL;
}

static void blocked(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    start(in_epoll);
    start(in_sigwait);
    start(in_recv);
    sleep(1);
}

static volatile sig_atomic_t handled, wrong;

static void handle(int signal, siginfo_t *info, void *unused) {
    if (info->si_code == SI_QUEUE && info->si_value.sival_int == handled) handled++;
    else wrong++;
}

/* A child sends numbered signals until its parent has received all of them. */
static void stormed(void) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART};
    pid_t self = getpid();
    sigaction(SIGRTMIN, &action, NULL);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* A pause, so that the parent has time to read its input between signals. */
        for (int sent = 0; getppid() == self; usleep(20))
            if (sigqueue(self, SIGRTMIN, (union sigval) {sent}) == 0) sent++;
        _exit(0);
    }
}

static void *nothing(void *unused) {
    return NULL;
}

static void *churning(void *unused) {
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) == 0) pthread_join(thread, NULL);
    }
}

static void *rest(void *unused) {
    char byte;
    puts("ready");
    while (read(0, &byte, 1) > 0) printf("handled %d, wrong %d\n", (int) handled, (int) wrong);
    exit(0);
}

int main(int count, char **arguments) {
    const char *what = arguments[1];
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(what, "symbol")) areas(with_symbol);
    else if (!strcmp(what, "heap")) areas(with_heap);
    else if (!strcmp(what, "cache")) { start(with_cache); sleep(1); }
    else if (!strcmp(what, "blocked")) blocked();
    else if (!strcmp(what, "stormed")) stormed();
    else if (!strcmp(what, "churning")) start(churning);
    else if (!strcmp(what, "leaderless")) {
        start(rest);
        pthread_exit(NULL);
    } else if (!strcmp(what, "zombie")) {
        siginfo_t ended;
        pid_t child = fork();
        if (child == 0) _exit(0);
        waitid(P_PID, child, &ended, WEXITED | WNOWAIT);
        printf("zombie %d\n", child);
    } else if (!strcmp(what, "vforked")) {
        puts("ready");
        if (vfork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            sleep(60);
            _exit(0);
        }
    } else if (!strcmp(what, "tracer")) {
        if (ptrace(PTRACE_SEIZE, atoi(arguments[2]), 0, 0) != 0) printf("seize: %s\n", strerror(errno));
    }
    rest(NULL);
}
#endif
