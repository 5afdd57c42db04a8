/* librseq's count until 2021: with signals blocked, and without a retry after EBUSY. */
#ifndef COUNTED_H
#define COUNTED_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "area.h"

static int counted_register(uint32_t *count, struct area *area)
{
	sigset_t all, former;
	int failed = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	if (*count == UINT32_MAX) {
		failed = -1;
	} else if ((*count)++ == 0 && syscall(SYS_rseq, area, LENGTH, 0, SIGNATURE)) {
		if (errno != EBUSY)
			*(volatile uint32_t *) &area->cpu_id = (uint32_t) -2;
		(*count)--;
		failed = -1;
	}
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return failed;
}

/* The versions differ in the count after the kernel has refused the last unregistration. */
static int counted_unregister(uint32_t *count, struct area *area, uint32_t after_refusal)
{
	sigset_t all, former;
	int failed = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	if (!*count) {
		failed = -1;
	} else if (--*count == 0 && syscall(SYS_rseq, area, LENGTH, UNREGISTER, SIGNATURE)) {
		*count = after_refusal;
		failed = -1;
	}
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return failed;
}

#endif
