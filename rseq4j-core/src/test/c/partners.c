/*
 * partners [later-ours PATH | later-theirs PATH]: another library that registers, and librseq4j.so, in every order of
 * threads and calls. It prints which of the two are served, and whether each side whose request succeeded stays served
 * until it leaves.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "expect.h"
#define PARTNER_PROGRAM
#include "partner.h"
#include "rseq4j.h"
#include "start.h"

#define THREADS 48
#define ADDS 500

static int (*their_register)(void), (*their_unregister)(void);
static struct area *(*their_area)(void);
static int (*our_register)(void), (*our_unregister)(void), (*our_cpu)(void), (*our_owner)(void), (*our_limit)(void);
static int (*our_join)(void);
static intptr_t (*our_offset)(void), (*our_add)(intptr_t, intptr_t);
static int ours_served, theirs_served, ours_refused, theirs_refused, same, lost;
static long added;
static intptr_t *cell;

static void find(void *theirs, void *ours)
{
	*(void **) &their_register = dlsym(theirs, "partner_register");
	*(void **) &their_unregister = dlsym(theirs, "partner_unregister");
	*(void **) &their_area = dlsym(theirs, "partner_area");
	*(void **) &our_register = dlsym(ours, "rseq4j_register");
	*(void **) &our_unregister = dlsym(ours, "rseq4j_unregister");
	*(void **) &our_join = dlsym(ours, "rseq4j_join");
	*(void **) &our_cpu = dlsym(ours, "rseq4j_current_cpu");
	*(void **) &our_owner = dlsym(ours, "rseq4j_owner");
	*(void **) &our_limit = dlsym(ours, "rseq4j_limit");
	*(void **) &our_offset = dlsym(ours, "rseq4j_offset");
	*(void **) &our_add = dlsym(ours, "rseq4j_load_add_store_relaxed");
}

static struct area *our_area(void)
{
	return (struct area *) ((char *) __builtin_thread_pointer() + our_offset());
}

static int served(struct area *area)
{
	return *(volatile int32_t *) &area->cpu_id >= 0;
}

static int ask_us(void)
{
	int told = our_register();

	if (told == 0) {
		EXPECT(our_cpu() >= 0);
		ours_served++;
	} else {
		ours_refused++;
	}
	return told == 0;
}

/* The registration of the library's area counts, not the library's answer. */
static int ask_them(void)
{
	int told = their_register();

	if (told >= 0 && served(their_area())) {
		theirs_served++;
		return told == 0;
	}
	theirs_refused++;
	return 0;
}

static void let_them_go(int ours)
{
	their_unregister();
	/* An owner with a private count removes the registration for all. */
	if (ours && our_cpu() < 0)
		lost++;
}

static void use(int ours)
{
	for (int i = 0; i < ADDS; i++) {
		intptr_t status = our_add((intptr_t) cell, 1);

		if (status >= 0)
			__atomic_fetch_add(&added, 1, __ATOMIC_RELAXED);
		else
			EXPECT(!ours || RSEQ4J_CODE(status) == RSEQ4J_ABORTED);
	}
}

static void visit(int order)
{
	int ours = 0, theirs = 0, before;

	if (order & 1)
		ours = ask_us();
	if (!(order & 8))
		theirs = ask_them();
	if (!(order & 1) && !(order & 16))
		ours = ask_us();
	if (ours && served(their_area())) {
		EXPECT(our_area() == their_area());
		same++;
	}
	use(ours);
	EXPECT(!ours || our_cpu() >= 0);
	EXPECT(!theirs || served(their_area()));
	if (order & 2) {
		before = lost;
		if (theirs && !(order & 4))
			let_them_go(ours);
		use(ours && lost == before);
		if (ours)
			EXPECT(our_unregister() == 0);
	} else {
		if (ours)
			EXPECT(our_unregister() == 0);
		EXPECT(!theirs || served(their_area()));
		if (theirs && !(order & 4))
			let_them_go(0);
	}
	if (our_join() == 0)
		use(our_cpu() >= 0);
}

static void *thread(void *order)
{
	visit((int) (intptr_t) order);
	return NULL;
}

int main(int argc, char **argv)
{
	void *theirs = RTLD_DEFAULT, *ours = RTLD_DEFAULT;
	int later_ours = argc > 2 && !strcmp(argv[1], "later-ours");
	int later_theirs = argc > 2 && !strcmp(argv[1], "later-theirs");
	long sum = 0;

	if (later_ours) {
		/* The library has registered a thread before rseq4j is loaded. */
		*(void **) &their_register = dlsym(theirs, "partner_register");
		their_register();
		ours = dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL);
	} else if (later_theirs) {
		theirs = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
	}
	if (!theirs && later_theirs)
		printf("%s\n", dlerror());
	if (!ours && later_ours)
		printf("%s\n", dlerror());
	find(theirs, ours);
	cell = mmap(NULL, (size_t) our_limit() * (size_t) RSEQ4J_STRIDE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (intptr_t order = 0; order < THREADS; order++) {
		pthread_t one;

		EXPECT(pthread_create(&one, NULL, thread, (void *) order) == 0);
		EXPECT(pthread_join(one, NULL) == 0);
	}
	if (later_ours)
		use(0);
	else
		visit(4);
	for (int i = 0; i < our_limit(); i++)
		sum += *(intptr_t *) ((char *) cell + i * RSEQ4J_STRIDE);
	EXPECT(sum == added);
	printf("owner=%d ours=%d refused=%d theirs=%d refusals=%d same=%d lost=%d added=%ld faults=%d\n", our_owner(),
	       ours_served, ours_refused, theirs_served, theirs_refused, same, lost, added, faults);
	fflush(NULL);
	return faults;
}
