package io.github.rseq4j.demo.load;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.text.DateFormatSymbols;
import java.text.DecimalFormatSymbols;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.Currency;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;

/**
 * Real documents that every JDK can write: its modules, the history of time zones, and the names that languages,
 * countries, months and currencies have in some locales. They have texts of many scripts, numbers, and lists of
 * different lengths.
 */
final class JdkDocuments {
    private static final int EACH = 40;
    private static final List<String> LANGUAGES = List.of("en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "ru",
            "uk", "el", "tr", "ar", "he", "hi", "bn", "th", "vi", "ja", "ko", "zh", "fi", "hu");

    private final JsonMapper json = new JsonMapper();
    private final List<Document> documents = new ArrayList<>();

    /** Returns some hundred documents of 0.2 to some 20 KB. */
    static List<Document> all() {
        JdkDocuments made = new JdkDocuments();
        ModuleFinder.ofSystem().findAll().stream().map(ModuleReference::descriptor)
                .sorted().forEach(made::module);
        List<String> zones = new ArrayList<>(new TreeSet<>(ZoneId.getAvailableZoneIds()));
        for (int i = 0; i < zones.size(); i += Math.max(1, zones.size() / EACH)) {
            made.zone(zones.get(i));
        }
        LANGUAGES.forEach(made::language);
        return made.documents;
    }

    private void add(String name, Object value) {
        documents.add(new Document(name, json.writeValueAsBytes(value), true));
    }

    private void module(ModuleDescriptor module) {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("name", module.name());
        entries.put("version", module.rawVersion().orElse(""));
        entries.put("requires", module.requires().stream().sorted().map(each ->
                Map.of("module", each.name(), "modifiers", new TreeSet<>(each.modifiers()))).toList());
        entries.put("exports", module.exports().stream().sorted().map(each ->
                Map.of("package", each.source(), "targets", new TreeSet<>(each.targets()))).toList());
        entries.put("packages", new TreeSet<>(module.packages()));
        entries.put("uses", new TreeSet<>(module.uses()));
        entries.put("provides", module.provides().stream().sorted().map(each ->
                Map.of("service", each.service(), "with", each.providers())).toList());
        add("module " + module.name(), entries);
    }

    private void zone(String id) {
        ZoneRules rules = ZoneId.of(id).getRules();
        List<Map<String, Object>> transitions = new ArrayList<>();
        for (ZoneOffsetTransition each : rules.getTransitions()) {
            Map<String, Object> transition = new LinkedHashMap<>();
            transition.put("at", each.getInstant().toString());
            transition.put("epochSecond", each.toEpochSecond());
            transition.put("from", each.getOffsetBefore().getId());
            transition.put("hours", each.getOffsetAfter().getTotalSeconds() / 3600.0);
            transition.put("gap", each.isGap());
            transitions.add(transition);
        }
        add("zone " + id, Map.of("zone", id, "fixed", rules.isFixedOffset(), "transitions", transitions));
    }

    private void language(String language) {
        Locale locale = Locale.of(language);
        Map<String, String> languages = new TreeMap<>();
        LANGUAGES.forEach(each -> languages.put(each, Locale.of(each).getDisplayLanguage(locale)));
        Map<String, String> countries = new TreeMap<>();
        for (String each : Locale.getISOCountries()) {
            countries.put(each, Locale.of("", each).getDisplayCountry(locale));
        }
        Map<String, Object> currencies = new TreeMap<>();
        Currency.getAvailableCurrencies().stream().limit(EACH).forEach(each -> currencies.put(each.getCurrencyCode(),
                Map.of("name", each.getDisplayName(locale), "digits", each.getDefaultFractionDigits())));
        DateFormatSymbols dates = DateFormatSymbols.getInstance(locale);
        DecimalFormatSymbols numbers = DecimalFormatSymbols.getInstance(locale);
        add("locale " + language, Map.of("locale", language, "languages", languages, "countries", countries,
                "currencies", currencies, "months", dates.getMonths(), "weekdays", dates.getWeekdays(),
                "decimal", numbers.getDecimalSeparator(), "grouping", numbers.getGroupingSeparator()));
    }
}
