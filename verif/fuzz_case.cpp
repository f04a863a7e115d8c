#include "verif/fuzz_case.h"

#include <algorithm>

#include "core/mapping/cycles.h"
#include "core/network/joined_maps.h"
#include "verif/random_case.h"
#include "verif/random_network.h"

namespace dna::verif {

using base::Json;

std::vector<mapping::LayerPlan> plansOf(const FuzzCase& fuzz_case) {
    const design::Chunk& chunk = fuzz_case.design.chunk();
    std::vector<mapping::LayerPlan> plans = mapping::lowerAll(mapping::extractLayers(fuzz_case.network, chunk.operand_bits), chunk,
                                                              fuzz_case.mapping, "fuzz case");
    mapping::checkDescriptorSlots(plans, fuzz_case.design, "fuzz case");
    return plans;
}

Json toJson(const FuzzCase& fuzz_case) {
    Json json = base::makeDocument("fuzz_case");
    json["weights_seed"] = fuzz_case.weights_seed;
    json["pictures_seed"] = fuzz_case.pictures_seed;
    json["pictures"] = fuzz_case.pictures;
    json["stall_seed"] = fuzz_case.stall_seed;
    json["design"] = toJson(fuzz_case.design);
    json["network"] = toJson(fuzz_case.network);
    json["mapping"] = toJson(plansOf(fuzz_case));
    return json;
}

FuzzCase readFuzzCase(const std::filesystem::path& file) {
    base::JsonDocument document = base::JsonDocument::read(file, "fuzz_case");
    base::JsonObject& root = document.root();
    const auto part = [&](const char* kind) {
        return base::JsonDocument::parse(root.raw(kind).dump(), file.string() + "/" + kind, kind);
    };
    FuzzCase fuzz_case;
    fuzz_case.weights_seed = uint64_t(root.integer("weights_seed", 0, base::kMaxInteger));
    fuzz_case.pictures_seed = uint64_t(root.integer("pictures_seed", 0, base::kMaxInteger));
    fuzz_case.pictures = int(root.integer("pictures", 1, 16));
    fuzz_case.stall_seed = uint64_t(root.integer("stall_seed", 0, base::kMaxInteger));
    fuzz_case.design = design::readDesign(part("design"));
    fuzz_case.network = network::readNetwork(part("network"), file.string() + "/network");
    fuzz_case.mapping = mapping::readMapping(part("mapping"));
    document.finish();
    plansOf(fuzz_case);
    return fuzz_case;
}

namespace {

constexpr uint64_t kSeeds = uint64_t{1} << 32;

/// One draw; throws InputError when the chunk can't run it.
FuzzCase draw(const design::Design& design, base::Rng& rng) {
    FuzzCase fuzz_case;
    fuzz_case.design = design;
    fuzz_case.network = network::separateJoinedMaps(randomNetwork(rng, design.chunk(), {}));
    for (const mapping::LayerPlan& plan : randomPlans(mapping::extractLayers(fuzz_case.network, design.chunk().operand_bits), design.chunk(), rng))
        fuzz_case.mapping[plan.layer.name] = plan.mapping;
    fuzz_case.weights_seed = rng.below(kSeeds);
    fuzz_case.pictures_seed = rng.below(kSeeds);
    fuzz_case.pictures = 1 + int(rng.below(2));
    fuzz_case.stall_seed = rng.below(3) == 0 ? 1 + rng.below(kSeeds - 1) : 0;
    return fuzz_case;
}

std::optional<FuzzCase> tryDraw(const design::Design& design, base::Rng& rng, const FuzzRange& range, int attempts) {
    for (int i = 0; i < attempts; ++i) {
        try {
            FuzzCase fuzz_case = draw(design, rng);
            const int64_t cycles = mapping::networkCycles(plansOf(fuzz_case), design::MemoryModel{}).back().done;
            if (cycles <= range.max_cycles) return fuzz_case;
        } catch (const base::InputError&) {  // drawn again
        }
    }
    return std::nullopt;
}

}  // namespace

design::Design randomDesign(base::Rng& rng, const FuzzRange& range) {
    const ChunkRange chunks{.max_rows = range.max_rows,
                            .max_cols = range.max_cols,
                            .input_words = {16, 512},
                            .weight_words = {64, 2048},
                            .output_words = {128, 1024},
                            .accumulator_room = 3,
                            .array = range.array,
                            .descriptor_slots = {8, 256},
                            .rom = range.rom};
    while (true) {
        design::Design design;
        design.name = "fuzz";
        design.chunks = {randomChunk(rng, chunks)};
        base::Rng probe(rng.next64(), "fuzz probe");
        if (tryDraw(design, probe, range, 40)) return design;
    }
}

FuzzCase randomCase(const design::Design& design, base::Rng& rng, const FuzzRange& range) {
    while (true)
        if (auto fuzz_case = tryDraw(design, rng, range, 1000)) return *fuzz_case;
}

}  // namespace dna::verif
