#include "flows/run_counters.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"

namespace dna::flows {
namespace {

/// A number below nested keys; 0 when it is not there.
double numberAt(const base::Json& json, std::initializer_list<const char*> keys) {
    const base::Json* at = &json;
    for (const char* key : keys) {
        if (!at->is_object() || !at->contains(key)) return 0;
        at = &at->at(key);
    }
    return at->is_number() ? at->get<double>() : 0;
}

/// Adds the access counters of one layer: {"input_reads": n, "input_writes": n, ..., "macs": n}.
void addAccesses(const base::Json& accesses, RunCounters& counters) {
    for (const char* buffer : {"input", "weight", "output", "residual", "psum"}) {
        counters.buffers[buffer].reads += numberAt(accesses, {(std::string(buffer) + "_reads").c_str()});
        counters.buffers[buffer].writes += numberAt(accesses, {(std::string(buffer) + "_writes").c_str()});
    }
    counters.macs += numberAt(accesses, {"macs"});
}

}  // namespace

std::optional<RunCounters> readRunCounters(const std::filesystem::path& run) {
    const std::filesystem::path file = run / "verify.json";
    if (!std::filesystem::exists(file)) return std::nullopt;
    base::JsonDocument document = base::JsonDocument::read(file, "verify");
    RunCounters counters;
    counters.cycles = numberAt(document.json(), {"totals", "cycles_rtl"});
    const base::Json& layers = document.root().raw("layers");
    if (layers.is_array())
        for (const base::Json& layer : layers)
            if (layer.is_object() && layer.contains("accesses_rtl")) {
                if (!layer.contains("values"))
                    throw base::InputError(file.string(), "/layers", "does not say how many values pass the lanes: run dna verify again");
                counters.values += numberAt(layer, {"values"});
                addAccesses(layer.at("accesses_rtl"), counters);
            }
    if (counters.cycles <= 0) throw base::InputError(file.string(), "/totals/cycles_rtl", "expected a positive number");
    return counters;
}

std::optional<ModelFigures> readModelFigures(const std::filesystem::path& run) {
    const std::filesystem::path file = run / "cost.json";
    if (!std::filesystem::exists(file)) return std::nullopt;
    const base::JsonDocument document = base::JsonDocument::read(file, "cost");
    const base::Json& json = document.json();
    ModelFigures model;
    if (json.contains("technology") && json.at("technology").is_string()) model.technology = json.at("technology");
    model.clock_mhz = numberAt(json, {"totals", "clock_mhz"});
    model.latency_ms = numberAt(json, {"totals", "latency_ms"});
    model.energy_mj = numberAt(json, {"totals", "energy_mj", "chip"});
    model.edp_mj_ms = numberAt(json, {"totals", "edp_mj_ms", "chip"});
    model.area_um2 = numberAt(json, {"totals", "area_um2"});
    return model;
}

}  // namespace dna::flows
