/*
 * librseq since 2022. It looks up the next definition of glibc's three symbols. Where they show no registration, it
 * owns a separate area, which only the symbol rseq_offset names. It aborts the process when a registration fails after
 * an earlier one has succeeded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "partner.h"

#define AUXV_FEATURE_SIZE 27
/* The area; an object that is loaded later gets no such alignment. */
#ifndef ROOM
#define ROOM 1024
#endif

ptrdiff_t rseq_offset;
unsigned int rseq_size = -1u;
unsigned int rseq_flags;

static __thread union { struct area area; char room[ROOM]; } own
	__attribute__((tls_model("initial-exec"), aligned(ROOM))) = { .area.cpu_id = (uint32_t) -1 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int done, owns;

__attribute__((constructor)) static void initialise(void)
{
	ptrdiff_t *offset;
	unsigned int *size, *flags;

	pthread_mutex_lock(&lock);
	if (!done) {
		offset = dlsym(RTLD_NEXT, "__rseq_offset");
		size = dlsym(RTLD_NEXT, "__rseq_size");
		flags = dlsym(RTLD_NEXT, "__rseq_flags");
		if (offset && size && flags && *size) {
			rseq_offset = *offset;
			rseq_flags = *flags;
			rseq_size = *size;
		} else {
			owns = 1;
			rseq_offset = (char *) &own - (char *) __builtin_thread_pointer();
			rseq_flags = 0;
			rseq_size = 0;
		}
		done = 1;
	}
	pthread_mutex_unlock(&lock);
}

static unsigned int feature_size(void)
{
	unsigned long size = getauxval(AUXV_FEATURE_SIZE);

	return size ? (unsigned int) size : 20;
}

static unsigned int length(void)
{
	return rseq_size < LENGTH ? LENGTH : rseq_size;
}

int rseq_register_current_thread(void)
{
	initialise();
	if (!owns)
		return 0;
	if (syscall(SYS_rseq, &own, length(), 0, SIGNATURE)) {
		if (*(volatile unsigned int *) &rseq_size > 0)
			abort();
		return -1;
	}
	if (!rseq_size)
		rseq_size = feature_size();
	return 0;
}

int rseq_unregister_current_thread(void)
{
	if (!owns)
		return 0;
	return syscall(SYS_rseq, &own, length(), UNREGISTER, SIGNATURE) ? -1 : 0;
}

__attribute__((destructor)) static void finish(void)
{
	if (!owns)
		return;
	rseq_offset = 0;
	rseq_size = -1u;
	owns = 0;
}

int partner_register(void)
{
	return rseq_register_current_thread();
}

int partner_unregister(void)
{
	return rseq_unregister_current_thread();
}

struct area *partner_area(void)
{
	return (struct area *) ((char *) __builtin_thread_pointer() + rseq_offset);
}
