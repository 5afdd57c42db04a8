package io.github.rseq4j.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;

/** The page of the demo in Chromium. */
final class Browser implements AutoCloseable {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final long PAUSE_MILLIS = 20;
    private static final long SETTLE_MILLIS = 500;
    private static final int HEIGHT = 1000;

    private final ChromeDriver driver;

    /**
     * Starts a browser with an empty profile, opens a page, and waits until its script has run.
     *
     * @param page the page
     * @param profile the folder of the profile
     */
    Browser(Path page, Path profile) throws IOException, InterruptedException {
        boolean isThere = Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
        String reason = "chromium or its driver is missing: install chromium and chromium-driver";
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), reason);
        assumeTrue(isThere, reason);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM.toString());
        options.addArguments("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--window-size=1400,1000", "--user-data-dir="
                + Files.createTempDirectory(profile, "profile"));
        driver = new ChromeDriver(new ChromeDriverService.Builder().usingDriverExecutable(new File(DRIVER.toString()))
                .build(), options);
        try {
            driver.manage().timeouts().pageLoadTimeout(LIMIT);
            driver.get(page.toUri().toString());
            long end = System.nanoTime() + LIMIT.toNanos();
            while (!"true".equals(js("return document.documentElement.dataset.ready"))) {
                assertTrue(System.nanoTime() < end, () -> "the page did not get there: "
                        + js("return document.getElementById('check').textContent"));
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (Throwable t) {
            System.err.println(errors());
            driver.quit();
            throw t;
        }
    }

    Object js(String script) {
        return Objects.requireNonNullElse(driver.executeScript(script), "null");
    }

    long number(String script) {
        return ((Number) js("return " + script)).longValue();
    }

    /** Makes the page as wide as a device, also one that is narrower than a window can be. */
    void resize(int width) throws InterruptedException {
        size(width, HEIGHT);
        // The page draws its curves anew.
        Thread.sleep(SETTLE_MILLIS);
    }

    private void size(int width, long height) {
        driver.executeCdpCommand("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height,
                "deviceScaleFactor", 1, "mobile", false));
    }

    /** Writes a picture of the whole page, for a person to look at. */
    void picture(Path file) throws IOException, InterruptedException {
        js("window.scrollTo(0, 0)");
        size((int) number("window.innerWidth"), number("document.documentElement.scrollHeight"));
        Thread.sleep(SETTLE_MILLIS);
        Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    }

    /** Returns what the console has: errors of scripts, refused requests. */
    private List<String> errors() {
        return driver.manage().logs().get("browser").getAll().stream()
                .map(LogEntry::toString).filter(line -> line.contains("SEVERE") || line.contains("WARNING")).toList();
    }

    @Override
    public void close() {
        List<String> errors = errors();
        driver.quit();
        assertEquals(List.of(), errors);
    }
}
