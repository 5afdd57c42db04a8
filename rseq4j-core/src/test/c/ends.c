/*
 * ends: destructors that run in every round, so before and after the image's own, send signals. Where libc frees the
 * thread's memory, the last signal finds the tombstone, and the thread is not registered again; elsewhere the
 * registration stays until the thread has ended. Half of the threads are detached, so that no other thread keeps their
 * memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rseq4j.h"
#include "start.h"

#define SIGNAL 44
#define THREADS 4000
#define DESTRUCTORS 4
#define ROUNDS 4

extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern __thread unsigned int rseq4j_state;

static pthread_key_t keys[DESTRUCTORS];
static long wrong, tombstones, running, late_registered;

static void handler(int signal)
{
	int answer = rseq4j_join();

	(void) signal;
	if (rseq4j_state == 2) {
		__atomic_fetch_add(&tombstones, 1, __ATOMIC_RELAXED);
		if (answer != -ECANCELED || rseq4j_current_cpu() >= 0 || gnu_get_libc_version)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	} else if (answer || rseq4j_current_cpu() < 0) {
		__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
	}
}

struct end {
	int rounds[DESTRUCTORS];
};
static __thread struct end end;

static void destroy(void *rounds)
{
	int *left = rounds, which = (int) (left - end.rounds);

	raise(SIGNAL);
	if (--*left)
		pthread_setspecific(keys[which], left);
	else if (!gnu_get_libc_version && rseq4j_current_cpu() >= 0)
		/* The last round is over, and libc is about to free the memory. */
		__atomic_fetch_add(&late_registered, 1, __ATOMIC_RELAXED);
}

static void *work(void *argument)
{
	for (int i = 0; i < DESTRUCTORS; i++) {
		end.rounds[i] = ROUNDS;
		pthread_setspecific(keys[i], &end.rounds[i]);
	}
	raise(SIGNAL);
	__atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
	return argument;
}

int main(int argc, char **argv)
{
	struct sigaction action;
	pthread_attr_t detached;

	(void) argc;
	(void) argv;
	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	sigaction(SIGNAL, &action, NULL);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < DESTRUCTORS; i++)
		pthread_key_create(&keys[i], destroy);
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;

		while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) >= 8)
			sched_yield();
		__atomic_fetch_add(&running, 1, __ATOMIC_RELAXED);
		while (pthread_create(&thread, i & 1 ? &detached : NULL, work, NULL))
			sched_yield();
		if (!(i & 1))
			pthread_join(thread, NULL);
	}
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
		sched_yield();
	usleep(20000);
	printf("owner=%d tombstones=%ld late=%ld wrong=%ld\n", rseq4j_owner(), tombstones, late_registered, wrong);
	fflush(NULL);
	return wrong || late_registered || !tombstones != !!gnu_get_libc_version;
}
