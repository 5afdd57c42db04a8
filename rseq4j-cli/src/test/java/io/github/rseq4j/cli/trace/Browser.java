package io.github.rseq4j.cli.trace;

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
import java.util.function.BooleanSupplier;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.interactions.WheelInput;
import org.openqa.selenium.logging.LogEntry;

/** A page in Chromium. */
final class Browser implements AutoCloseable {
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final long SECONDS = 120;
    private static final long PAUSE_MILLIS = 20;

    private final ChromeDriver driver;

    /**
     * Starts a browser with an empty profile, and opens a page.
     *
     * @param page the page
     * @param profile the folder of the profile
     */
    Browser(Path page, Path profile) throws IOException {
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
            driver.manage().timeouts().pageLoadTimeout(Duration.ofSeconds(SECONDS));
            driver.get(page.toUri().toString());
            await(() -> "true".equals(js("return document.documentElement.dataset.ready")));
            settle();
        } catch (Throwable t) {
            driver.quit();
            throw t;
        }
    }

    /** Waits until a condition holds; the test's own limit of time ends it. */
    void await(BooleanSupplier condition) {
        long end = System.nanoTime() + SECONDS * 1_000_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("the page did not get there: " + driver.findElement(By.tagName("body"))
                        .getText().lines().limit(30).toList() + errors());
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** Waits until the page has drawn all changes. */
    void settle() {
        driver.executeAsyncScript("const done = arguments[0];"
                + "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(1), 0)));");
    }

    Object js(String script) {
        return Objects.requireNonNullElse(driver.executeScript(script), "null");
    }

    double number(String script) {
        return ((Number) js("return " + script)).doubleValue();
    }

    String text(String id) {
        return driver.findElement(By.id(id)).getText();
    }

    WebElement find(String css) {
        return driver.findElement(By.cssSelector(css));
    }

    List<WebElement> all(String css) {
        return driver.findElements(By.cssSelector(css));
    }

    void click(String css) {
        WebElement element = find(css);
        driver.executeScript("arguments[0].scrollIntoView({block: 'center'})", element);
        element.click();
        settle();
    }

    void tab(String id) {
        click("#tab-" + id);
    }

    /** Presses keys, wherever the focus is. */
    void keys(CharSequence... keys) {
        new Actions(driver).sendKeys(keys).perform();
        settle();
    }

    void type(String id, String text) {
        find("#" + id).sendKeys(text, Keys.ENTER);
        settle();
    }

    /** Moves the pointer to the middle of a mark in the chart. */
    private Actions at(String mark) {
        js("window.scrollTo(0, 0)");
        settle();
        WebElement chart = find("#chart");
        Map<?, ?> box = (Map<?, ?>) js("return report.chart.boxOf(" + mark + ")");
        double x = ((Number) Objects.requireNonNull(box.get("x"))).doubleValue()
                + ((Number) Objects.requireNonNull(box.get("width"))).doubleValue() / 2;
        double y = ((Number) Objects.requireNonNull(box.get("y"))).doubleValue() + 9.5;
        return new Actions(driver).moveToElement(chart, (int) Math.round(x - chart.getSize().width / 2.0),
                (int) Math.round(y - chart.getSize().height / 2.0));
    }

    void hoverMark(String mark) {
        at(mark).perform();
        settle();
    }

    void clickMark(String mark) {
        at(mark).click().perform();
        settle();
    }

    /** Drags over the chart, from one part of its width to another. */
    void drag(double from, double to) {
        WebElement chart = find("#chart");
        int width = chart.getSize().width;
        new Actions(driver).moveToElement(chart, (int) (width * (from - 0.5)), 0).clickAndHold()
                .moveByOffset((int) (width * (to - from)), 0).release().perform();
        settle();
    }

    void wheel(int by, boolean isWithControl) {
        Actions actions = new Actions(driver);
        if (isWithControl) {
            actions.keyDown(Keys.CONTROL);
        }
        actions.scrollFromOrigin(WheelInput.ScrollOrigin.fromElement(find("#chart")), 0, by);
        if (isWithControl) {
            actions.keyUp(Keys.CONTROL);
        }
        actions.perform();
        settle();
    }

    void resize(int width, int height) {
        driver.manage().window().setSize(new Dimension(width, height));
        settle();
    }

    /** Chooses an entry of a list by its text. */
    void choose(String id, String text) {
        find("#" + id).findElements(By.tagName("option")).stream().filter(each -> each.getText().equals(text))
                .findFirst().orElseThrow().click();
        settle();
    }

    /** Returns what the console has: errors of scripts, refused requests. */
    List<String> errors() {
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
