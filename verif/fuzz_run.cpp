#include "verif/fuzz_run.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/mapping/cycles.h"
#include "verif/expected_counters.h"
#include "verif/random_case.h"
#include "verif/simulation.h"
#include "verif/vectors.h"

namespace dna::verif {

namespace fs = std::filesystem;

namespace {

class Judge {
public:
    Judge(const std::vector<mapping::LayerPlan>& plans, bool stalled)
        : times_(mapping::networkCycles(plans, design::MemoryModel{})),
          expected_(expectedCounters(plans, times_)),
          stalled_(stalled) {}

    Verdict judge(const std::vector<SimulatedPicture>& pictures) {
        for (const SimulatedPicture& picture : pictures) {
            for (size_t i = 0; i < picture.layers.size(); ++i) judgeLayer(picture, picture.layers[i], times_[i].done);
            judgeCounters(picture);
        }
        return std::move(verdict_);
    }

private:
    void note(const std::string& kind, const std::string& text) {
        if (verdict_.first.empty()) verdict_.kind = kind, verdict_.first = text;
    }

    void judgeLayer(const SimulatedPicture& picture, const SimulatedLayer& layer, int64_t done) {
        const std::string place = fmt::format("picture {}, layer {}", picture.image, layer.name);
        if (layer.mismatches > 0) {
            verdict_.mismatches += layer.mismatches;
            note("bytes", fmt::format("{}: {} bytes differ, the first at {}: found {}, expected {}", place,
                                      layer.mismatches, layer.first, layer.found, layer.expected));
        }
        if (stalled_ || layer.done == done) return;
        ++verdict_.cycle_differences;
        note("cycles", fmt::format("{}: done in cycle {}, the model says {}", place, layer.done, done));
    }

    void judgeCounters(const SimulatedPicture& picture) {
        for (size_t i = stalled_ ? kFirstAccessCounter : 0; i < kCounters; ++i) {
            const int64_t found = picture.layers.back().counters[i];
            if (found == expected_[i]) continue;
            ++(i < kFirstAccessCounter ? verdict_.cycle_differences : verdict_.access_differences);
            note(kCounterNames[i], fmt::format("picture {}: {} is {}, the model says {}", picture.image,
                                               kCounterNames[i], found, expected_[i]));
        }
    }

    std::vector<mapping::LayerTime> times_;
    std::array<int64_t, kCounters> expected_;
    bool stalled_;
    Verdict verdict_;
};

Verdict stoppedBy(const std::string& reason) {
    Verdict verdict;
    if (reason.find("writes outside its map") != std::string::npos)
        verdict.writes_outside = 1;
    else
        verdict.stopped = true;
    verdict.kind = "stopped";
    verdict.first = reason;
    return verdict;
}

nn::IntegerNetwork networkOf(const FuzzCase& fuzz_case) {
    const design::Chunk& chunk = fuzz_case.design.chunk();
    return nn::randomIntegerNetwork(fuzz_case.network, fuzz_case.weights_seed, {chunk.operand_bits, chunk.multiplier_bits});
}

}  // namespace

std::vector<mapping::Descriptor> romOf(const FuzzCase& fuzz_case) {
    if (fuzz_case.design.chunk().descriptors != design::DescriptorSource::Rom) return {};
    return mapping::buildProgram(networkOf(fuzz_case), fuzz_case.design, plansOf(fuzz_case)).descriptors;
}

std::vector<mapping::LayerPlan> writeCaseVectors(const FuzzCase& fuzz_case, const fs::path& folder, uint32_t descriptor_base) {
    std::vector<mapping::LayerPlan> plans = plansOf(fuzz_case);
    const nn::IntegerNetwork network = networkOf(fuzz_case);
    mapping::Program program = mapping::buildProgram(network, fuzz_case.design, plans);
    program.descriptor_base = descriptor_base;
    base::Rng rng(fuzz_case.pictures_seed, "fuzz pictures");
    std::vector<std::vector<uint8_t>> pictures;
    std::vector<const uint8_t*> pointers;
    for (int i = 0; i < fuzz_case.pictures; ++i) pictures.push_back(randomPicture(fuzz_case.network, rng));
    for (const auto& picture : pictures) pointers.push_back(picture.data());
    writeVectors(folder, network, program, pointers);
    // A deadlock shall not cost minutes.
    const int64_t cycles = mapping::networkCycles(plans, design::MemoryModel{}).back().done;
    base::appendLine(folder / "program.txt", fmt::format("patience {}", 4 * cycles + 20000));
    return plans;
}

Verdict runCase(const FuzzCase& fuzz_case, const fs::path& simulator, const fs::path& folder, uint32_t descriptor_base) {
    std::vector<mapping::LayerPlan> plans;
    try {
        plans = writeCaseVectors(fuzz_case, folder, descriptor_base);
    } catch (const base::InternalError& error) {
        return stoppedBy(error.what());
    }
    base::SilentLog log;
    try {
        return Judge(plans, fuzz_case.stall_seed != 0)
            .judge(simulate(simulator, folder, {{0, fuzz_case.pictures, fuzz_case.stall_seed}}, 1, log));
    } catch (const base::ToolError& error) {
        return stoppedBy(error.what());
    }
}

}  // namespace dna::verif
