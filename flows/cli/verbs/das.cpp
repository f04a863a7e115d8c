#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"
#include "flows/target_file.h"

namespace dna::flows {
namespace {

struct Options {
    DasStage stage;
    std::optional<std::filesystem::path> target;
};

std::string plainText(const base::Json& json) {
    const base::Json& totals = json.at("best").at("totals");
    std::string text = fmt::format("evaluations       {} ({} layer mappings)\n", json.at("evaluations").get<int64_t>(),
                                   json.at("mapping_evaluations").get<int64_t>());
    text += fmt::format("design            {}\n", json.at("best").at("design").dump());
    text += fmt::format("latency           {:.4g} ms ({} cycles)\n", totals.at("latency_ms").get<double>(),
                        totals.at("latency_cycles").get<int64_t>());
    text +=
        fmt::format("energy            {:.4g} mJ system, {:.4g} mJ chip\n",
                    totals.at("energy_mj").at("system").get<double>(), totals.at("energy_mj").at("chip").get<double>());
    text += fmt::format("EDP               {:.4g} mJ ms system\n", totals.at("edp_mj_ms").at("system").get<double>());
    text += fmt::format("area              {:.4g} um2\n", totals.at("area_um2").get<double>());
    if (json.at("feasible").get<bool>()) return text;
    text += "no design of the space meets the limits; the nearest one:\n";
    for (const base::Json& v : json.at("violations")) text += "  " + v.get<std::string>() + "\n";
    return text;
}

}  // namespace

void register_das(VerbRegistry& verbs) {
    verbs.add({"das", "search the accelerator and the mapping of every layer for a fixed network",
               "dna das --network runs/demo/network.json --target examples/target.json --out runs/das",
               [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   app.add_option("--network", options->stage.network_json, "network.json")->required();
                   app.add_option("--target", options->target, "technology, clock, limits (dna.target)");
                   app.add_option("--out", options->stage.out, "gets design.json, mapping.json, cost.json, search.json")
                       ->required();
                   app.add_option("--algorithm", options->stage.algorithm, "see `dna list algorithms`")
                       ->capture_default_str();
                   app.add_option("--evaluations", options->stage.evaluations, "distinct designs priced")
                       ->check(CLI::Range(1, 100000000))
                       ->capture_default_str();
                   app.add_option("--seed", options->stage.seed, "of the random numbers")->capture_default_str();
                   return [options](VerbContext& context) {
                       options->stage.target = readTargetFile(options->target);
                       const base::Json json = dasStage(options->stage, context.log);
                       context.print(json, plainText(json));
                       return int(json.at("feasible").get<bool>() ? kDone : kCheckFailed);
                   };
               }});
}

}  // namespace dna::flows
