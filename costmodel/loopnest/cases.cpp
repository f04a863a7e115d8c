#include "costmodel/loopnest/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "costmodel/loopnest/ragged.h"

namespace dna::costmodel::loopnest {
namespace {

constexpr std::string_view kCasesFormat = "heldout-loopnest-cost/1";
constexpr std::string_view kOwnFormat = "dna.loopnest_cases";

/// Reads a positive integer; `sound` turns false where there is none.
int64_t positive(base::JsonObject& object, std::string_view key, bool& sound) {
    const int64_t value = object.integer(key, 1, base::kMaxInteger);
    sound &= object.has(key) && object.raw(key) == base::Json(value);
    return value;
}

/// The layer, or nothing where one of its numbers is unusable.
std::optional<Problem> readLayer(base::JsonObject layer, const std::string& id) {
    Problem problem;
    problem.name = id;
    bool sound = true;
    for (int d = 0; d < kDims; ++d) problem.bounds[d] = positive(layer, kDimNames.substr(size_t(d), 1), sound);
    problem.stride_p = positive(layer, "Wstride", sound);
    problem.stride_q = positive(layer, "Hstride", sound);
    problem.dilation_r = positive(layer, "Wdilation", sound);
    problem.dilation_s = positive(layer, "Hdilation", sound);
    layer.close();
    if (!sound) return std::nullopt;
    const std::vector<std::string> too_large = excesses(problem);
    for (const std::string& excess : too_large) layer.problem("", excess);
    return too_large.empty() ? std::optional(problem) : std::nullopt;
}

/// Marks what a level keeps; `keeps` maps level names to tensors.
void readKeeps(base::JsonObject keeps, const Architecture& architecture, Mapping& mapping) {
    for (const std::string& name : keeps.keys()) {
        const int l = architecture.find(name);
        if (l < 0) {
            keeps.problem(name, "no such level in architecture " + architecture.name);
            continue;
        }
        for (const std::string& tensor : keeps.texts(name)) {
            const auto at = std::find(kTensorNames.begin(), kTensorNames.end(), tensor);
            if (at == kTensorNames.end())
                keeps.problem(name, "expected Weights, Inputs or Outputs, found " + tensor);
            else
                mapping.levels[l].keeps[at - kTensorNames.begin()] = true;
        }
    }
}

/// `keeps`, and `loop_nest`, which lists the loops of each level. Nothing where a level or loop cannot be read.
std::optional<Mapping> readCaseMapping(base::JsonObject& object, const Architecture& architecture) {
    Mapping mapping;
    mapping.levels.resize(architecture.levels.size());
    for (LevelLoops& level : mapping.levels) level.keeps.fill(false);
    readKeeps(object.object("keeps"), architecture, mapping);
    bool sound = object.has("loop_nest");
    std::vector<std::string> seen;
    for (base::JsonObject level : object.objects("loop_nest")) {
        const std::string name = level.text("level");
        const int l = architecture.find(name);
        if (l < 0) level.problem("level", fmt::format("no level {} in architecture {}", name, architecture.name));
        if (std::find(seen.begin(), seen.end(), name) != seen.end())
            level.problem("level", "level " + name + " is listed twice");
        seen.push_back(name);
        sound &= l >= 0;
        for (base::JsonObject loop : level.objects("loops_outer_to_inner")) {
            const Loop read = readLoop(loop);
            sound &= loop.has("dim") && loop.raw("dim") == std::string(1, kDimNames[index(read.dim)]) &&
                     loop.has("bound") && loop.raw("bound") == base::Json(read.bound);
            if (l >= 0) mapping.levels[l].loops.push_back(read);
        }
    }
    return sound ? std::optional(std::move(mapping)) : std::nullopt;
}

using Names = std::vector<std::string>;
const Names& totalFields() {
    static const Names names = {"cycles", "compute_cycles", "pes_used",     "utilization_pct",
                                "macs",   "energy_pJ",      "edp_pJ_cycles"};
    return names;
}
const Names& macFields() {
    static const Names names = {"utilized_instances", "computes", "cycles", "energy_pJ"};
    return names;
}
const Names& levelFields() {
    static const Names names = {"cycles_if_alone", "bandwidth_slowdown"};
    return names;
}
const Names& tensorFields() {
    static const Names names = {"tile_words",         "utilized_instances",   "reads_per_instance",
                                "fills_per_instance", "updates_per_instance", "reads_total",
                                "fills_total",        "updates_total",        "energy_pJ"};
    return names;
}

/// Checks that every number of what a case expects is one that the comparison looks at: a misspelt count must not pass
/// as an equal one. Texts, flags and nulls are notes.
class ExpectedCheck {
public:
    explicit ExpectedCheck(const Architecture& architecture) : architecture_(architecture) {}

