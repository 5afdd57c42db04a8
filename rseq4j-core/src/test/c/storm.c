/*
 * storm THREADS: threads start and end under a storm of signals, whose handler joins the thread and runs a section.
 * Each signal is aimed at one of the threads that /proc/self/task has at that moment: a signal to the process nearly
 * always reaches the initial thread or its sender. So handlers also run before a thread's start routine, and after its
 * destructors. A signal to a thread that has ended is never delivered, so the test counts the runs of the handler.
 * Every second thread is detached. At the end the sum must be exact, and the process must not have one more mapping for
 * each thread. Where libc frees a thread's memory before the thread has ended, a handler may find the tombstone, or a
 * thread that is not armed yet; it counts these cases.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rseq4j.h"
#include "start.h"

#define SIGNAL 44
#define AT_ONCE 8
#define SENT_PER_PAUSE 8
#define ROUNDS 20

extern const char *gnu_get_libc_version(void) __attribute__((weak));

static intptr_t *cell;
static long sent, handled, early, failed, unregistered, wrong;
static __thread int has_started;
static int over, running;

static void count(void)
{
	if (rseq4j_add(cell, 1))
		__atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
}

static void handler(int signal)
{
	int error = errno;

	(void) signal;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
	if (!has_started)
		__atomic_fetch_add(&early, 1, __ATOMIC_RELAXED);
	if (rseq4j_current_cpu() < 0)
		__atomic_fetch_add(&unregistered, 1, __ATOMIC_RELAXED);
	count();
	errno = error;
}

static void *work(void *argument)
{
	has_started = 1;
	/* Registered at its creation: before this routine runs. */
	if (rseq4j_current_cpu() < 0)
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < ROUNDS; i++)
		count();
	__atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
	return argument;
}

static void *storm(void *argument)
{
	struct timespec pause = { 0, 50000 };
	pid_t process = getpid(), self = (pid_t) syscall(SYS_gettid);
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	int now = 0;

	prctl(PR_SET_TIMERSLACK, 1ul);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		rewinddir(tasks);
		while ((task = readdir(tasks))) {
			pid_t thread = atoi(task->d_name);

			if (thread <= 0 || thread == self || thread == process)
				continue;
			if (!syscall(SYS_tgkill, process, thread, SIGNAL))
				sent++;
			if (!(++now % SENT_PER_PAUSE))
				nanosleep(&pause, NULL);
		}
		nanosleep(&pause, NULL);
	}
	closedir(tasks);
	return argument;
}

static long mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	long lines = 0;
	int c;

	while ((c = fgetc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static int threads_now(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int threads = -2;

	while (readdir(tasks))
		threads++;
	closedir(tasks);
	return threads;
}

static long sum(void)
{
	long sum = 0;

	for (intptr_t i = 0; i < rseq4j_limit(); i++)
		sum += *(volatile intptr_t *) ((char *) cell + i * RSEQ4J_STRIDE);
	return sum;
}

static void run(long threads)
{
	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (long i = 0; i < threads; i++) {
		pthread_t thread;
		int error;

		while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) >= AT_ONCE)
			sched_yield();
		__atomic_fetch_add(&running, 1, __ATOMIC_RELAXED);
		while ((error = pthread_create(&thread, i & 1 ? &detached : NULL, work, NULL)) == EAGAIN)
			sched_yield();
		if (error) {
			printf("pthread_create: %s\n", strerror(error));
			exit(1);
		}
		if (!(i & 1))
			pthread_join(thread, NULL);
	}
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
		sched_yield();
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 1000, before, after, expected;
	struct sigaction action;
	pthread_t sender;

	cell = mmap(NULL, (size_t) rseq4j_limit() * (size_t) RSEQ4J_STRIDE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (cell == MAP_FAILED)
		return 2;
	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	sigaction(SIGNAL, &action, NULL);
	pthread_create(&sender, NULL, storm, NULL);
	run(200);
	before = mappings();
	run(threads);
	after = mappings();
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	pthread_join(sender, NULL);
	/* The last threads may be detached: wait until their handlers have returned. */
	for (int i = 0; i < 1000 && threads_now() > 1; i++)
		usleep(1000);
	expected = handled + (threads + 200) * ROUNDS;
	printf("owner=%d threads=%ld sent=%ld handled=%ld early=%ld expected=%ld counted=%ld failed=%ld "
	       "unregistered=%ld wrong=%ld mappings=%ld to %ld\n", rseq4j_owner(), threads, sent, handled, early,
	       expected, sum(), failed, unregistered, wrong, before, after);
	fflush(NULL);
	return sum() + failed != expected || (failed && gnu_get_libc_version) || wrong
	       || after - before >= 20 + threads / 100;
}
