/* A library that knows only glibc's three symbols: it uses the area that they name, and does not register. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the CPU in the area; -100 when no symbol names an area, -101 when the thread is not registered. */
int three_symbols_cpu(void)
{
	ptrdiff_t *offset = dlsym(RTLD_DEFAULT, "__rseq_offset");
	unsigned int *size = dlsym(RTLD_DEFAULT, "__rseq_size");
	unsigned int *flags = dlsym(RTLD_DEFAULT, "__rseq_flags");

	if (!offset || !size || !flags)
		return -100;
	if (*size == 0)
		return -101;
	return *(volatile int32_t *) ((char *) __builtin_thread_pointer() + *offset + 4);
}
