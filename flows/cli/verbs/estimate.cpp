#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"
#include "flows/target_file.h"

namespace dna::flows {
namespace {

struct Options {
    EstimateStage stage;
    std::optional<std::filesystem::path> target;
};

double levelEnergy(const base::Json& layer, const char* name) {
    for (const base::Json& level : layer.at("levels"))
        if (level.at("name") == name) return level.at("energy_pj");
    return 0;
}

std::string plainText(const base::Json& json) {
    std::string text = fmt::format("{:<18} {:>10} {:>10} {:>6} {:>10} {:>9} {:>9} {:>9}\n", "layer", "MACs", "cycles",
                                   "util", "energy pJ", "dram", "gb", "mac");
    for (const base::Json& layer : json.at("layers"))
        text += fmt::format("{:<18} {:>10} {:>10} {:>5.0f}% {:>10.4g} {:>9.3g} {:>9.3g} {:>9.3g}\n",
                            layer.at("name").get<std::string>(), layer.at("macs").get<int64_t>(),
                            layer.at("latency_cycles").get<int64_t>(), 100 * layer.at("utilization").get<double>(),
                            layer.at("energy_pj").get<double>(), levelEnergy(layer, "dram"), levelEnergy(layer, "gb"),
                            levelEnergy(layer, "mac"));
    const base::Json& t = json.at("totals");
    text += fmt::format("\nlatency           {:.4g} ms ({} cycles at {:.4g} MHz)\n", t.at("latency_ms").get<double>(),
                        t.at("latency_cycles").get<int64_t>(), t.at("clock_mhz").get<double>());
    text += fmt::format("energy            {:.4g} mJ system, {:.4g} mJ chip (DRAM {}; memories {})\n",
                        t.at("energy_mj").at("system").get<double>(), t.at("energy_mj").at("chip").get<double>(),
                        json.at("dram").get<std::string>(), json.at("memory_source").get<std::string>());
    text += fmt::format("EDP               {:.4g} mJ ms system, {:.4g} chip\n",
                        t.at("edp_mj_ms").at("system").get<double>(), t.at("edp_mj_ms").at("chip").get<double>());
    text += fmt::format("area              {:.4g} um2:", t.at("area_um2").get<double>());
    for (const auto& [part, um2] : json.at("area").items()) text += fmt::format(" {} {:.3g}", part, um2.get<double>());
    return text + "\n";
}

}  // namespace

void register_estimate(VerbRegistry& verbs) {
    verbs.add({"estimate", "energy, latency and area of a network on a design, per layer and memory level",
               "dna estimate --network runs/demo/network.json --design runs/demo/design.json --mapping "
               "runs/demo/mapping.json",
               [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   app.add_option("--network", options->stage.network_json, "network.json")->required();
                   app.add_option("--design", options->stage.design_json, "design.json")->required();
                   app.add_option("--mapping", options->stage.mapping_json, "mapping.json (default: the best mapping)");
                   app.add_option("--target", options->target, "technology, clock, limits (dna.target)");
                   return [options](VerbContext& context) {
                       options->stage.target = readTargetFile(options->target);
                       const base::Json json = estimateStage(options->stage, context.log);
                       context.print(json, plainText(json));
                       return int(kDone);
                   };
               }});
}

}  // namespace dna::flows
