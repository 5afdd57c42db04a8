/*
 * tcmalloc's per-CPU mode: the two symbols are weak; a thread that finds no valid cpu_id increments the count, and the
 * thread that sets it to 1 makes the system call. It never unregisters, and does not block signals.
 */
#define _GNU_SOURCE
#include "partner.h"

__attribute__((weak)) __thread struct area __rseq_abi
	__attribute__((tls_model("initial-exec"))) = { .cpu_id = (uint32_t) -1 };
__attribute__((weak)) __thread volatile uint32_t __rseq_refcount __attribute__((tls_model("initial-exec")));

int partner_register(void)
{
	/* The library holds no count then. */
	if (*(volatile int32_t *) &__rseq_abi.cpu_id >= 0)
		return PARTNER_HOLDS_NOTHING;
	if (__rseq_refcount++ > 0)
		return 0;
	if (syscall(SYS_rseq, &__rseq_abi, LENGTH, 0, SIGNATURE) == 0)
		return 0;
	__rseq_refcount--;
	return -1;
}

int partner_unregister(void)
{
	return 0;
}

struct area *partner_area(void)
{
	return &__rseq_abi;
}
