#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/process.h"
#include "flows/report_charts.h"
#include "flows/report_html.h"
#include "flows/run_table.h"
#include "flows/stages.h"
#include "tests/flows/temporary_folder.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::flows;
namespace fs = std::filesystem;

namespace {

/// A run folder with every kind of file, small and made up.
void writeRun(const fs::path& run) {
    fs::create_directories(run / "synth" / "osu018");
    base::writeFileAtomic(run / "config.json", R"({"format": "dna.search_config", "version": 1, "name": "a <b> & c", "seed": 7, "space": "micro", "synth": {"platform": "osu018"}})");
    base::writeFileAtomic(run / "result.json", R"({"accuracy": {"float": 0.875, "int8": 0.87, "test_pictures": 2000}})");
    base::writeFileAtomic(run / "accuracy.json", R"({"float": {"pictures": 20, "accuracy": 0.8, "classes": ["cat <s>", "dog"], "class_accuracy": [0.9, 0.7], "confusion": [[9, 1], [3, 7]]},
      "int8": {"pictures": 20, "accuracy": 0.75, "classes": ["cat <s>", "dog"], "class_accuracy": [0.9, 0.6], "confusion": [[9, 1], [4, 6]]}})");
    base::writeFileAtomic(run / "design.json", R"({"format": "dna.design", "version": 1, "name": "d", "chunks": [{"rows": 8, "cols": 16, "input_words": 128, "weight_words": 512, "output_words": 256, "accumulator_bits": 24, "multiplier_bits": 16}]})");
    base::writeFileAtomic(run / "cost.json", R"({"technology": "osu018", "memory_source": "estimated", "dram": "lpddr4",
      "totals": {"latency_cycles": 1000, "clock_mhz": 100, "latency_ms": 0.01, "energy_mj": {"chip": 0.02, "system": 0.03}, "edp_mj_ms": {"chip": 0.0002, "system": 0.0003}, "area_um2": 5e6},
      "area": {"pe": 4e6, "input_buffer": 1e6},
      "layers": [{"name": "stem", "macs": 1000, "latency_cycles": 600, "utilization": 0.5, "energy_pj": 2e7, "levels": [{"name": "dram", "energy_pj": 1e7}, {"name": "gb", "energy_pj": 1e7}]},
                 {"name": "head", "macs": 500, "latency_cycles": 400, "utilization": 0.25, "energy_pj": 1e7, "levels": [{"name": "dram", "energy_pj": 4e6}, {"name": "gb", "energy_pj": 6e6}]}]})");
    base::writeFileAtomic(run / "verify.json", R"({"images": 4, "mismatches": 0, "totals": {"cycles_rtl": 1010}, "layers": [{"name": "stem", "cycles_rtl": 606, "cycles_model": 600, "utilization": 0.5, "utilization_of_roofline": 0.9, "bound": "compute"}]})");
    base::writeFileAtomic(run / "synth/osu018/ppa.json", R"({"platform": "osu018", "title": "t", "stage": "synthesis", "tools": {"yosys": "0.23"}, "area_um2": {"synth": 5.1e6, "logic": 4e6, "memory": 1.1e6},
      "clock": {"achieved_mhz": 100}, "timing": {"wns_ns": 1, "period_ns": 10, "fmax_mhz": 111}, "power_mw": {"pe": 1, "total": 2}, "latency_ms": 0.0101, "energy_mj": {"measured": 0.021}, "edp_mj_ms": {"measured": 0.00021},
      "memory_source": "estimated", "modules": []})");
    std::string lines;
    for (int i = 0; i < 50; ++i)
        lines += R"({"phase": "search", "iteration": )" + std::to_string(i) + R"(, "weight_accuracy": 0.1, "energy_pj": 1e7, "latency_cycles": 1000})" + "\n";
    base::writeFileAtomic(run / "search.jsonl", lines);
}

}  // namespace

TEST_CASE("report: numbers as people read them") {
    using report::numberText;
    CHECK(numberText(1234567, 9) == "1,234,567");
    CHECK(numberText(-1234.5) == "-1,234");
    CHECK(numberText(0.0076436) == "0.007644");
    CHECK(numberText(0.5) == "0.5000");
    CHECK(numberText(100) == "100");
    CHECK(numberText(0) == "0");
    CHECK(numberText(12.345678) == "12.35");
    CHECK(numberText(1.5e-7) == "1.5e-07");
    CHECK(numberText(std::nan("")) == "-");
    CHECK(report::changeText(200, 210) == "+5.0 %");
    CHECK(report::changeText(0, 1) == "-");
}

