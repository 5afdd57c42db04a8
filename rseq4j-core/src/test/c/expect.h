/* The expectations of a program. It continues after a fault, and its exit status is the number of faults. */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>

static int faults;

static inline void expect(const char *file, int line, const char *what, int holds)
{
	if (!holds) {
		printf("%s:%d: not %s\n", file, line, what);
		faults++;
	}
}
#define EXPECT(holds) expect(__FILE__, __LINE__, #holds, holds)

static inline void expect_is(const char *file, int line, const char *what, long actual, long expected)
{
	if (actual != expected) {
		printf("%s:%d: %s is %ld, not %ld\n", file, line, what, actual, expected);
		faults++;
	}
}
#define EXPECT_IS(actual, expected) expect_is(__FILE__, __LINE__, #actual, actual, expected)

#endif
