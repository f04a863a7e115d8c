#include <fmt/format.h>

#include <memory>

#include "core/base/error.h"
#include "flows/accuracy.h"
#include "flows/cli/verb.h"
#include "flows/cosearch.h"
#include "flows/data_source.h"

namespace dna::flows {
namespace {

struct Arguments {
    std::filesystem::path config, out;
    std::vector<double> lambdas;
    std::string mode, until;
    DataArguments data;
    std::optional<uint64_t> seed;
    int threads = 0;
    long stop_after = 0;
    bool resume = false, allow_drift = false;
};

CosearchStage stageOf(const Arguments& arguments) {
    CosearchStage stage;
    stage.config = readCosearchConfig(arguments.config);
    data::Source& source = stage.config.source;
    if (arguments.data.given()) {
        const data::Source given = data::sourceOf(arguments.data.data);
        if (given.name != source.name) source = given;
        source.folder = given.folder;
    } else if (!source.folder.empty() && !std::filesystem::is_directory(source.folder)) {
        data::sourceOf(source.folder.string());  // says what is wanted
    }
    arguments.data.apply(source);
    if (arguments.seed) stage.config.seed = *arguments.seed;
    if (arguments.lambdas.size() == 1) stage.config.search.lambda = arguments.lambdas.front();
    stage.out = arguments.out;
    if (!arguments.mode.empty()) stage.config.mode = arguments.mode;
    stage.resume = arguments.resume;
    stage.allow_drift = arguments.allow_drift;
    stage.threads = arguments.threads;
    stage.until = arguments.until;
    stage.stop_after = arguments.stop_after;
    return stage;
}

std::string summary(const base::Json& result, const std::filesystem::path& out) {
    std::string text;
    if (result.contains("accuracy"))
        text += fmt::format("accuracy float {:.2f} %, {} {:.2f} %; ",
                            100 * result.at("accuracy").at("float").get<double>(), widthsText(result.at("accuracy")),
                            100 * result.at("accuracy").at("quantized").get<double>());
    if (result.contains("stopped_by")) text += "stopped as asked, continue with --resume; ";
    return text + "everything is in " + out.string();
}

/// 1 when a limit is violated or the Verilog and the network differ.
int exitCode(const base::Json& result) {
    if (result.contains("runs")) {
        for (const base::Json& run : result.at("runs"))
            if (exitCode(run.at("result")) != kDone) return kCheckFailed;
        return kDone;
    }
    const bool feasible = result.value("feasible", true), equal = result.value("mismatches", 0) == 0;
    return feasible && equal ? kDone : kCheckFailed;
}

int run(const Arguments& arguments, VerbContext& context) {
    const CosearchStage stage = stageOf(arguments);
    const base::Json result = arguments.lambdas.size() > 1 ? cosearchFront(stage, arguments.lambdas, context.log)
                                                           : cosearchStage(stage, context.log);
    context.print(result, summary(result, arguments.out));
    return exitCode(result);
}

}  // namespace

void register_cosearch(VerbRegistry& verbs) {
    verbs.add({.name = "cosearch",
               .summary = "search a network and its accelerator together, then emit, verify and synthesise",
               .example = "dna cosearch --config examples/shapes-mini.json --out RUN\n"
                          "  dna cosearch --config examples/micro.json --lambda 0.01,0.1,1 --mode hardware_first --out FRONT\n"
                          "  dna cosearch --config examples/fbnet-imagenet.json --data FOLDER --stop-after-iterations 10 --out TRY",
               .declare = [](CLI::App& app) {
                   auto arguments = std::make_shared<Arguments>();
                   app.add_option("--config", arguments->config, "what to search (dna.search_config)")->required();
                   app.add_option("--out", arguments->out, "run folder to make")->required();
                   app.add_option("--lambda", arguments->lambdas,
                                  "weight of the hardware term; several give one run each and a front.json")
                       ->delimiter(',')
                       ->check(CLI::Range(0.0, 1e6));
                   app.add_option("--mode", arguments->mode, "joint (default), or one side first")
                       ->check(CLI::IsMember({"joint", "network_first", "hardware_first"}));
                   arguments->data.declare(app, "pictures instead of the configuration's", false);
                   app.add_option("--seed", arguments->seed, "seed instead of the configuration's");
                   app.add_option("--threads", arguments->threads, "threads (0: all cores); the result is the same")
                       ->check(CLI::Range(0, 256));
                   app.add_option("--until", arguments->until, "stop after this phase")
                       ->check(CLI::IsMember(
                           {"search", "training", "quantization", "das", "emission", "verification", "synthesis"}));
                   app.add_option("--stop-after-iterations", arguments->stop_after,
                                  "stop with a checkpoint after so many training steps of this call, and say how long "
                                  "all of them would take (0: no bound)")
                       ->check(CLI::Range(0L, 1000000000L));
                   app.add_flag("--resume", arguments->resume, "continue a stopped run");
                   app.add_flag("--allow-drift", arguments->allow_drift,
                                "continue although this machine's kernels round differently");
                   return [arguments](VerbContext& context) { return run(*arguments, context); };
               }});
}

}  // namespace dna::flows
