#include "costmodel/loopnest/architecture.h"

#include <fmt/format.h>

namespace dna::costmodel::loopnest {
namespace {

constexpr double kLeastBandwidth = 1e-6;              ///< words per cycle
constexpr int64_t kMostInstances = int64_t{1} << 20;  ///< neighbours are looked up one by one

/// A limit of at least `least` that may be null: unlimited.
double limit(base::JsonObject& object, const char* key, double least) {
    if (!object.has(key)) return kUnlimited;
    const base::Json& value = object.raw(key);
    if (value.is_null()) return kUnlimited;
    return object.number(key, least, double(base::kMaxInteger));
}

/// `instances` is optional beside the mesh.
void checkInstances(base::JsonObject& object, int mesh_x, int mesh_y) {
    const int64_t meshed = int64_t{mesh_x} * mesh_y;
    if (meshed > kMostInstances)
        object.problem("mesh_x", fmt::format("mesh of {} x {}, at most {} instances are supported", mesh_x, mesh_y,
                                             kMostInstances));
    const int64_t instances = object.integer("instances", 1, int64_t{1} << 30, meshed);
    if (instances != meshed)
        object.problem("instances", fmt::format("expected mesh_x * mesh_y = {}, found {}", meshed, instances));
}

MemoryLevel readLevel(base::JsonObject& object) {
    static const std::vector<std::string> kinds = {"dram", "global_buffer", "scratchpad", "fanout_only"};
    MemoryLevel level;
    level.name = object.text("name");
    level.kind = object.choice("kind", kinds);
    level.word_bits = int(object.integer("word_bits", 1, 1024, 16));
    level.capacity_words = limit(object, "capacity_words_per_instance", 0);
    level.mesh_x = int(object.integer("mesh_x", 1, 1 << 15, 1));
    level.mesh_y = int(object.integer("mesh_y", 1, 1 << 15, 1));
    checkInstances(object, level.mesh_x, level.mesh_y);
    level.read_bandwidth = limit(object, "read_words_per_cycle_per_instance", kLeastBandwidth);
    level.write_bandwidth = limit(object, "write_words_per_cycle_per_instance", kLeastBandwidth);
    if (!level.stores()) {
        level.capacity_words = 0;
        if (object.has("energy_pJ_per_word")) object.raw("energy_pJ_per_word");
    } else {
        base::JsonObject energy = object.object("energy_pJ_per_word");
        level.energy = {energy.number("read", 0, 1e12), energy.number("fill", 0, 1e12),
                        energy.number("update", 0, 1e12)};
        energy.close();
        if (level.capacity_words <= 0)
            object.problem("capacity_words_per_instance", "expected a number above 0 for a level that stores, found 0");
    }
    return level;
}

PerDim<bool> readDims(base::JsonObject& object, const char* key) {
    PerDim<bool> allowed;
    allowed.fill(!object.has(key));
    if (!object.has(key)) return allowed;
    for (const char c : object.text(key)) {
        const size_t d = kDimNames.find(c);
        if (d == std::string_view::npos)
            object.problem(key, fmt::format("expected letters of {}, found {}", kDimNames, c));
        else
            allowed[d] = true;
    }
    return allowed;
}

LevelConstraint readConstraint(base::JsonObject& level, bool stores) {
    LevelConstraint out;
    out.keeps.fill(stores);
    if (!stores) out.temporal.fill(false);
    if (!level.has("constraints")) return out;
    base::JsonObject object = level.object("constraints");
    if (object.has("keeps")) {
        out.keeps.fill(false);
        for (const std::string& tensor : object.texts("keeps")) {
            const auto at = std::find(kTensorNames.begin(), kTensorNames.end(), tensor);
            if (at == kTensorNames.end())
                object.problem("keeps", "expected Weights, Inputs or Outputs, found " + tensor);
            else if (!stores)
                object.problem("keeps", "a fan-out point cannot keep " + tensor);
            else
                out.keeps[at - kTensorNames.begin()] = true;
        }
    }
    if (object.has("temporal") || stores) out.temporal = readDims(object, "temporal");
    out.spatial_x = readDims(object, "spatial_x");
    out.spatial_y = readDims(object, "spatial_y");
    object.close();
    return out;
}

/// Levels, constraints and MACs; `strict` refuses unknown keys.
Architecture readBody(base::JsonObject& object, const std::string& name, bool strict) {
    Architecture out;
    out.name = name;
    for (base::JsonObject level : object.objects("levels_outer_to_inner")) {
        out.levels.push_back(readLevel(level));
        out.constraints.push_back(readConstraint(level, out.levels.back().stores()));
        if (strict) level.close();
    }
    base::JsonObject mac = object.object("mac");
    out.mac_mesh_x = int(mac.integer("mesh_x", 1, 1 << 15, 1));
    out.mac_mesh_y = int(mac.integer("mesh_y", 1, 1 << 15, 1));
    out.mac_energy_pj = mac.number("energy_per_mac_pJ", 0, 1e12);
    checkInstances(mac, out.mac_mesh_x, out.mac_mesh_y);
    mac.integer("word_bits", 1, 1024, 16);
    if (mac.number("macs_per_cycle_per_instance", 0, 1e6, 1) != 1)
        mac.problem("macs_per_cycle_per_instance", "only 1 is supported");
    if (strict) mac.close();

    if (out.levels.empty()) object.problem("levels_outer_to_inner", "expected at least one level");
    if (out.levelCount() > kMaxLevels)
        object.problem("levels_outer_to_inner",
                       fmt::format("{} levels, at most {} are supported", out.levelCount(), kMaxLevels));
    for (int l = 0; l < out.levelCount(); ++l) {
        const bool last = l + 1 == out.levelCount();
        const int x = last ? out.mac_mesh_x : out.levels[l + 1].mesh_x,
                  y = last ? out.mac_mesh_y : out.levels[l + 1].mesh_y;
        if (x % out.levels[l].mesh_x || y % out.levels[l].mesh_y)
            object.problem("levels_outer_to_inner",
                           fmt::format("{}: mesh {} x {} does not divide that of the level below, {} x {}",
                                       out.levels[l].name, out.levels[l].mesh_x, out.levels[l].mesh_y, x, y));
        if (out.levels[l].name == "mac")
            object.problem("levels_outer_to_inner", "a level cannot be called mac, that is the name of the MACs");
        for (int k = 0; k < l; ++k)
            if (out.levels[k].name == out.levels[l].name)
                object.problem("levels_outer_to_inner", "two levels are called " + out.levels[l].name);
    }
    if (!out.levels.empty() && !out.levels[0].stores())
        object.problem("levels_outer_to_inner", "the outermost level must store");
    if (!out.constraints.empty())
        for (int t = 0; t < kTensors; ++t)
            if (!out.constraints[0].keeps[t])
                object.problem("levels_outer_to_inner",
                               fmt::format("the outermost level must keep {}", kTensorNames[t]));
    return out;
}

std::string letters(const PerDim<bool>& allowed) {
    std::string out;
    for (int d = 0; d < kDims; ++d)
        if (allowed[d]) out += kDimNames[d];
    return out;
}

base::Json limitJson(double value) { return value == kUnlimited ? base::Json(nullptr) : base::Json(value); }

}  // namespace

int Architecture::fanoutX(int l) const {
    return (l + 1 < levelCount() ? levels[l + 1].mesh_x : mac_mesh_x) / levels[l].mesh_x;
}

int Architecture::fanoutY(int l) const {
    return (l + 1 < levelCount() ? levels[l + 1].mesh_y : mac_mesh_y) / levels[l].mesh_y;
}

int Architecture::find(std::string_view wanted) const {
    for (int l = 0; l < levelCount(); ++l)
        if (levels[l].name == wanted) return l;
    return -1;
}

Architecture readReferenceArchitecture(base::JsonObject object, const std::string& name) {
    return readBody(object, name, false);
}

Architecture readArchitecture(const std::string& file_and_name) {
    const size_t hash = file_and_name.rfind('#');
    if (hash == std::string::npos || std::filesystem::exists(file_and_name)) {
        base::JsonDocument document = base::JsonDocument::read(file_and_name, "architecture");
        const std::string name = document.root().text("name");
        Architecture out = readBody(document.root(), name, true);
        document.finish();
        return out;
    }
    base::JsonDocument document = base::JsonDocument::readAny(file_and_name.substr(0, hash));
    const std::string name = file_and_name.substr(hash + 1);
    base::JsonObject all = document.root().object("architectures");
    const std::vector<std::string> names = all.keys();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        const std::string near = base::nearest(name, names);
        throw base::InputError(
            file_and_name.substr(0, hash), "/architectures",
            fmt::format("no architecture \"{}\"{}", name, near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
    Architecture out = readReferenceArchitecture(all.object(name), name);
    for (const std::string& key : document.root().keys()) document.root().raw(key);
    document.finish();
    return out;
}

base::Json toJson(const Architecture& architecture) {
    base::Json json = base::makeDocument("architecture");
    json["name"] = architecture.name;
    json["levels_outer_to_inner"] = base::Json::array();
    for (int l = 0; l < architecture.levelCount(); ++l) {
        const MemoryLevel& level = architecture.levels[l];
        const LevelConstraint& constraint = architecture.constraints[l];
        base::Json keeps = base::Json::array();
        for (int t = 0; t < kTensors; ++t)
            if (constraint.keeps[t]) keeps.push_back(kTensorNames[t]);
        base::Json out = {{"name", level.name}, {"kind", level.kind}, {"word_bits", level.word_bits}};
        if (level.stores()) out["capacity_words_per_instance"] = limitJson(level.capacity_words);
        out["mesh_x"] = level.mesh_x;
        out["mesh_y"] = level.mesh_y;
        out["read_words_per_cycle_per_instance"] = limitJson(level.read_bandwidth);
        out["write_words_per_cycle_per_instance"] = limitJson(level.write_bandwidth);
        if (level.stores())
            out["energy_pJ_per_word"] = {
                {"read", level.energy.read_pj}, {"fill", level.energy.fill_pj}, {"update", level.energy.update_pj}};
        out["constraints"] = {{"keeps", keeps},
                              {"temporal", letters(constraint.temporal)},
                              {"spatial_x", letters(constraint.spatial_x)},
                              {"spatial_y", letters(constraint.spatial_y)}};
        json["levels_outer_to_inner"].push_back(out);
    }
    json["mac"] = {{"mesh_x", architecture.mac_mesh_x},
                   {"mesh_y", architecture.mac_mesh_y},
                   {"energy_per_mac_pJ", architecture.mac_energy_pj}};
    return json;
}

}  // namespace dna::costmodel::loopnest
