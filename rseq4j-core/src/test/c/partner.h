/*
 * What the test's libraries of other people have in common. Each does what one known library does, from what that
 * library documents and how it behaves, and answers the program's questions by these functions.
 */
#ifndef PARTNER_H
#define PARTNER_H

#include <stddef.h>

#include "area.h"

/* What partner_register() answers where the thread is served, but the library has taken no count. */
#define PARTNER_HOLDS_NOTHING 1

/* The thread registers as the library's users do; 0, PARTNER_HOLDS_NOTHING, or -1 when it was refused. */
int partner_register(void);
/* The thread lets go as the library's users do; 0, or -1 when it was refused. */
int partner_unregister(void);
/* The area that the library's sections of the calling thread use. */
struct area *partner_area(void);

#ifndef PARTNER_PROGRAM

/* Asks, and tells whether the library's sections are served. */
int partner_served(void)
{
	return partner_register() >= 0 && *(volatile int32_t *) &partner_area()->cpu_id >= 0;
}

#endif

#endif
