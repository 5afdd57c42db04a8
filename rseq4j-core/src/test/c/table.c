/*
 * table: the counts of a thread, step by step, with the kernel's answer to each step; then the tombstone. It prints a
 * line for each expectation that does not hold; its exit status is their number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"
#include "rseq4j.h"
#include "start.h"

#define SIGNATURE 0x53053053
#define UNREGISTER 1

extern __thread unsigned int __rseq_refcount, rseq4j_libc_refcount, rseq4j_users, rseq4j_state;

static char *area(void)
{
	return (char *) __builtin_thread_pointer() + rseq4j_offset();
}

/* The answer of rseq(2), as 0 or -errno. */
static long ask(void *at, unsigned int length, int flags, unsigned int signature)
{
	return syscall(SYS_rseq, at, length, flags, signature) ? -errno : 0;
}

static unsigned int *count_of(int libc)
{
	return libc ? &rseq4j_libc_refcount : &__rseq_refcount;
}

/* The count of the area: the one that a join has changed. */
static unsigned int *count(void)
{
	return count_of(rseq4j_libc_refcount != 0);
}

static void *thread(void *argument)
{
	int libc = rseq4j_owner() == RSEQ4J_OWNER_LIBC;
	unsigned int held, length = (unsigned int) rseq4j_length();

	(void) argument;
	/* Where libc registers, no count is taken before the first request. */
	EXPECT_IS(rseq4j_state, libc ? 0 : 1);
	EXPECT_IS(rseq4j_join(), 0);
	EXPECT_IS(rseq4j_join(), 0);
	EXPECT_IS(rseq4j_state, 1);
	held = *count();
	/*
	 * 2 where an owner without a count had registered: libc, or glibc for a thread that a registered thread has
	 * started.
	 */
	EXPECT_IS(held == (libc ? 2 : 1) || (held == 2 && !libc), 1);
	EXPECT_IS(ask(area(), length, 0, SIGNATURE), -EBUSY);
	EXPECT_IS(ask(area(), length, 0, SIGNATURE + 1), -EPERM);
	EXPECT_IS(ask(area() + 64, length, 0, SIGNATURE), -EINVAL);
	EXPECT_IS(ask(area(), length + 64, 0, SIGNATURE), -EINVAL);
	EXPECT_IS(ask(area(), length, UNREGISTER, SIGNATURE + 1), -EPERM);

	EXPECT_IS(rseq4j_unregister(), -EINVAL);
	EXPECT_IS(*count(), held);
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(*count(), held + 2);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(rseq4j_unregister(), -EINVAL);
	EXPECT_IS(*count(), held);
	EXPECT_IS(rseq4j_current_cpu() >= 0, 1);

	*count() = -1u;
	EXPECT_IS(rseq4j_register(), -EOVERFLOW);
	EXPECT_IS(*count(), -1u);
	*count() = held;

	/* The end of a thread: it is not registered again, and a held count is kept. */
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(rseq4j_leave(), 0);
	EXPECT_IS(rseq4j_state, 2);
	EXPECT_IS(rseq4j_join(), -ECANCELED);
	EXPECT_IS(rseq4j_register(), -ECANCELED);
	EXPECT_IS(rseq4j_current_cpu() >= 0, 1);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(rseq4j_current_cpu() >= 0, held == 2);
	if (held == 1) {
		EXPECT_IS(*count_of(0) + *count_of(1), 0);
		EXPECT_IS(ask(area(), length, UNREGISTER, SIGNATURE), -EINVAL);
		EXPECT_IS(ask((void *) (1ul << 63), length, 0, SIGNATURE), -EFAULT);
		EXPECT_IS(ask(area(), length, 0, SIGNATURE), 0);
		EXPECT_IS(ask(area(), length, UNREGISTER, SIGNATURE), 0);
		EXPECT_IS(ask(area() + 4, length, 0, SIGNATURE), -EINVAL);
		EXPECT_IS(ask(area(), 16, 0, SIGNATURE), -EINVAL);
		EXPECT_IS(ask(area(), length, 1 << 20, SIGNATURE), -EINVAL);
		EXPECT_IS(rseq4j_load_add_store_relaxed(0, 1), -RSEQ4J_UNREGISTERED);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t one;

	(void) argc;
	(void) argv;
	EXPECT_IS(rseq4j_current_cpu() >= 0, 1);
	EXPECT_IS(rseq4j_limit() > 0, 1);
	EXPECT_IS(rseq4j_mm_cid() >= 0 || rseq4j_mm_cid() == -ENOSYS, 1);
	for (int i = 0; i < 3; i++) {
		pthread_create(&one, NULL, thread, NULL);
		pthread_join(one, NULL);
	}
	printf("owner=%d faults=%d\n", rseq4j_owner(), faults);
	fflush(NULL);
	return faults;
}
