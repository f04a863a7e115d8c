#include <fmt/format.h>

#include <memory>

#include "core/base/file.h"
#include "costmodel/loopnest/cases.h"
#include "costmodel/loopnest/explain/explain.h"
#include "costmodel/loopnest/explain/term.h"
#include "costmodel/loopnest/tables.h"
#include "flows/cli/verb.h"

namespace dna::flows {
namespace {

using namespace costmodel::loopnest;

struct Options {
    std::filesystem::path file;
    std::string explain;
    std::optional<std::filesystem::path> csv;
};

const ReferenceCase& findCase(const ReferenceCases& all, const std::string& id, const std::string& file) {
    std::vector<std::string> ids;
    for (const ReferenceCase& one : all.cases) {
        if (one.id == id) return one;
        ids.push_back(one.id);
    }
    const std::string near = base::nearest(id, ids);
    throw base::InputError(file, "/cases",
                           fmt::format("no case \"{}\"{}", id, near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

std::string plainText(const Difference& d) {
    std::string place = d.case_id;
    if (!d.level.empty()) place += ": " + d.level;
    if (!d.tensor.empty()) place += " " + d.tensor;
    return fmt::format("{}{} {}: found {}, expected {}\n", place, d.level.empty() ? ":" : "", d.field,
                       numberText(d.found), numberText(d.expected));
}

base::Json toJson(const Difference& d) {
    return {{"case", d.case_id}, {"level", d.level}, {"tensor", d.tensor},
            {"field", d.field},  {"found", d.found}, {"expected", d.expected}};
}

/// All counts as they were found.
std::string spreadsheetOf(const ReferenceCases& all) {
    Spreadsheet sheet;
    for (const ReferenceCase& one : all.cases) {
        const Architecture& architecture = all.architectures[one.architecture];
        sheet.add(one.id, 1, architecture, one.mapping,
                  evaluate(one.problem, architecture, flatten(one.mapping), all.rules));
    }
    return sheet.text();
}

int check(const Options& options, VerbContext& context) {
    const ReferenceCases all = readReferenceCases(options.file);
    base::Json json = base::makeDocument("check");
    json["cases"] = all.cases.size();
    std::string plain;
    if (!options.explain.empty()) {
        const ReferenceCase& one = findCase(all, options.explain, options.file.string());
        const std::string text = explain(one.problem, all.architectures[one.architecture], one.mapping, all.rules).text;
        json["explanation"] = {{"case", one.id}, {"text", text}};
        plain = text + "\n";
    }
    size_t equal = 0;
    base::Json differences = base::Json::array();
    for (const ReferenceCase& one : all.cases) {
        const std::vector<Difference> found = compare(all, one);
        equal += found.empty();
        for (const Difference& d : found) differences.push_back(toJson(d)), plain += plainText(d);
    }
    json["equal"] = equal;
    json["differences"] = std::move(differences);
    if (options.csv) base::writeFileAtomic(*options.csv, spreadsheetOf(all));
    context.print(json, plain + fmt::format("{} of {} equal\n", equal, all.cases.size()));
    return equal == all.cases.size() ? kDone : kCheckFailed;
}

}  // namespace

void register_check(VerbRegistry& verbs) {
    verbs.add({"check", "compare the loop-nest analysis with reference cases and explain its counts",
               "dna check cases.json --explain CASE", [](CLI::App& app) {
                   auto options = std::make_shared<Options>();
                   app.add_option("file", options->file, "reference cases (heldout-loopnest-cost/1)")->required();
                   app.add_option("--explain", options->explain, "derive every count of this case in words");
                   app.add_option("--csv", options->csv, "gets every count as comma-separated values");
                   return [options](VerbContext& context) { return check(*options, context); };
               }});
}

}  // namespace dna::flows
