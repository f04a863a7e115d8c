#include "costmodel/loopnest/mapping.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace dna::costmodel::loopnest {
namespace {

constexpr std::array<std::string_view, 3> kKindNames = {"temporal", "spatial_X", "spatial_Y"};

/// Ragged factors: what is missing to `size`, or the loop that runs past it.
void coverDefects(const Mapping& mapping, const Architecture& architecture, Dim d, int64_t size,
                  std::vector<std::string>& out) {
    int64_t covered = 1;  // by the loops inside; at most 2 * size, as a loop that is larger ends the sum
    for (size_t l = mapping.levels.size(); l-- > 0;) {
        const std::vector<Loop>& loops = mapping.levels[l].loops;
        for (auto loop = loops.rbegin(); loop != loops.rend(); ++loop) {
            if (loop->dim != d || loop->bound <= 1) continue;
            const int64_t needed = (size + covered - 1) / covered;
            if (loop->bound > needed) {
                out.push_back(fmt::format("{}: loop {} has bound {}, tiles of {} cover the layer's {} in {}",
                                          architecture.levels[l].name, kDimNames[index(d)], loop->bound, covered, size,
                                          needed));
                return;
            }
            covered *= loop->bound;
        }
    }
    if (covered < size)
        out.push_back(
            fmt::format("factors of {} multiply to {}, the layer has {}", kDimNames[index(d)], covered, size));
}

}  // namespace

Nest flatten(const Mapping& mapping) {
    Nest nest;
    nest.level_count = int(mapping.levels.size());
    DNA_CHECK(nest.level_count <= kMaxLevels, "more memory levels than the analysis holds");
    for (int l = 0; l < nest.level_count; ++l) {
        nest.begin[l] = uint8_t(nest.loop_count);
        nest.keeps[l] = mapping.levels[l].keeps;
        for (const Loop& loop : mapping.levels[l].loops) {
            if (loop.bound == 1) continue;
            DNA_CHECK(nest.loop_count < kMaxLoops, "more loops than the analysis holds");
            nest.loops[nest.loop_count] = {loop.dim, loop.kind, uint8_t(l)};
            nest.bounds[nest.loop_count++] = double(loop.bound);
        }
    }
    nest.begin[nest.level_count] = uint8_t(nest.loop_count);
    return nest;
}

std::vector<std::string> defects(const Problem& problem, const Architecture& architecture, const Mapping& mapping,
                                 LastTile last) {
    std::vector<std::string> out;
    if (mapping.levels.size() != architecture.levels.size())
        return {fmt::format("{} levels in the mapping, {} in architecture {}", mapping.levels.size(),
                            architecture.levels.size(), architecture.name)};
    PerDim<double> product;
    product.fill(1);
    int visible = 0;
    for (int l = 0; l < architecture.levelCount(); ++l) {
        const std::string& name = architecture.levels[l].name;
        const LevelLoops& level = mapping.levels[l];
        double x = 1, y = 1;
        bool spatial_seen = false;
        for (const Loop& loop : level.loops) {
            if (loop.bound < 1) {
                out.push_back(fmt::format("{}: loop {} has bound {}, expected at least 1", name,
                                          kDimNames[index(loop.dim)], loop.bound));
                continue;
            }
            visible += loop.bound > 1;
            product[index(loop.dim)] *= double(loop.bound);
            if (loop.kind == LoopKind::SpatialX) x *= double(loop.bound);
            if (loop.kind == LoopKind::SpatialY) y *= double(loop.bound);
            if (loop.kind == LoopKind::Temporal && spatial_seen && loop.bound > 1)
                out.push_back(
                    fmt::format("{}: temporal loop {} inside a spatial one", name, kDimNames[index(loop.dim)]));
            spatial_seen |= loop.kind != LoopKind::Temporal && loop.bound > 1;
        }
        if (x > architecture.fanoutX(l))
            out.push_back(fmt::format("{}: spatial loops along X need {:.0f}, the fan-out is {}", name, x,
                                      architecture.fanoutX(l)));
        if (y > architecture.fanoutY(l))
            out.push_back(fmt::format("{}: spatial loops along Y need {:.0f}, the fan-out is {}", name, y,
                                      architecture.fanoutY(l)));
        for (int t = 0; t < kTensors; ++t) {
            if (l == 0 && !level.keeps[t])
                out.push_back(fmt::format("{}: the outermost level must keep {}", name, kTensorNames[t]));
            if (!architecture.levels[l].stores() && level.keeps[t])
                out.push_back(fmt::format("{}: a fan-out point cannot keep {}", name, kTensorNames[t]));
        }
    }
    if (visible > kMaxLoops) out.push_back(fmt::format("{} loops, at most {} are supported", visible, kMaxLoops));
    for (int d = 0; d < kDims; ++d)
        if (last == LastTile::Ragged)
            coverDefects(mapping, architecture, static_cast<Dim>(d), problem.bounds[d], out);
        else if (product[d] != double(problem.bounds[d]))
            out.push_back(fmt::format("factors of {} multiply to {:.0f}, the layer has {}", kDimNames[d], product[d],
                                      problem.bounds[d]));
    return out;
}

