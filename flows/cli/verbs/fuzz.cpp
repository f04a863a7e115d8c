#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>

#include "core/base/file.h"
#include "flows/cli/verb.h"
#include "flows/work_folder.h"
#include "verif/fuzz.h"

namespace dna::flows {
namespace {

namespace fs = std::filesystem;

struct Options {
    verif::FuzzOptions fuzz;
    std::optional<fs::path> replay, shrunk, out, library, work;
};

base::Json toJson(const verif::FuzzResult& result) {
    base::Json json = base::makeDocument("fuzz");
    json["cases"] = result.cases;
    json["interrupted"] = result.interrupted;
    json["designs"] = result.designs;
    json["mismatches"] = result.mismatches;
    json["writes_outside"] = result.writes_outside;
    json["cycle_differences"] = result.cycle_differences;
    json["access_differences"] = result.access_differences;
    json["stopped"] = result.stopped;
    json["cycles"] = result.cycles;
    json["failing"] = base::Json::array();
    json["first_differences"] = base::Json::array();
    for (const verif::FailingCase& failing : result.failing) {
        json["failing"].push_back(failing.file.string());
        json["first_differences"].push_back(failing.verdict.first);
    }
    json["pairs"] = result.pairs.toJson();
    return json;
}

std::string lastLine(const verif::FuzzResult& r) {
    return fmt::format(
        "{} cases on {} designs: {} mismatching bytes, {} writes outside, {} cycle differences, {} access differences, "
        "{} stopped{}\n",
        r.cases, r.designs, r.mismatches, r.writes_outside, r.cycle_differences, r.access_differences, r.stopped,
        r.interrupted ? "; interrupted, the rest was not run" : "");
}

std::string plainText(const verif::FuzzResult& result) {
    std::string text = result.pairs.text();
    text += fmt::format("{} of {} pairs of values met; {} cycles simulated\n", result.pairs.covered(),
                        result.pairs.possible(), result.cycles);
    for (const verif::FailingCase& failing : result.failing)
        text += fmt::format("case {} on design {}: {}\n  replay: dna fuzz --replay {}\n", failing.number,
                            failing.design, failing.verdict.first, failing.file.string());
    return text + lastLine(result);
}

verif::FuzzResult replayed(const Options& options) {
    const verif::FuzzCase fuzz_case = verif::readFuzzCase(*options.replay);
    verif::FuzzCase shrunk = fuzz_case;
    const verif::Verdict v = verif::replay(fuzz_case, options.fuzz, options.shrunk ? &shrunk : nullptr);
    if (options.shrunk) base::writeJson(*options.shrunk, verif::toJson(shrunk));
    verif::FuzzResult result{.cases = 1,
                             .designs = 1,
                             .mismatches = v.mismatches,
                             .writes_outside = v.writes_outside,
                             .cycle_differences = v.cycle_differences,
                             .access_differences = v.access_differences,
                             .stopped = int(v.stopped)};
    result.pairs.add(fuzz_case);
    if (!v.passed()) result.failing.push_back({0, 0, v, *options.replay});
    return result;
}

int fuzz(Options& options, VerbContext& context) {
    WorkFolder work("dna-fuzz", options.work);
    options.fuzz.work = work.folder();
    if (options.library) options.fuzz.library = verif::readLibrary(*options.library);
    const verif::FuzzResult result = options.replay ? replayed(options) : verif::fuzz(options.fuzz, context.log);
    if (!result.passed() && !options.replay) work.keep();
    const base::Json json = toJson(result);
    if (options.out) base::writeJson(*options.out, json);
    context.print(json, options.replay ? result.failing.empty()
                                             ? lastLine(result)
                                             : result.failing[0].verdict.first + "\n" + lastLine(result)
                                       : plainText(result));
    if (!result.passed()) return kCheckFailed;
    return result.interrupted ? kInterrupted : kDone;
}

void declareRange(CLI::App& app, verif::FuzzOptions& fuzz) {
    app.add_option("--max-rows", fuzz.range.max_rows, "largest array")->check(CLI::Range(4, 32))->capture_default_str();
    app.add_option("--max-cols", fuzz.range.max_cols, "largest array")->check(CLI::Range(8, 16))->capture_default_str();
    app.add_option("--max-cycles", fuzz.range.max_cycles, "longest picture")
        ->check(CLI::Range(5000, 100000000))
        ->capture_default_str();
    std::map<std::string, design::Template> templates;
    for (const design::Template t : {design::Template::DotLanes, design::Template::WeightStationary,
                                     design::Template::OutputArray, design::Template::RowStationary})
        templates[design::templateName(t)] = t;
    app.add_option("--template", fuzz.range.array, "designs of one template (default: of all)")
        ->transform(CLI::CheckedTransformer(templates));
}

}  // namespace

void register_fuzz(VerbRegistry& verbs) {
    verbs.add({"fuzz",
               "random designs x networks x mappings x stalls: RTL bit- and cycle-exact, or a case that replays",
               "dna fuzz --cases 200 --seed 1", [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   verif::FuzzOptions& fuzz_options = options->fuzz;
                   app.add_option("--cases", fuzz_options.cases, "experiments")
                       ->check(CLI::Range(1, 10000000))
                       ->capture_default_str();
                   app.add_option("--seed", fuzz_options.seed, "seed")->capture_default_str();
                   app.add_option("--designs", fuzz_options.designs, "designs (default: one for 8 cases, at least 25)")
                       ->check(CLI::Range(1, 1000000));
                   declareRange(app, fuzz_options);
                   app.add_option("--replay", options->replay, "run this case file alone")->check(CLI::ExistingFile);
                   app.add_option("--shrink", options->shrunk, "write the replayed case here, shrunk while it fails");
                   app.add_option("--library", options->library, "folder of Verilog files that replace the library's")
                       ->check(CLI::ExistingDirectory);
                   app.add_option("--work", options->work, "folder of failing cases (default: a temporary one)");
                   app.add_option("--out", options->out, "result with the table of covered pairs, JSON");
                   app.add_option("--threads", fuzz_options.threads, "designs at a time")
                       ->check(CLI::Range(1, 256))
                       ->capture_default_str();
                   return [options](VerbContext& context) { return fuzz(*options, context); };
               }});
}

}  // namespace dna::flows
