/*
 * A preloaded library that changes the auxiliary vector to that of Linux 7.0 and later: the kernel maintains 33 bytes
 * of an area whose alignment is 64.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN 28

unsigned long getauxval(unsigned long type)
{
	unsigned long (*real)(unsigned long);

	if (type == AT_RSEQ_FEATURE_SIZE)
		return 33;
	if (type == AT_RSEQ_ALIGN)
		return 64;
	*(void **) &real = dlsym(RTLD_NEXT, "getauxval");
	return real(type);
}
