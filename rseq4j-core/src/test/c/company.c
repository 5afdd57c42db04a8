/*
 * company LIBRARY...: loads other libraries; those after a "-" only after the first use of a thread. It checks that
 * each user stays registered until it leaves, independent of the others.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "rseq4j.h"
#include "start.h"

static int (*adopt)(void), (*let_go)(void), (*adopted_cpu)(void), (*use)(void), (*symbols)(void);
static int shared, symbols_cpu = -200;

static void *find(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

static void load(const char *path)
{
	if (!dlopen(path, RTLD_NOW | RTLD_GLOBAL)) {
		printf("%s\n", dlerror());
		faults++;
	}
	*(void **) &adopt = find("early_adopter_register");
	*(void **) &let_go = find("early_adopter_unregister");
	*(void **) &adopted_cpu = find("early_adopter_cpu");
	*(void **) &use = find("uncounted_use");
	*(void **) &symbols = find("three_symbols_cpu");
}

static void *thread(void *argument)
{
	EXPECT(rseq4j_register() == 0);
	EXPECT(rseq4j_current_cpu() >= 0);
	if (adopt) {
		shared = adopt() == 0;
		/* The library shares our area, or the kernel refuses it because the thread has another one. */
		EXPECT(!shared || adopted_cpu() >= 0);
		EXPECT(rseq4j_unregister() == 0);
		EXPECT(rseq4j_register() == 0);
		EXPECT(!shared || let_go() == 0);
		EXPECT(rseq4j_current_cpu() >= 0);
		shared = adopt() == 0;
	}
	if (use)
		shared = use() >= 0;
	EXPECT(rseq4j_current_cpu() >= 0);
	if (symbols)
		symbols_cpu = symbols();
	EXPECT(rseq4j_unregister() == 0);
	EXPECT(rseq4j_current_cpu() >= 0);
	return argument;
}

static void run(void)
{
	for (int i = 0; i < 50; i++) {
		pthread_t one;

		pthread_create(&one, NULL, thread, NULL);
		pthread_join(one, NULL);
	}
	thread(NULL);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-"))
			load(argv[i]);
		else
			run();
	}
	run();
	printf("owner=%d length=%d shared=%d symbols=%d faults=%d\n", rseq4j_owner(), rseq4j_length(), shared, symbols_cpu,
	       faults);
	fflush(NULL);
	return faults;
}
