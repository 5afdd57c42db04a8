/** The service: HTTP, JSON, a database and a lock, and the commands by which the demo reads its counts. */
package io.github.rseq4j.demo.service;
