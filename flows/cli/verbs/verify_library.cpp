#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "flows/cli/verb.h"
#include "flows/library_gates.h"
#include "flows/work_folder.h"
#include "rtlgen/chip.h"
#include "verif/fuzz.h"
#include "verif/library/stage.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

struct Options {
    verif::LibraryOptions library;
    std::optional<fs::path> files, out, work;
};

/// The built-in library with the files of a folder in their places.
std::map<std::string, std::string> libraryOf(const std::optional<fs::path>& folder) {
    std::map<std::string, std::string> library = rtlgen::libraryFiles();
    if (!folder) return library;
    std::vector<base::Problem> problems;
    for (const auto& [file, text] : verif::readLibrary(*folder)) {
        if (library.count(file) == 0) problems.push_back({file, "", "the library has no such file"});
        library[file] = text;
    }
    if (!problems.empty()) throw base::InputError(problems);
    return library;
}

int verifyLibrary(Options& options, VerbContext& context) {
    const WorkFolder work("dna-verify-library", options.work);
    options.library.work = work.folder();
    options.library.files = libraryOf(options.files);
    verif::StageRegistry stages = verif::builtinStages();
    stages.add(gatesStage());
    const verif::LibraryResult result = verif::verifyLibrary(options.library, stages, context.log);
    const base::Json json = verif::toJson(result);
    if (options.out) base::writeJson(*options.out, json);
    context.print(json, verif::plainText(result));
    if (result.failed() > 0) return kCheckFailed;
    const bool nothing = std::all_of(result.stages.begin(), result.stages.end(), [](const verif::StageResult& stage) {
        return stage.skipped() == int64_t(stage.checks.size());
    });
    return nothing ? kToolFailed : kDone;
}

}  // namespace

void register_verify_library(VerbRegistry& verbs) {
    verbs.add({"verify-library",
               "the Verilog library itself: unit benches, proofs, netlists, X, coverage, mutants, lint",
               "dna verify-library --full", [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   app.add_flag("--full", options->library.full, "everything; without it a minute's choice");
                   app.add_option("--only", options->library.only, "stages, e.g. unit,formal")->delimiter(',');
                   app.add_option("--seed", options->library.seed, "seed")->capture_default_str();
                   app.add_option("--library", options->files, "folder of Verilog files that replace the library's")
                       ->check(CLI::ExistingDirectory);
                   app.add_option("--work", options->work, "folder of scratch files (default: a temporary one)");
                   app.add_option("--out", options->out, "result, JSON");
                   app.add_option("--threads", options->library.threads, "checks at a time")
                       ->check(CLI::Range(1, 256))
                       ->capture_default_str();
                   return [options](VerbContext& context) { return verifyLibrary(*options, context); };
               }});
}

}  // namespace dna::flows
