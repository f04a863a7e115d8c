#include "costmodel/loopnest/cases.h"

#include <fmt/format.h>

#include <functional>
#include <map>

namespace dna::costmodel::loopnest {
namespace {

Problem readLayer(base::JsonObject layer, const std::string& id, const std::string& file) {
    Problem problem;
    problem.name = id;
    constexpr int64_t low = -base::kMaxInteger;
    for (int d = 0; d < kDims; ++d)
        problem.bounds[d] = layer.integer(kDimNames.substr(size_t(d), 1), low, base::kMaxInteger);
    problem.stride_p = layer.integer("Wstride", low, base::kMaxInteger);
    problem.stride_q = layer.integer("Hstride", low, base::kMaxInteger);
    problem.dilation_r = layer.integer("Wdilation", low, base::kMaxInteger);
    problem.dilation_s = layer.integer("Hdilation", low, base::kMaxInteger);
    layer.close();
    if (std::all_of(problem.bounds.begin(), problem.bounds.end(), [](int64_t b) { return b != 0; }))
        validate(problem, file, layer.pointer());
    return problem;
}

/// `keeps` maps level names to tensors, `loop_nest` lists the loops of each level.
Mapping readCaseMapping(base::JsonObject& object, const Architecture& architecture) {
    Mapping mapping;
    mapping.levels.resize(architecture.levels.size());
    for (LevelLoops& level : mapping.levels) level.keeps.fill(false);
    base::JsonObject keeps = object.object("keeps");
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
    for (base::JsonObject level : object.objects("loop_nest")) {
        const std::string name = level.text("level");
        const int l = architecture.find(name);
        if (l < 0) level.problem("level", fmt::format("no level {} in architecture {}", name, architecture.name));
        for (base::JsonObject loop : level.objects("loops_outer_to_inner")) {
            const Loop read = readLoop(loop);
            if (l >= 0) mapping.levels[l].loops.push_back(read);
        }
    }
    return mapping;
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
            with.field(level, "computes", found.macs());
            with.field(level, "cycles", found.access.compute_cycles);
            with.field(level, "energy_pJ", found.macs() * architecture.mac_energy_pj, Comparison::Match::Relative);
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
    const Evaluation found = evaluate(one.problem, architecture, flatten(one.mapping), rules);
    checkExact(found, one.problem);
    Comparison with(id, out);
    const double pes = double(architecture.levels.back().mesh_x) * architecture.levels.back().mesh_y;
    const double array = std::max(pes, double(architecture.mac_mesh_x) * architecture.mac_mesh_y);
    with.field(expected, "cycles", found.cycles);
    with.field(expected, "compute_cycles", found.access.compute_cycles);
    with.field(expected, "pes_used", found.access.pes);
    with.field(expected, "utilization_pct", 100 * found.macs() / (found.cycles * array),
               Comparison::Match::TwoDecimals);
    with.field(expected, "macs", found.macs());
    with.field(expected, "energy_pJ", found.energy_pj, Comparison::Match::Relative);
    with.field(expected, "edp_pJ_cycles", found.edp(), Comparison::Match::Relative);
    if (expected.contains("levels")) compareLevels(with, expected.at("levels"), architecture, one.mapping, found);
}

}  // namespace

ReferenceCases readReferenceCases(const std::filesystem::path& file) {
    base::JsonDocument document = base::JsonDocument::readAny(file);
    base::JsonObject& root = document.root();
    ReferenceCases out;
    std::vector<std::string> names;
    base::JsonObject architectures = root.object("architectures");
    for (const std::string& name : architectures.keys()) {
        out.architectures.push_back(readReferenceArchitecture(architectures.object(name), name));
        names.push_back(name);
    }
    for (base::JsonObject object : root.objects("cases")) {
        ReferenceCase one;
        one.id = object.text("id");
        const std::string name = object.text("arch");
        const auto at = std::find(names.begin(), names.end(), name);
        one.expected = object.raw("expected");
        if (!one.expected.is_object()) object.problem("expected", "expected an object");
        if (object.has("expected_without_neighbour_forwarding"))
            one.expected_without_forwarding = object.raw("expected_without_neighbour_forwarding");
        if (at == names.end()) {
            object.problem("arch", "no architecture " + name + " in this file");
            continue;
        }
        one.architecture = int(at - names.begin());
        const Architecture& architecture = out.architectures[one.architecture];
        one.problem = readLayer(object.object("layer"), one.id, file.string());
        one.mapping = readCaseMapping(object, architecture);
        if (architecture.levelCount() <= kMaxLevels)
            for (const std::string& defect : defects(one.problem, architecture, one.mapping))
                object.problem("loop_nest", defect);
        out.cases.push_back(std::move(one));
    }
    for (const std::string& key : root.keys()) root.raw(key);
    document.finish();
    return out;
}

std::vector<Difference> compare(const ReferenceCases& all, const ReferenceCase& one) {
    std::vector<Difference> out;
    compareOne(all, one, one.expected, kTimeloop, one.id, out);
    if (one.expected_without_forwarding.is_object()) {
        Convention alone = kTimeloop;
        alone.neighbour_forwarding = false;
        compareOne(all, one, one.expected_without_forwarding, alone, one.id + " (without neighbour forwarding)", out);
    }
    return out;
}

}  // namespace dna::costmodel::loopnest
