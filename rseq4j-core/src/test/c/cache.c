/* A library that has what tcmalloc keeps its cache in, half of which is cpu_id_start of the area that it shares. */
__thread unsigned long tcmalloc_slabs __attribute__((weak, tls_model("initial-exec")));
