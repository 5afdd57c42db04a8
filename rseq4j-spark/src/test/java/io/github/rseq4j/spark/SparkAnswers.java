package io.github.rseq4j.spark;

import java.io.IOException;
import java.util.Arrays;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Runs queries over a tree of Parquet files by Spark, in a JVM of its own. */
final class SparkAnswers {
    /** Precedes each row of an answer, because Spark logs too. */
    static final String ROW = "row ";

    private SparkAnswers() {}

    /** Runs the queries that follow the folder of the tree. Each row is one text. */
    public static void main(String[] arguments) throws IOException {
        try (SparkSession spark = SparkSession.builder().master("local[1]").config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "UTC")
                .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
                // A host's name may consist of digits.
                .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false").getOrCreate()) {
            for (String table : FleetTest.TABLES) {
                spark.read().parquet(arguments[0] + "/" + table).createOrReplaceTempView(table);
            }
            for (String query : Arrays.asList(arguments).subList(1, arguments.length)) {
                for (Row row : spark.sql(query).collectAsList()) {
                    System.out.println(ROW + row.getString(0));
                }
            }
        }
    }
}
