#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"

namespace dna::flows {
namespace {

std::string plainText(const base::Json& json) {
    std::string text = fmt::format("{:<18} {:>10} {:>10} {:>7} {:>6} {:>9} {:>9}\n", "layer", "RTL", "model", "diff",
                                   "util", "roofline", "of it");
    for (const base::Json& layer : json.at("layers")) {
        const double rtl = layer.at("cycles_rtl"), model = layer.at("cycles_model");
        text += fmt::format("{:<18} {:>10.0f} {:>10.0f} {:>6.2f}% {:>5.0f}% {:>8.0f}% {:>8.0f}%{}\n",
                            layer.at("name").get<std::string>(), rtl, model, 100 * (model - rtl) / rtl,
                            100 * layer.at("utilization").get<double>(), 100 * layer.at("roofline").get<double>(),
                            100 * layer.at("utilization_of_roofline").get<double>(),
                            layer.at("bound") == "bandwidth" ? "  bandwidth-bound" : "");
    }
    const base::Json& totals = json.at("totals");
    text += fmt::format("\ncycles            {} in RTL, {} by the model; median utilisation {:.0f} % of roofline\n",
                        totals.at("cycles_rtl").get<int64_t>(), totals.at("cycles_model").get<int64_t>(),
                        100 * totals.at("median_utilization_of_roofline").get<double>());
    text += fmt::format("pictures          {} ({} with random AXI stalls), {} mismatching bytes\n",
                        json.at("images").get<int>(), json.at("stalled_images").get<int>(),
                        json.at("mismatches").get<int64_t>());
    if (!json.at("first_mismatch").is_null()) text += "first mismatch    " + json.at("first_mismatch").dump() + "\n";
    return text;
}

}  // namespace

void register_verify(VerbRegistry& verbs) {
    verbs.add(
        {"verify", "run the emitted Verilog in Verilator: bit-exact or the first difference; cycles beside the model's",
         "dna verify runs/demo --images 16 --stalled 4", [](CLI::App& app) {
             auto stage = std::make_shared<VerifyStage>();
             app.add_option("folder", stage->folder, "run folder or emitted folder")->required();
             app.add_option("--program", stage->program,
                            "folder of dna compile: another network on this chip (default: the one it was emitted with)");
             app.add_option("--images", stage->images, "pictures")->check(CLI::Range(1, 10000))->capture_default_str();
             app.add_option("--stalled", stage->stalled_images, "of them with random AXI stalls")
                 ->check(CLI::Range(0, 10000))
                 ->capture_default_str();
             app.add_option("--stall", stage->stall_seed, "seed of the stalls")
                 ->check(CLI::Range(1u, 4294967295u))
                 ->capture_default_str();
             app.add_option("--data", stage->data, "pictures: a data set's folder or `shapes` (default: the run's)");
             app.add_option("--processes", stage->processes, "simulations side by side")
                 ->check(CLI::Range(1, 64))
                 ->capture_default_str();
             return [stage](VerbContext& context) {
                 const base::Json json = verifyStage(*stage, context.log);
                 context.print(json, plainText(json));
                 return int(json.at("mismatches").get<int64_t>() == 0 ? kDone : kCheckFailed);
             };
         }});
}

}  // namespace dna::flows
