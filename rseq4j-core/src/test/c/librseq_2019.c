/* librseq of 2019: it shares __rseq_abi and __rseq_refcount, blocks signals around both, and gives up on EBUSY. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "partner.h"

__attribute__((weak)) __thread struct area __rseq_abi
	__attribute__((tls_model("initial-exec"), aligned(64))) = { .cpu_id = (uint32_t) -1 };
__attribute__((weak)) __thread uint32_t __rseq_refcount __attribute__((tls_model("initial-exec")));

int rseq_register_current_thread(void)
{
	sigset_t all, former;
	int failed = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	if (__rseq_refcount == UINT32_MAX) {
		failed = -1;
	} else if (__rseq_refcount++ == 0 && syscall(SYS_rseq, &__rseq_abi, LENGTH, 0, SIGNATURE)) {
		if (errno != EBUSY)
			*(volatile uint32_t *) &__rseq_abi.cpu_id = (uint32_t) -2;
		__rseq_refcount--;
		failed = -1;
	}
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return failed;
}

int rseq_unregister_current_thread(void)
{
	sigset_t all, former;
	int failed = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &former);
	if (!__rseq_refcount)
		failed = -1;
	else if (--__rseq_refcount == 0 && syscall(SYS_rseq, &__rseq_abi, LENGTH, UNREGISTER, SIGNATURE))
		failed = -1;
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return failed;
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
	return &__rseq_abi;
}
