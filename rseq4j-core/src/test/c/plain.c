/*
 * plain: a program without knowledge of the provider image, which is preloaded. Its initial thread and every thread
 * that it starts must be registered before its own code runs, at the place that glibc's three symbols name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <threads.h>

#include "expect.h"
#include "start.h"

static int cpu(void)
{
	ptrdiff_t *offset = dlsym(RTLD_DEFAULT, "__rseq_offset");
	unsigned int *size = dlsym(RTLD_DEFAULT, "__rseq_size");

	if (!offset || !size || !*size)
		return -100;
	return *(volatile int32_t *) ((char *) __builtin_thread_pointer() + *offset + 4);
}

static void *thread(void *argument)
{
	EXPECT(cpu() >= 0);
	return argument;
}

static void *leaving(void *argument)
{
	EXPECT(cpu() >= 0);
	pthread_exit(argument);
}

static int c11(void *argument)
{
	EXPECT(cpu() >= 0);
	return *(int *) argument;
}

int main(int argc, char **argv)
{
	int (*create)(thrd_t *, thrd_start_t, void *), (*join)(thrd_t, int *);
	int answer = 42, result = 0;
	pthread_t one;
	thrd_t other;
	void *returned;

	(void) argc;
	(void) argv;
	EXPECT(cpu() >= 0);
	for (int i = 0; i < 100; i++) {
		EXPECT(pthread_create(&one, NULL, i & 1 ? thread : leaving, &answer) == 0);
		EXPECT(pthread_join(one, &returned) == 0 && returned == &answer);
	}
	*(void **) &create = dlsym(RTLD_DEFAULT, "thrd_create");
	*(void **) &join = dlsym(RTLD_DEFAULT, "thrd_join");
	EXPECT(create && join);
	EXPECT(create(&other, c11, &answer) == thrd_success);
	EXPECT(join(other, &result) == thrd_success && result == 42);
	printf("faults=%d\n", faults);
	fflush(NULL);
	return faults;
}
