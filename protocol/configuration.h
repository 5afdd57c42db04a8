/* The default configuration of registration.pml; `check` defines the differences. */

#define LIBC_DOES_NOTHING   0
#define LIBC_INCREMENTS     1
#define LIBC_SETS_TO_ONE    2
#define LIBC_DOES_NOT_COUNT 3             /* glibc >= 2.35: registers, and has no count */
#ifndef LIBC
#define LIBC LIBC_DOES_NOTHING
#endif

#define TLS_OUTLIVES_THREAD 0             /* glibc: the registration ends with the thread */
#define TLS_IS_RECLAIMED    1             /* musl, detached: unmapped first, then the thread exits */
#ifndef TLS
#define TLS TLS_OUTLIVES_THREAD
#endif

#define NO_OUTSIDER                0
#define OUTSIDER_COUNTS            1      /* blocks signals; drops its count in a destructor */
#define OUTSIDER_LOADS_ADDS_STORES 2
#define OUTSIDER_ADDS_ATOMICALLY   3
#define OUTSIDER_STAYS             4      /* registers the shared area without a count, and never unregisters */
#define OUTSIDER_LEAVES            5      /* the same, and unregisters in a destructor */
#define OUTSIDER_IS_ELSEWHERE      6      /* registers an area of its own */
#ifndef OUTSIDER
#define OUTSIDER NO_OUTSIDER
#endif
#ifndef OUTSIDER_COMES_AGAIN
#define OUTSIDER_COMES_AGAIN 0            /* registers even after its destructor has run */
#endif

#define TOMBSTONE_FIRST        0
#define TOMBSTONE_THEN_SIGNALS 1          /* handlers may run between tombstone and count */
#define TOMBSTONE_LAST         2          /* handlers may run between count and tombstone */
#define NO_TOMBSTONE           3
#ifndef LEAVE
#define LEAVE TOMBSTONE_FIRST
#endif
#ifndef LEAVE_GIVES_ALL_BACK
#define LEAVE_GIVES_ALL_BACK 0            /* rseq4j_leave also drops the counts of rseq4j_register */
#endif
#ifndef SIGNALS_ARE_BLOCKED
#define SIGNALS_ARE_BLOCKED true          /* around check, count and call */
#endif

#define NO    0
#define YES   1
#define MAYBE 2
#ifndef JOINS_AT_START
#define JOINS_AT_START MAYBE              /* the preloaded image: rseq4j_join before the start routine */
#endif
#ifndef DESTRUCTORS_ARMED
#define DESTRUCTORS_ARMED (TLS == TLS_IS_RECLAIMED)   /* the number of keys whose destructor is rseq4j_leave */
#endif
#ifndef UNARMED_IS_REFUSED
#define UNARMED_IS_REFUSED 1              /* by rseq4j_join, where TLS is reclaimed */
#endif
#ifndef DESTRUCTORS_ASK
#define DESTRUCTORS_ASK 1                 /* destructors may also use sections and take counts */
#endif
#ifndef SIGNALS_BLOCKED_AT_CREATION
#define SIGNALS_BLOCKED_AT_CREATION false /* until libc_start is done */
#endif
#ifndef HANDLERS_KEEP
#define HANDLERS_KEEP 0                   /* a handler keeps its count, and another drops it */
#endif
#ifndef OURS_IS_DORMANT
#define OURS_IS_DORMANT 0                 /* rseq4j owns glibc's area, not __rseq_abi, which others share */
#endif
#ifndef REGISTERS_FOR_OWNER
#define REGISTERS_FOR_OWNER 0             /* rseq4j_join registers the area of an owner that does not count */
#endif
#ifndef AREA_IS_COUNTED
#define AREA_IS_COUNTED 1                 /* 0: owner FOREIGN, without a count */
#endif
#ifndef IS_FULL
#define IS_FULL 0                         /* 1: rseq4j registers more than 32 bytes, where the kernel maintains them */
#endif
#ifndef TRIES_EITHER_LENGTH
#define TRIES_EITHER_LENGTH 1             /* after EINVAL for the full length, tries the original one */
#endif
#ifndef HANDS_OVER
#define HANDS_OVER 1                      /* the registration to the other holders, with the original length */
#endif
#ifndef UINT_MAX
#define UINT_MAX 15
#endif
#ifndef OVERFLOW_IS_REFUSED
#define OVERFLOW_IS_REFUSED 1
#endif
#ifndef UNDERFLOW_IS_REFUSED
#define UNDERFLOW_IS_REFUSED 1
#endif
#ifndef COUNT_ON_EBUSY
#define COUNT_ON_EBUSY 2
#endif
#ifndef EINVAL_IS_PASSED_ON
#define EINVAL_IS_PASSED_ON 1
#endif
