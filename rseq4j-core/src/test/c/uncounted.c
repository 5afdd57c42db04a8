/*
 * A library that has the area and no count: it registers a thread at its first use, never unregisters it, and keeps a
 * private value in cpu_id_start, which other code must not use as an index. With UNCOUNTED_ALL set its own
 * pthread_create registers every new thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "area.h"

#define MINE 0x7fff0000u

__thread struct area __rseq_abi __attribute__((tls_model("initial-exec"))) = { .cpu_id = (uint32_t) -1 };

/* Returns the CPU, or a negative number when the kernel refuses. */
int uncounted_use(void)
{
	sigset_t all, former;

	if ((int32_t) __rseq_abi.cpu_id < 0) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &former);
		if ((int32_t) __rseq_abi.cpu_id < 0)
			syscall(SYS_rseq, &__rseq_abi, LENGTH, 0, SIGNATURE);
		pthread_sigmask(SIG_SETMASK, &former, NULL);
	}
	*(volatile uint32_t *) &__rseq_abi.cpu_id_start = MINE;
	return (int) *(volatile uint32_t *) &__rseq_abi.cpu_id;
}

struct start {
	void *(*routine)(void *);
	void *argument;
};

static void *run(void *start)
{
	struct start copy = *(struct start *) start;

	free(start);
	uncounted_use();
	return copy.routine(copy.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct start *start;

	*(void **) &real = dlsym(RTLD_NEXT, "pthread_create");
	if (!getenv("UNCOUNTED_ALL"))
		return real(thread, attributes, routine, argument);
	start = malloc(sizeof *start);
	start->routine = routine;
	start->argument = argument;
	return real(thread, attributes, run, start);
}

__attribute__((constructor)) static void initialise(void)
{
	if (getenv("UNCOUNTED_ALL"))
		uncounted_use();
}
