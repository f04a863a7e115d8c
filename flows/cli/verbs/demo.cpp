#include <memory>

#include "core/base/error.h"
#include "flows/cli/verb.h"
#include "flows/cosearch.h"
#include "flows/run_table.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

struct Options {
    fs::path out = "runs/demo";
    int threads = 0;
};

/// examples/shapes-mini.json of the repository that the program was built in, or below the current folder.
fs::path demoConfig() {
    const fs::path name = fs::path("examples") / "shapes-mini.json";
    std::error_code ignored;
    for (fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path(); folder.has_relative_path(); folder = folder.parent_path())
        if (fs::is_regular_file(folder / name, ignored)) return folder / name;
    if (fs::is_regular_file(name, ignored)) return name;
    throw base::InputError(name.string(), "", "is not there; run the demo from a clone of the repository");
}

int run(const Options& options, VerbContext& context) {
    CosearchStage stage;
    stage.config = readCosearchConfig(demoConfig());
    stage.out = options.out;
    stage.threads = options.threads;
    stage.resume = fs::exists(options.out);  // a demo that was stopped goes on; a finished one shows its table again
    context.log.info("demo: searching a network and its accelerator on generated pictures; about ten minutes on two idle cores");
    const base::Json result = cosearchStage(stage, context.log);
    context.print(result, runTable(options.out));
    return result.value("mismatches", 0) == 0 ? kDone : kCheckFailed;
}

}  // namespace

void register_demo(VerbRegistry& verbs) {
    verbs.add({"demo", "the main job on built-in data: search, emit, verify, synthesise, report", "dna demo", [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   app.add_option("--out", options->out, "run folder")->capture_default_str();
                   app.add_option("--threads", options->threads, "threads (0: all cores); the result is the same")->check(CLI::Range(0, 256));
                   return [options](VerbContext& context) { return run(*options, context); };
               }});
}

}  // namespace dna::flows
