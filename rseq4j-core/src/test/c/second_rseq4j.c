/* A library that loads its own private librseq4j.so, from the folder "copy" next to it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "partner.h"

static void *second;

static void *find(const char *name)
{
	Dl_info here;
	char path[4096];

	if (!second && dladdr((void *) partner_register, &here)) {
		snprintf(path, sizeof path, "%.*s/copy/librseq4j.so",
			 (int) (strrchr(here.dli_fname, '/') - here.dli_fname), here.dli_fname);
		second = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	return second ? dlsym(second, name) : NULL;
}

__attribute__((constructor)) static void initialise(void)
{
	find("rseq4j_owner");
}

int partner_register(void)
{
	int (*function)(void);

	*(void **) &function = find("rseq4j_register");
	return function ? function() : -1;
}

int partner_unregister(void)
{
	int (*function)(void);

	*(void **) &function = find("rseq4j_unregister");
	return function ? function() : -1;
}

struct area *partner_area(void)
{
	static struct area none = { .cpu_id = (uint32_t) -1 };
	intptr_t (*offset)(void);

	*(void **) &offset = find("rseq4j_offset");
	return offset ? (struct area *) ((char *) __builtin_thread_pointer() + offset()) : &none;
}
