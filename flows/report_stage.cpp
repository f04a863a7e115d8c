#include <map>
#include <string_view>

#include "core/base/file.h"
#include "flows/report_html.h"
#include "flows/report_sections.h"
#include "flows/stages.h"

namespace dna::flows {

/// Generated: the files of flows/platforms and flows/report.
const std::map<std::string, std::string_view>& resources();

base::Json reportStage(const std::filesystem::path& run, base::Log& log) {
    const report::RunData data = report::readRunData(run);
    std::string body = report::headSection(data) + report::promiseSection(data) + report::searchSection(data) + report::accuracySection(data) +
                       report::acceleratorSection(data) + report::layerSection(data) + report::networkSection(data) +
                       report::synthesisSection(data) + report::repeatSection(data);
    body += "<footer>Written by dna " DNA_VERSION ". Energies: cell area and Liberty data before placement, without wires and glitches; "
            "DRAM energy is modelled. Every figure names its stage.</footer>\n";
    const std::string name = report::text(data.config, {"name"});
    const std::string style(resources().at("report/style.css"));
    base::writeFileAtomic(run / "report.html", report::page("DNA report" + (name.empty() ? "" : ": " + name), style, body));
    log.info("report: " + (run / "report.html").string());
    base::Json json = base::makeDocument("report");
    json["report"] = (run / "report.html").string();
    return json;
}

}  // namespace dna::flows
