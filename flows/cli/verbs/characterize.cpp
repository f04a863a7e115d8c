#include "flows/characterize.h"

#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"

namespace dna::flows {
namespace {

struct Options {
    CharacterizeStage stage;
    std::filesystem::path out;
};

std::string plainText(const base::Json& technology) {
    std::string text;
    for (const auto& [key, value] : technology.at("logic").items()) text += fmt::format("{:<36} {:.6g}\n", key, value.get<double>());
    return text;
}

int run(const Options& options, VerbContext& context) {
    const base::Json technology = costmodel::toJson(characterize(options.stage, context.log));
    if (!options.out.empty()) base::writeJson(options.out, technology);
    context.print(technology, plainText(technology) + (options.out.empty() ? "" : "written to " + options.out.string() + "\n"));
    return kDone;
}

}  // namespace

void register_characterize(VerbRegistry& verbs) {
    verbs.add({"characterize", "measure the prices of a technology by synthesis and gate-level activity",
               "dna characterize --platform nangate45 --out nangate45.json", [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   app.add_option("--platform", options->stage.platform, "cell library (dna list platforms)")->capture_default_str();
                   app.add_option("--pdk-root", options->stage.pdk_root, "folder of open PDK data (else $DNA_PDK_ROOT, ../shared/pdk)");
                   app.add_option("--out", options->out, "technology file to write");
                   return [options](VerbContext& context) { return run(*options, context); };
               }});
}

}  // namespace dna::flows
