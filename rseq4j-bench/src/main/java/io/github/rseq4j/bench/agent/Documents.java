package io.github.rseq4j.bench.agent;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.ObjectMapper;

/** A program that writes and reads documents by Jackson, while an agent, or a peer in it, traces Jackson's methods. */
public final class Documents {
    private static final int ORDERS = 20;
    private static final double NANOS_A_MICRO = 1e3;

    private Documents() {}

    /**
     * An item of an order.
     *
     * @param name its name
     * @param count the number of pieces
     * @param price the price of one
     */
    public record Item(String name, int count, double price) {}

    /**
     * An order.
     *
     * @param id its number
     * @param customer the customer's name
     * @param items its items
     * @param notes texts by their names
     */
    public record Order(long id, String customer, List<Item> items, Map<String, String> notes) {}

    /**
     * The document.
     *
     * @param orders orders
     */
    public record Book(List<Order> orders) {}

    /**
     * Prints the name {@code document}, and the microseconds of a thread's CPU time to write and read one.
     *
     * @param arguments the number of threads, the milliseconds of a slice, a folder, and {@code timing} for JFR's
     *     method timing of all classes of Jackson, or any other word
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        int threads = Integer.parseInt(arguments[0]);
        long millis = Long.parseLong(arguments[1]);
        ObjectMapper mapper = new ObjectMapper();
        Book book = book();
        List<String> classes = arguments[3].equals("timing") ? classes() : List.of();
        try (Peers _ = Peers.start(arguments[3], classes, Path.of(arguments[2]))) {
            double nanos = Loops.nanos(_ -> {
                Book read = mapper.readValue(mapper.writeValueAsBytes(book), Book.class);
                if (!read.equals(book)) {
                    throw new IllegalStateException("a document changed: " + read);
                }
                return read.orders().size();
            }, threads, millis);
            System.out.println("document " + nanos / NANOS_A_MICRO);
        }
    }

    private static Book book() {
        List<Order> orders = new ArrayList<>();
        for (int i = 0; i < ORDERS; i++) {
            List<Item> items = new ArrayList<>();
            for (int j = 0; j <= i % 4; j++) {
                items.add(new Item("item \u00e9 " + i * j, j + 1, i * 0.25));
            }
            orders.add(new Order(i * 1_000_003L, "customer " + i, items, Map.of("to", "street " + i)));
        }
        return new Book(orders);
    }

    /** Returns the classes of the jars of Jackson. */
    private static List<String> classes() throws IOException, URISyntaxException {
        List<String> all = new ArrayList<>();
        for (Class<?> type : List.of(JsonParser.class, ObjectMapper.class)) {
            Path jar = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
            try (JarFile file = new JarFile(jar.toFile())) {
                // The benchmarks' jar has both, so each is asked for its own package.
                String prefix = type.getPackageName().replace('.', '/') + "/";
                file.stream().map(entry -> entry.getName())
                        .filter(name -> name.startsWith(prefix) && name.endsWith(".class"))
                        .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                        .forEach(all::add);
            }
        }
        return all;
    }
}
