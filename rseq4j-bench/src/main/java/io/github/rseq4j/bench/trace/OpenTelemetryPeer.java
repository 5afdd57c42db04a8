package io.github.rseq4j.bench.trace;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.LogRecordProcessor;
import io.opentelemetry.sdk.logs.ReadWriteLogRecord;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.nio.file.Path;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * OpenTelemetry's SDK, whose data goes nowhere. Its events are log records with a name. Instead of to files, it passes
 * records through its batch processors, with their defaults, to exporters that only count them.
 */
final class OpenTelemetryPeer implements Peer {
    private static final AttributeKey<Long> A = AttributeKey.longKey("a");
    private static final AttributeKey<Long> B = AttributeKey.longKey("b");
    private static final AttributeKey<String> WORDS = AttributeKey.stringKey("text");
    private static final String SCOPE = "rseq4j";
    private static final long LIMIT_SECONDS = 10;

    private final AtomicLong exported = new AtomicLong();
    private final Nowhere nowhere = new Nowhere();
    private SdkTracerProvider spans = SdkTracerProvider.builder().build();
    private SdkLoggerProvider records = SdkLoggerProvider.builder().build();
    private Tracer tracer = spans.get(SCOPE);
    private Logger logger = records.get(SCOPE);

    /** Drops everything, and notes that there was something. */
    private static final class Nowhere implements SpanProcessor, LogRecordProcessor {
        private boolean isUsed;

        @Override
        public void onStart(Context parent, ReadWriteSpan span) {}

        @Override
        public boolean isStartRequired() {
            return false;
        }

        @Override
        public void onEnd(ReadableSpan span) {
            isUsed = true;
        }

        @Override
        public boolean isEndRequired() {
            return true;
        }

        @Override
        public void onEmit(Context context, ReadWriteLogRecord logRecord) {
            isUsed = true;
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode forceFlush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public void close() {}
    }

    /** Counts spans. */
    private final class SpanCount implements SpanExporter {
        @Override
        public CompletableResultCode export(Collection<SpanData> batch) {
            exported.addAndGet(batch.size());
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }

    /** Counts log records. */
    private final class RecordCount implements LogRecordExporter {
        @Override
        public CompletableResultCode export(Collection<LogRecordData> batch) {
            exported.addAndGet(batch.size());
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }

    @Override
    public String title() {
        return "OpenTelemetry's SDK, to nowhere";
    }

    @Override
    public void start(Path folder, boolean isToFiles) {
        spans = SdkTracerProvider.builder().addSpanProcessor(
                isToFiles ? BatchSpanProcessor.builder(new SpanCount()).build() : nowhere).build();
        records = SdkLoggerProvider.builder().addLogRecordProcessor(
                isToFiles ? BatchLogRecordProcessor.builder(new RecordCount()).build() : nowhere).build();
        tracer = spans.get(SCOPE);
        logger = records.get(SCOPE);
    }

    @Override
    public void longs(long a, long b) {
        logger.logRecordBuilder().setEventName("longs").setAttribute(A, a).setAttribute(B, b).emit();
    }

    @Override
    public void span(long id) {
        tracer.spanBuilder("span").setAttribute(A, id).startSpan().end();
    }

    @Override
    public void text(String text) {
        logger.logRecordBuilder().setEventName("text").setAttribute(WORDS, text).emit();
    }

    @Override
    public String consumer() {
        return "Batch";
    }

    @Override
    public void stop() {
        spans.shutdown().join(LIMIT_SECONDS, TimeUnit.SECONDS);
        records.shutdown().join(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (!nowhere.isUsed && exported.get() == 0) {
            throw new IllegalStateException("OpenTelemetry has recorded nothing");
        }
    }

    @Override
    public long arrived(Kind kind, long emitted) {
        return exported.get();
    }
}