base::Json toJson(const Architecture& architecture, const Mapping& mapping) {
    base::Json levels = base::Json::array();
    for (size_t l = 0; l < mapping.levels.size(); ++l) {
        base::Json keeps = base::Json::array(), loops = base::Json::array();
        for (int t = 0; t < kTensors; ++t)
            if (mapping.levels[l].keeps[t]) keeps.push_back(kTensorNames[t]);
        for (const Loop& loop : mapping.levels[l].loops)
            loops.push_back({{"dim", std::string(1, kDimNames[index(loop.dim)])},
                             {"bound", loop.bound},
                             {"kind", kKindNames[size_t(loop.kind)]}});
        levels.push_back({{"level", architecture.levels[l].name}, {"keeps", keeps}, {"loops_outer_to_inner", loops}});
    }
    return {{"levels", levels}};
}

Mapping readMapping(base::JsonObject object, const Architecture& architecture) {
    Mapping mapping;
    mapping.levels.resize(architecture.levels.size());
    for (LevelLoops& level : mapping.levels) level.keeps = {false, false, false};
    std::vector<bool> seen(architecture.levels.size(), false);
    std::vector<std::string> names;
    for (const MemoryLevel& level : architecture.levels) names.push_back(level.name);
    for (base::JsonObject level : object.objects("levels")) {
        const std::string name = level.choice("level", names);
        const int l = std::max(0, architecture.find(name));
        if (seen[l]) level.problem("level", "level " + name + " is listed twice");
        seen[l] = true;
        for (const std::string& tensor : level.texts("keeps")) {
            const auto at = std::find(kTensorNames.begin(), kTensorNames.end(), tensor);
            if (at == kTensorNames.end())
                level.problem("keeps", "expected Weights, Inputs or Outputs, found " + tensor);
            else
                mapping.levels[l].keeps[at - kTensorNames.begin()] = true;
        }
        for (base::JsonObject loop : level.objects("loops_outer_to_inner"))
            mapping.levels[l].loops.push_back(readLoop(loop));
        level.close();
    }
    object.close();
    return mapping;
}

Loop readLoop(base::JsonObject& object) {
    static const std::vector<std::string> dims = {"C", "M", "P", "Q", "R", "S", "N", "G"};
    static const std::vector<std::string> kinds(kKindNames.begin(), kKindNames.end());
    Loop loop;
    const std::string dim = object.choice("dim", dims);
    loop.dim = static_cast<Dim>(kDimNames.find(dim));
    loop.bound = object.integer("bound", 1, base::kMaxInteger);
    const std::string kind = object.choice("kind", kinds);
    loop.kind = static_cast<LoopKind>(std::find(kinds.begin(), kinds.end(), kind) - kinds.begin());
    object.close();
    return loop;
}

std::string drawNest(const Architecture& architecture, const Mapping& mapping) {
    std::string out;
    int depth = 0;
    for (size_t l = 0; l < mapping.levels.size(); ++l) {
        std::string keeps;
        for (int t = 0; t < kTensors; ++t)
            if (mapping.levels[l].keeps[t]) keeps += fmt::format("{}{}", keeps.empty() ? "" : ", ", kTensorNames[t]);
        out += fmt::format("{} [{}]\n{}\n", architecture.levels[l].name, keeps.empty() ? "fan-out only" : keeps,
                           std::string(architecture.levels[l].name.size() + keeps.size() + 3, '-'));
        for (const Loop& loop : mapping.levels[l].loops) {
            if (loop.bound == 1) continue;
            const char* note = loop.kind == LoopKind::Temporal   ? ""
                               : loop.kind == LoopKind::SpatialX ? " (Spatial-X)"
                                                                 : " (Spatial-Y)";
            out += fmt::format("{}for {} in [0:{}){}\n", std::string(size_t(depth) + 2, ' '),
                               kDimNames[index(loop.dim)], loop.bound, note);
            ++depth;
        }
    }
    return out + std::string(size_t(depth) + 2, ' ') + "MAC\n";
}

}  // namespace dna::costmodel::loopnest
