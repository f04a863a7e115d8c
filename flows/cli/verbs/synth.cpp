#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/stages.h"

namespace dna::flows {
namespace {

std::string number(const base::Json& value, const char* unit) {
    return value.is_number() ? fmt::format("{:.4g} {}", value.get<double>(), unit) : std::string("-");
}

std::string plainText(const base::Json& ppa) {
    const base::Json &area = ppa.at("area_um2"), &timing = ppa.at("timing"), &power = ppa.at("power_mw"), &mac = ppa.at("area_per_mac");
    std::string text = fmt::format("platform          {} ({}), stage {}\n", ppa.at("platform").get<std::string>(),
                                   ppa.at("corner").get<std::string>(), ppa.at("stage").get<std::string>());
    text += fmt::format("area              {:.0f} um2 (logic {:.0f}, memory {:.0f}; model {})\n", area.at("synth").get<double>(),
                        area.at("logic").get<double>(), area.at("memory").get<double>(), number(area.at("model"), "um2"));
    if (mac.is_object()) {
        text += fmt::format("area per MAC      PE {}{:.0f} um2, all logic {:.0f} um2 ({} MACs)\n",
                            mac.contains("tree_um2") ? "with its share of adder trees " : "", mac.at("pe_um2").get<double>(),
                            mac.at("all_logic_um2").get<double>(), mac.at("macs").get<long>());
        if (mac.contains("anchors_um2"))
            for (const auto& [name, value] : mac.at("anchors_um2").items())
                text += fmt::format("                    anchor {}: {} um2\n", name, value.get<int>());
    }
    text += fmt::format("timing            worst slack {:.3f} ns at {:.3f} ns, fmax {:.1f} MHz, hold {:.3f} ns\n",
                        timing.at("wns_ns").get<double>(), timing.at("period_ns").get<double>(), timing.at("fmax_mhz").get<double>(),
                        timing.at("hold_slack_ns").get<double>());
    text += fmt::format("power             {:.2f} mW (PE {:.2f}, lanes {:.2f}, logic {:.2f}, clock {:.2f}, memory {:.2f}, leakage {:.3f})\n",
                        power.at("total").get<double>(), power.at("pe").get<double>(), power.at("lanes").get<double>(), power.at("logic").get<double>(),
                        power.at("clock").get<double>(), power.at("memory").get<double>(), power.at("leakage").get<double>());
    text += fmt::format("activity          {}; {}\n", ppa.at("activity").at("source").get<std::string>(),
                        ppa.at("activity").at("pe_operands").get<std::string>());
    text += fmt::format("energy (chip)     {} (model {})\n", number(ppa.at("energy_mj").at("measured"), "mJ"),
                        number(ppa.at("energy_mj").at("model"), "mJ"));
    text += fmt::format("EDP (chip)        {} (model {})\n", number(ppa.at("edp_mj_ms").at("measured"), "mJ ms"),
                        number(ppa.at("edp_mj_ms").at("model"), "mJ ms"));
    return text + fmt::format("memories          {}: {}\n", ppa.at("memory_source").get<std::string>(),
                              ppa.at("memory_note").get<std::string>());
}

}  // namespace

void register_synth(VerbRegistry& verbs) {
    verbs.add({"synth", "map the emitted Verilog to cells: area, timing, power, EDP beside the model's",
               "dna synth runs/demo --platform osu018", [](CLI::App& app) {
                   auto stage = std::make_shared<SynthStage>();
                   app.add_option("folder", stage->folder, "run folder or emitted folder")->required();
                   app.add_option("--platform", stage->platform, "cell library (dna list platforms)")->capture_default_str();
                   app.add_option("--pdk-root", stage->pdk_root, "folder of open PDK data (else $DNA_PDK_ROOT, ../shared/pdk)");
                   app.add_option("--clock-mhz", stage->clock_mhz, "target clock (default: the model's or the platform's)")->check(CLI::Range(1.0, 10000.0));
                   return [stage](VerbContext& context) {
                       const base::Json ppa = synthStage(*stage, context.log);
                       context.print(ppa, plainText(ppa));
                       return int(kDone);
                   };
               }});
}

}  // namespace dna::flows