TEST_CASE("report: every section of a full run, self-contained and the same each time") {
    const TemporaryFolder folder;
    writeRun(folder.path);
    base::SilentLog log;
    reportStage(folder.path, log);
    const std::string html = base::readFile(folder.path / "report.html");
    for (const char* heading : {"Promised and measured", "The search", "Accuracy by class", "The accelerator", "Energy per layer and level", "Cycles predicted and measured",
                                "Synthesis on osu018", "How to repeat this run"})
        CHECK_MESSAGE(html.find(heading) != std::string::npos, heading);
    CHECK(html.find("a &lt;b&gt; &amp; c") != std::string::npos);
    CHECK(html.find("<b>") == std::string::npos);
    for (const char* outside : {"<link", "src=", "<script", "@import", "url(http"}) CHECK_MESSAGE(html.find(outside) == std::string::npos, outside);
    CHECK(std::count(html.begin(), html.end(), '<') == std::count(html.begin(), html.end(), '>'));
    for (const char* part : {"20 test pictures: float 80.0 %, integer 75.0 %", "Answers by class of the picture", "cat &lt;s&gt;", "60.0 %"})
        CHECK_MESSAGE(html.find(part) != std::string::npos, part);
    CHECK(html.find("dog") < html.find("60.0 %"));  // the worst class first
    reportStage(folder.path, log);
    CHECK(base::readFile(folder.path / "report.html") == html);
    const std::string table = runTable(folder.path);
    for (const char* part : {"87.50 %", "87.00 %", "1,010", "report.html"}) CHECK_MESSAGE(table.find(part) != std::string::npos, part);
}

TEST_CASE("report: an empty folder, a missing one and broken files are refused") {
    const TemporaryFolder folder;
    base::SilentLog log;
    CHECK_THROWS_AS(reportStage(folder.path, log), base::InputError);
    CHECK_THROWS_AS(reportStage(folder.path / "none", log), base::InputError);
    base::writeFileAtomic(folder.path / "cost.json", "{\"totals\": ");
    CHECK_THROWS_AS(reportStage(folder.path, log), base::InputError);
    CHECK_FALSE(fs::exists(folder.path / "report.html"));
    // Values of wrong types leave gaps, not crashes.
    base::writeFileAtomic(folder.path / "cost.json", R"({"totals": [1], "layers": [{"name": 3, "levels": {}}], "area": {"pe": "x"}})");
    base::writeFileAtomic(folder.path / "verify.json", R"({"layers": {"a": 1}, "totals": {"cycles_rtl": "many"}})");
    reportStage(folder.path, log);
    CHECK(fs::exists(folder.path / "report.html"));
}

TEST_CASE("report: charts survive strange data") {
    using namespace report;
    CHECK(lineChart({.title = "t"}, {}).empty());
    CHECK(lineChart({.title = "t"}, {{"a", {{0, 1}, {1, 1}}}}).find("<path") != std::string::npos);
    CHECK(lineChart({.title = "t", .log_y = true}, {{"a", {{0, 1}, {1, 1000}}}}).find("nan") == std::string::npos);
    CHECK(stackedBars({.title = "t"}, {"a"}, {{"row", {0}, ""}}).find("nan") == std::string::npos);
}

TEST_SUITE("browser") {
    TEST_CASE("report: a browser renders the page as wide as the window") {
        const std::string chromium = "chromium";
        if (base::findProgram(chromium).empty()) DNA_SKIP("chromium is not installed");
        const TemporaryFolder folder;
        writeRun(folder.path);
        base::SilentLog log;
        reportStage(folder.path, log);
        // A script of the test's own measures the page; the report itself has none.
        std::string html = base::readFile(folder.path / "report.html");
        html.replace(html.find("</body>"), 7,
                     "<script>const s=[...document.querySelectorAll('svg')];document.title='svgs '+s.length+' shown '+"
                     "s.filter(e=>e.getBoundingClientRect().height>20).length+' over '+(document.documentElement.scrollWidth-innerWidth)+"
                     "' tall '+(document.body.scrollHeight>1200);</script></body>");
        base::writeFileAtomic(folder.path / "probe.html", html);
        const std::vector<std::string> flags{chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                                             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1180,900",
                                             "--user-data-dir=" + (folder.path / "profile").string()};
        std::vector<std::string> dump = flags;
        dump.insert(dump.end(), {"--dump-dom", "file://" + (folder.path / "probe.html").string()});
        const base::ProcessResult dom = base::runProcess({.command = dump, .timeout_seconds = 50});
        if (!dom.ok() && dom.output.find("<html") == std::string::npos) DNA_SKIP("chromium does not start here");
        const std::string want = "<title>svgs ";
        const size_t title = dom.output.find(want);
        REQUIRE(title != std::string::npos);
        int svgs = 0, shown = 0, over = 0;
        char tall[8] = "";
        REQUIRE(std::sscanf(dom.output.c_str() + title + want.size(), "%d shown %d over %d tall %7[a-z]", &svgs, &shown, &over, tall) == 4);
        CHECK(svgs >= 5);
        CHECK(shown == svgs);
        CHECK(over <= 0);
        CHECK(std::string(tall) == "true");
    }
}
