/* A library with the word in which tcmalloc keeps its cache; cpu_id_start of the shared area is half of that word. */
__thread unsigned long tcmalloc_slabs __attribute__((weak, tls_model("initial-exec")));
