/*
 * The interface of the test's imitations of other libraries. Each imitates one known library, from its documentation
 * and its behaviour, and answers the program's questions by these functions.
 */
#ifndef PARTNER_H
#define PARTNER_H

#include <stddef.h>

#include "area.h"

/* The answer of partner_register() where the thread is served, but the library has taken no count. */
#define PARTNER_HOLDS_NOTHING 1

/* The thread registers as the library's users do; 0, PARTNER_HOLDS_NOTHING, or -1 when it was refused. */
int partner_register(void);
/* The thread unregisters as the library's users do; 0, or -1 when it was refused. */
int partner_unregister(void);
/* The area that the library's sections of the calling thread use. */
struct area *partner_area(void);

#ifndef PARTNER_PROGRAM

/* Requests a registration, and returns whether the library's sections are served. */
int partner_served(void)
{
	return partner_register() >= 0 && *(volatile int32_t *) &partner_area()->cpu_id >= 0;
}

#endif

#endif