    void totals(base::JsonObject& expected) {
        fields(expected, totalFields(), "levels");
        if (expected.has("levels"))
            for (base::JsonObject level : expected.objects("levels")) levelOf(level);
        if (numbers_ == 0) expected.problem("", "no number to compare");
    }

private:
    void levelOf(base::JsonObject& level) {
        const std::string name = level.text("level");
        if (std::find(seen_.begin(), seen_.end(), name) != seen_.end())
            level.problem("level", "level " + name + " is listed twice");
        seen_.push_back(name);
        if (name == "mac") return fields(level, macFields(), "level");
        if (architecture_.find(name) < 0)
            level.problem("level", fmt::format("no level {} in architecture {}", name, architecture_.name));
        fields(level, levelFields(), "tensors");
        if (!level.has("tensors")) return;
        base::JsonObject tensors = level.object("tensors");
        for (const std::string& tensor : tensors.keys()) {
            if (std::find(kTensorNames.begin(), kTensorNames.end(), tensor) == kTensorNames.end()) {
                tensors.problem(tensor, "expected Weights, Inputs or Outputs");
                continue;
            }
            base::JsonObject counts = tensors.object(tensor);
            fields(counts, tensorFields(), "");
        }
    }

    void fields(base::JsonObject& object, const Names& known, std::string_view other) {
        for (const std::string& key : object.keys()) {
            if (key == other) continue;
            if (std::find(known.begin(), known.end(), key) != known.end()) {
                constexpr double any = std::numeric_limits<double>::max();
                object.number(key, -any, any);
                ++numbers_;
            } else if (const base::Json& value = object.raw(key); value.is_number() || value.is_structured()) {
                const std::string near = base::nearest(key, known);
                object.problem(
                    key, "no such count in the analysis" + (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
            }
        }
    }

    const Architecture& architecture_;
    Names seen_;
    int numbers_ = 0;
};

/// The object of expected numbers at `key`.
base::Json readExpected(base::JsonObject& object, const char* key, const Architecture& architecture) {
    base::JsonObject expected = object.object(key);
    const base::Json& value = object.raw(key);
    if (!value.is_object()) return nullptr;
    ExpectedCheck(architecture).totals(expected);
    return value;
}

/// Compares the fields of one object of the file with found values.
class Comparison {
public:
    Comparison(std::string case_id, std::vector<Difference>& out) : case_id_(std::move(case_id)), out_(out) {}
    void place(std::string level, std::string tensor) { level_ = std::move(level), tensor_ = std::move(tensor); }

    enum class Match { Exact, Relative, TwoDecimals };
    void field(const base::Json& object, const char* name, double found, Match match = Match::Exact) {
        if (!object.contains(name)) return;
        const base::Json& value = object.at(name);
        if (!value.is_number()) return add(name, found, std::nan(""));
        const double expected = value.get<double>();
        const double error = std::abs(found - expected);
        const bool equal = match == Match::Exact      ? found == expected
                           : match == Match::Relative ? error <= 1e-9 * std::max(std::abs(expected), std::abs(found))
                                                      : error <= 0.005 + 1e-9;
        if (!equal) add(name, found, expected);
    }
    void add(const std::string& field, double found, double expected) {
        out_.push_back({case_id_, level_, tensor_, field, found, expected});
    }

private:
    std::string case_id_, level_, tensor_;
    std::vector<Difference>& out_;
};

void compareTensor(Comparison& with, const base::Json& expected, const TensorCounts<double>& count, double instances,
                   const WordEnergy& price) {
    with.field(expected, "tile_words", count.tile_words);
    with.field(expected, "utilized_instances", instances);
    with.field(expected, "reads_per_instance", count.reads);
    with.field(expected, "fills_per_instance", count.fills);
    with.field(expected, "updates_per_instance", count.updates);
    with.field(expected, "reads_total", count.reads * instances);
    with.field(expected, "fills_total", count.fills * instances);
    with.field(expected, "updates_total", count.updates * instances);
    with.field(
        expected, "energy_pJ",
        wordsEnergyPj(count, instances, Rates<double>::Level{0, 0, price.read_pj, price.fill_pj, price.update_pj}),
        Comparison::Match::Relative);
}

void compareLevels(Comparison& with, const base::Json& levels, const Architecture& architecture, const Mapping& mapping,
                   const Evaluation& found) {
    for (const base::Json& level : levels) {
        const std::string name = level.at("level");
        with.place(name, "");
        if (name == "mac") {
            with.field(level, "utilized_instances", found.access.pes);
            with.field(level, "computes", found.macs);
            with.field(level, "cycles", found.access.compute_cycles);
            with.field(level, "energy_pJ", found.macs * architecture.mac_energy_pj, Comparison::Match::Relative);
            continue;
        }
        const int l = architecture.find(name);
        if (l < 0) {
            with.add("level", std::nan(""), std::nan(""));
            continue;
        }
        with.field(level, "cycles_if_alone", found.level_cycles[l]);
        with.field(level, "bandwidth_slowdown", found.access.compute_cycles / found.level_cycles[l],
                   Comparison::Match::TwoDecimals);
        for (int t = 0; t < kTensors; ++t) {
            const std::string tensor(kTensorNames[t]);
            const bool listed = level.contains("tensors") && level.at("tensors").contains(tensor);
            with.place(name, tensor);
            if (listed != mapping.levels[l].keeps[t]) with.add("kept", mapping.levels[l].keeps[t], listed);
            if (listed)
                compareTensor(with, level.at("tensors").at(tensor), found.access.counts[l][t],
                              found.access.instances[l], architecture.levels[l].energy);
        }
    }
}

void compareOne(const ReferenceCases& all, const ReferenceCase& one, const base::Json& expected,
                const Convention& rules, const std::string& id, std::vector<Difference>& out) {
    const Architecture& architecture = all.architectures[one.architecture];
    const Nest nest = flatten(one.mapping);
    const Evaluation found = all.ragged ? averages(evaluateRagged(one.problem, architecture, nest, rules))
                                        : evaluate(one.problem, architecture, nest, rules);
    checkExact(found, one.problem);
    Comparison with(id, out);
    const double pes = double(architecture.levels.back().mesh_x) * architecture.levels.back().mesh_y;
    const double array = std::max(pes, double(architecture.mac_mesh_x) * architecture.mac_mesh_y);
    with.field(expected, "cycles", found.cycles);
    with.field(expected, "compute_cycles", found.access.compute_cycles);
    with.field(expected, "pes_used", found.access.pes);
    with.field(expected, "utilization_pct", 100 * found.macs / (found.cycles * array), Comparison::Match::TwoDecimals);
    with.field(expected, "macs", found.macs);
    with.field(expected, "energy_pJ", found.energy_pj, Comparison::Match::Relative);
    with.field(expected, "edp_pJ_cycles", found.edp(), Comparison::Match::Relative);
    if (expected.contains("levels")) compareLevels(with, expected.at("levels"), architecture, one.mapping, found);
}

void readCase(base::JsonObject& object, ReferenceCases& out) {
    ReferenceCase one;
    one.id = object.text("id");
    const std::string name = object.text("arch");
    const auto at = std::find_if(out.architectures.begin(), out.architectures.end(),
                                 [&](const Architecture& architecture) { return architecture.name == name; });
    if (at == out.architectures.end()) {
        if (object.has("arch")) object.problem("arch", "no architecture " + name + " in this file");
        return;
    }
    one.architecture = int(at - out.architectures.begin());
    one.expected = readExpected(object, "expected", *at);
    constexpr const char* alone = "expected_without_neighbour_forwarding";
    if (object.has(alone) && !object.raw(alone).is_null())
        one.expected_without_forwarding = readExpected(object, alone, *at);
    const std::optional<Problem> problem = readLayer(object.object("layer"), one.id);
    std::optional<Mapping> mapping = readCaseMapping(object, *at);
    if (!problem || !mapping || at->levelCount() > kMaxLevels) return;
    const std::vector<std::string> wrong =
        defects(*problem, *at, *mapping, out.ragged ? LastTile::Ragged : LastTile::Full);
    for (const std::string& defect : wrong) object.problem("loop_nest", defect);
    if (wrong.empty() && out.ragged)
        if (const auto refused = raggedDefect(*problem, *at, flatten(*mapping), out.rules))
            object.problem("loop_nest", *refused);
    one.problem = *problem;
    one.mapping = std::move(*mapping);
    out.cases.push_back(std::move(one));
}

}  // namespace

ReferenceCases readReferenceCases(const std::filesystem::path& file) {
    base::JsonDocument document = base::JsonDocument::readAny(file);
    base::JsonObject& root = document.root();
    ReferenceCases out;
    const std::string format = root.text("format");
    if (root.has("format") && format != kCasesFormat && format != kOwnFormat)
        root.problem("format",
                     fmt::format("expected \"{}\" or \"{}\", found \"{}\"", kCasesFormat, kOwnFormat, format));
    if (root.choice("convention", {"timeloop", "gads"}, "timeloop") == "gads") out.rules = kGads;
    out.ragged = root.flag("ragged", false);
    if (out.ragged && out.rules.halo_reuse) root.problem("ragged", "short last tiles need convention gads");
    base::JsonObject architectures = root.object("architectures");
    for (const std::string& name : architectures.keys())
        out.architectures.push_back(readReferenceArchitecture(architectures.object(name), name));
    std::vector<base::JsonObject> cases = root.objects("cases");
    if (cases.empty() && root.has("cases") && root.raw("cases").is_array())
        root.problem("cases", "expected at least one case");
    Names ids;
    for (base::JsonObject& object : cases) {
        readCase(object, out);
        const std::string id = object.text("id", "");
        if (!id.empty() && std::find(ids.begin(), ids.end(), id) != ids.end())
            object.problem("id", "two cases are called " + id);
        ids.push_back(id);
    }
    for (const std::string& key : root.keys()) root.raw(key);
    document.finish();
    return out;
}

std::vector<Difference> compare(const ReferenceCases& all, const ReferenceCase& one) {
    std::vector<Difference> out;
    compareOne(all, one, one.expected, all.rules, one.id, out);
    if (one.expected_without_forwarding.is_object()) {
        Convention alone = all.rules;
        alone.neighbour_forwarding = false;
        compareOne(all, one, one.expected_without_forwarding, alone, one.id + " (without neighbour forwarding)", out);
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
