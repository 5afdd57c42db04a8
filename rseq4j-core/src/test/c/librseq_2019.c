/* librseq of 2019: it shares __rseq_abi and __rseq_refcount. */
#define _GNU_SOURCE
#include "counted.h"
#include "partner.h"

__attribute__((weak)) __thread struct area __rseq_abi
	__attribute__((tls_model("initial-exec"))) = { .cpu_id = (uint32_t) -1 };
__attribute__((weak)) __thread uint32_t __rseq_refcount __attribute__((tls_model("initial-exec")));

int rseq_register_current_thread(void)
{
	return counted_register(&__rseq_refcount, &__rseq_abi);
}

int rseq_unregister_current_thread(void)
{
	return counted_unregister(&__rseq_refcount, &__rseq_abi, 0);
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
