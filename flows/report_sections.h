#pragma once

#include <string>

#include "flows/report_data.h"

namespace dna::flows::report {

/// The sections of a report as HTML, in the order of the page; empty when the run has nothing for them.
std::string headSection(const RunData& run);
std::string promiseSection(const RunData& run);
std::string searchSection(const RunData& run);
std::string acceleratorSection(const RunData& run);
std::string accuracySection(const RunData& run);
std::string layerSection(const RunData& run);
std::string networkSection(const RunData& run);
std::string synthesisSection(const RunData& run);
std::string repeatSection(const RunData& run);

}  // namespace dna::flows::report
