/* An area in thread-local memory that is allocated at a thread's first use, so its offset is not constant. */
#include "area.h"

__thread struct area __rseq_abi __attribute__((tls_model("global-dynamic"))) = { .cpu_id = (uint32_t) -1 };
/* More than the room that libc keeps for libraries that are loaded later. */
__thread char dynamic_area_room[1 << 16] __attribute__((tls_model("global-dynamic")));

void *dynamic_area_touch(void)
{
	dynamic_area_room[0] = 1;
	return &__rseq_abi;
}
