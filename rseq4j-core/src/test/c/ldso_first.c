/*
 * ldso_first: its libraries are linked with librseq4j.so, which therefore comes after the dynamic linker in the search
 * order, as in every program that refers to __rseq_offset, a symbol of the dynamic linker.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "start.h"

int linked_owner(void);
int linked_use(void);

int main(int argc, char **argv)
{
	int line = linked_use();

	(void) argc;
	(void) argv;
	printf("owner=%d line=%d\n", linked_owner(), line);
	fflush(NULL);
	return line != 0;
}
