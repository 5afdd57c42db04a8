/*
 * librseq of 2020 and 2021: the area is __rseq_abi, which all libraries share; the count is its own; and the library
 * that sets __rseq_handled first registers all threads.
 */
#define _GNU_SOURCE
#include "counted.h"
#include "partner.h"

__thread struct area __rseq_abi __attribute__((tls_model("initial-exec"))) = { .cpu_id = (uint32_t) -1 };
int __rseq_handled;

static __thread uint32_t count __attribute__((tls_model("initial-exec")));
static int owns;

int rseq_register_current_thread(void)
{
	return owns ? counted_register(&count, &__rseq_abi) : 0;
}

int rseq_unregister_current_thread(void)
{
	return owns ? counted_unregister(&count, &__rseq_abi, 1) : 0;
}

__attribute__((constructor)) static void initialise(void)
{
	if (__rseq_handled)
		return;
	__rseq_handled = 1;
	owns = 1;
}

__attribute__((destructor)) static void finish(void)
{
	if (!owns)
		return;
	__rseq_handled = 0;
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
	return &__rseq_abi;
}
