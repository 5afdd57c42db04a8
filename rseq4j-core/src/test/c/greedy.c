/* A library that takes some of the room that glibc keeps in every thread for libraries that are loaded later. */
__thread char greedy_room[32] __attribute__((tls_model("initial-exec")));

int greedy(void)
{
	greedy_room[0] = 1;
	return greedy_room[0];
}
