/*
 * A library of 2018: it defines the area and the count, registers by the protocol of these two symbols, and drops its
 * count in a destructor of a pthread_key. With EARLY_ADOPTER_ALL set its own pthread_create registers every new thread.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "area.h"

__thread struct area __rseq_abi __attribute__((tls_model("initial-exec"))) = { .cpu_id = (uint32_t) -1 };
__thread uint32_t __rseq_refcount __attribute__((tls_model("initial-exec")));

static pthread_key_t key;
static int registrations;

static int change(int delta)
{
	sigset_t all, former;
	int failed = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	__rseq_refcount += (uint32_t) delta;
	if (delta > 0 && __rseq_refcount == 1) {
		failed = (int) syscall(SYS_rseq, &__rseq_abi, LENGTH, 0, SIGNATURE);
		if (failed)
			__rseq_refcount--;
		else
			__atomic_fetch_add(&registrations, 1, __ATOMIC_RELAXED);
	} else if (delta < 0 && __rseq_refcount == 0) {
		failed = (int) syscall(SYS_rseq, &__rseq_abi, LENGTH, UNREGISTER, SIGNATURE);
	}
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return failed;
}

/* Registers the calling thread until it ends; 0, or -1 when the kernel refuses. */
int early_adopter_register(void)
{
	if (pthread_getspecific(key))
		return 0;
	if (change(1))
		return -1;
	return pthread_setspecific(key, &key);
}

int early_adopter_unregister(void)
{
	if (!pthread_getspecific(key))
		return -1;
	pthread_setspecific(key, NULL);
	return change(-1);
}

int early_adopter_cpu(void)
{
	return (int) __rseq_abi.cpu_id;
}

int early_adopter_registrations(void)
{
	return __atomic_load_n(&registrations, __ATOMIC_RELAXED);
}

static void drop(void *held)
{
	(void) held;
	change(-1);
}

struct start {
	void *(*routine)(void *);
	void *argument;
};

static void *run(void *start)
{
	struct start copy = *(struct start *) start;

	free(start);
	early_adopter_register();
	return copy.routine(copy.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	struct start *start;

	*(void **) &real = dlsym(RTLD_NEXT, "pthread_create");
	if (!getenv("EARLY_ADOPTER_ALL"))
		return real(thread, attributes, routine, argument);
	start = malloc(sizeof *start);
	start->routine = routine;
	start->argument = argument;
	return real(thread, attributes, run, start);
}

__attribute__((constructor)) static void initialise(void)
{
	pthread_key_create(&key, drop);
	if (getenv("EARLY_ADOPTER_ALL"))
		early_adopter_register();
}
