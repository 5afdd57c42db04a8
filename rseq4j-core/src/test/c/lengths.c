/*
 * lengths LIBRARY: our area is registered with its full length; the library, which shares it, knows only the original
 * length. In each order both stay registered until they leave, and the thread is not registered once the count is 0.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"
#include "rseq4j.h"
#include "start.h"

#define SIGNATURE 0x53053053
#define UNREGISTER 1
#define ORIGINAL 32

extern __thread unsigned int __rseq_refcount, rseq4j_state;

static int full;
static int (*adopt)(void), (*let_go)(void);
static __thread char elsewhere[64] __attribute__((aligned(64)));

static char *area(void)
{
	return (char *) __builtin_thread_pointer() + rseq4j_offset();
}

static long ask(void *at, int length, int flags)
{
	return syscall(SYS_rseq, at, length, flags, SIGNATURE) ? -errno : 0;
}

/* The length that the thread is registered with, or 0. */
static int length(void)
{
	if (rseq4j_current_cpu() < 0)
		return 0;
	return ask(area(), ORIGINAL, 0) == -EBUSY ? ORIGINAL : ask(area(), full, 0) == -EBUSY ? full : -1;
}

/* Puts the thread into the state of a new thread. */
static void forget(void)
{
	EXPECT_IS(rseq4j_leave(), 0);
	rseq4j_state = 0;
	EXPECT_IS(__rseq_refcount, 0);
	EXPECT_IS(length(), 0);
}

static void *thread(void *argument)
{
	forget();
	/* We register first and leave first: the library can unregister. */
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(length(), full);
	EXPECT_IS(adopt(), 0);
	EXPECT_IS(length(), full);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(length(), ORIGINAL);
	EXPECT_IS(let_go(), 0);
	forget();
	/* We register first and leave last. */
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(adopt(), 0);
	EXPECT_IS(let_go(), 0);
	EXPECT_IS(length(), full);
	EXPECT_IS(rseq4j_unregister(), 0);
	forget();
	/* The library registers first and leaves first. */
	EXPECT_IS(adopt(), 0);
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(length(), ORIGINAL);
	EXPECT_IS(let_go(), 0);
	EXPECT_IS(length(), ORIGINAL);
	EXPECT_IS(rseq4j_unregister(), 0);
	forget();
	/* The library registers first and leaves last. */
	EXPECT_IS(adopt(), 0);
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(length(), ORIGINAL);
	EXPECT_IS(let_go(), 0);
	forget();
	/* A thread that has joined has a count of ours until it ends. */
	EXPECT_IS(rseq4j_join(), 0);
	EXPECT_IS(adopt(), 0);
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(length(), full);
	EXPECT_IS(rseq4j_leave(), 0);
	EXPECT_IS(length(), ORIGINAL);
	EXPECT_IS(let_go(), 0);
	forget();
	/* An owner without a count registers the area. */
	EXPECT_IS(ask(area(), ORIGINAL, 0), 0);
	EXPECT_IS(rseq4j_register(), 0);
	EXPECT_IS(__rseq_refcount, 2);
	EXPECT_IS(rseq4j_unregister(), 0);
	EXPECT_IS(length(), ORIGINAL);
	EXPECT_IS(ask(area(), ORIGINAL, UNREGISTER), 0);
	__rseq_refcount = 0;
	forget();
	/* The thread is registered with another area. */
	EXPECT_IS(ask(elsewhere, ORIGINAL, 0), 0);
	EXPECT_IS(rseq4j_register(), -EINVAL);
	EXPECT_IS(__rseq_refcount, 0);
	EXPECT_IS(ask(elsewhere, ORIGINAL, UNREGISTER), 0);
	forget();
	return argument;
}

int main(int argc, char **argv)
{
	if (argc != 2 || !dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL)) {
		printf("%s\n", dlerror());
		return 1;
	}
	*(void **) &adopt = dlsym(RTLD_DEFAULT, "early_adopter_register");
	*(void **) &let_go = dlsym(RTLD_DEFAULT, "early_adopter_unregister");
	full = rseq4j_length();
	EXPECT_IS(full > ORIGINAL, 1);
	EXPECT_IS(length(), full);
	for (int i = 0; i < 3; i++) {
		pthread_t one;

		pthread_create(&one, NULL, thread, NULL);
		pthread_join(one, NULL);
	}
	printf("owner=%d length=%d faults=%d\n", rseq4j_owner(), full, faults);
	fflush(NULL);
	return faults;
}
