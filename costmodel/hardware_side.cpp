#include "costmodel/hardware_side.h"

#include <algorithm>
#include <limits>

#include "core/base/rng.h"
#include "core/mapping/fitting_space.h"
#include "core/search/das.h"
#include "costmodel/design_oracle.h"

namespace dna::costmodel {

using mapping::Layer;

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

/// What an operator costs that fits no design of the space: so much that no search keeps it.
constexpr double kMisfitFactor = 100;

class DasHardwareSide : public search::HardwareSide {
public:
    DasHardwareSide(const network::NetworkSpace& space, const design::Target& target, uint64_t seed)
        : target_(target),
          technology_(builtinTechnology(target.technology)),
          mapper_(technology_, target_),
          algorithm_(search::makeAlgorithm("gumbel")),
          seed_(seed) {
        for (size_t b = 0; b < space.blocks.size(); ++b) {
            operators_.emplace_back();
            for (const network::BlockOption& option : network::blockOptions(space, int(b)))
                operators_.back().push_back(mapping::extractLayers(network::buildOperator(space, int(b), option)));
        }
        for (const network::Network& part : network::buildFixedParts(space))
            fixed_.push_back(mapping::extractLayers(part));
        std::vector<Layer> all;
        for (const auto& block : operators_)
            for (const auto& layers : block) all.insert(all.end(), layers.begin(), layers.end());
        for (const auto& layers : fixed_) all.insert(all.end(), layers.begin(), layers.end());
        base_ = mapping::baseChunk(all);
        design_space_ = mapping::fittingSpace(target.design_space, "config", all, base_);
        for (const design::ParameterChoices& p : design_space_.parameters) choice_.push_back(int(p.values.size()) / 2);
        chunk_ = design_space_.chunk(choice_, base_);
    }

    search::CostTable table() override {
        search::CostTable table;
        for (const auto& block : operators_) {
            table.blocks.emplace_back();
            for (const auto& layers : block) table.blocks.back().push_back(cost(layers));
        }
        for (const auto& layers : fixed_) {
            const search::OperatorCost part = cost(layers);
            table.fixed.energy_pj += part.energy_pj;
            table.fixed.latency_cycles += part.latency_cycles;
        }
        table.clock_mhz = target_.clock_mhz;
        table.area_um2 = pricesOf(chunk_, technology_, target_.dram, target_.clock_mhz).area.total();
        const double cycles_per_ms = target_.clock_mhz * 1e3;
        table.max_energy_pj = target_.limits.max_energy_mj ? *target_.limits.max_energy_mj * 1e9 : kNone;
        table.max_latency_cycles =
            target_.limits.max_latency_ms ? *target_.limits.max_latency_ms * cycles_per_ms : kNone;
        if (target_.limits.min_fps)
            table.max_latency_cycles =
                std::min(table.max_latency_cycles, 1e3 / *target_.limits.min_fps * cycles_per_ms);
        return table;
    }

    search::CostTable refine(const network::Network& current, int evaluations, uint64_t step) override {
        DesignOracle oracle(mapping::extractLayers(current), design_space_, base_, technology_, target_);
        base::Rng rng(seed_, "das", step);
        const search::DasResult result = search::searchDesign(*algorithm_, oracle, evaluations, rng);
        choice_ = oracle.hardwareOf(result.best);
        chunk_ = design_space_.chunk(choice_, base_);
        return table();
    }

    base::Json save() const override {
        return base::Json{{"choice", choice_}, {"algorithm", algorithm_->save()}};
    }

    void restore(const base::Json& state) override {
        choice_ = state.at("choice").get<std::vector<int>>();
        chunk_ = design_space_.chunk(choice_, base_);
        algorithm_->restore(state.at("algorithm"));
    }

private:
    /// Sum over an operator's layers, each with the mapping that is best for the target's objective on its own. A layer
    /// that does not fit is priced on the design with larger buffers that the next DAS would have to move to.
    search::OperatorCost cost(const std::vector<Layer>& layers) {
        search::OperatorCost sum;
        for (const Layer& layer : layers) {
            design::Chunk chunk = chunk_;
            while (mapper_.front(layer, chunk).choices.empty() && grow(chunk)) {
            }
            const MappingFront& front = mapper_.front(layer, chunk);
            if (front.choices.empty()) {
                const ChunkPrices prices = pricesOf(chunk, technology_, target_.dram, target_.clock_mhz);
                const double cycles = kMisfitFactor * double(std::max<int64_t>(layer.macs, 1)) / prices.pes;
                sum.latency_cycles += cycles;
                sum.energy_pj += cycles * (prices.mac_pj * prices.pes + prices.control_pj);
                continue;
            }
            const MappingChoice& choice = bestAlone(front, target_.objective);
            sum.energy_pj += choice.energy_pj;
            sum.latency_cycles += choice.latency_cycles;
        }
        return sum;
    }

    /// Doubles the buffers, as far as the design space goes; false when nothing is left to grow.
    bool grow(design::Chunk& chunk) const {
        bool grown = false;
        for (const design::ParameterChoices& p : design_space_.parameters) {
            int* field = p.name == "input_words"    ? &chunk.input_words
                         : p.name == "weight_words" ? &chunk.weight_words
                         : p.name == "output_words" ? &chunk.output_words
                                                    : nullptr;
            if (field == nullptr) continue;
            int largest = *std::max_element(p.values.begin(), p.values.end());
            if (field == &chunk.input_words) largest = design::inputMemoryWords(chunk, largest);
            if (*field >= largest) continue;
            *field = std::min(2 * *field, largest);
            grown = true;
        }
        return grown;
    }

    design::Target target_;
    Technology technology_;
    design::DesignSpace design_space_;
    Mapper mapper_;
    std::unique_ptr<search::SearchAlgorithm> algorithm_;
    uint64_t seed_;
    std::vector<int> choice_;  ///< of every hardware parameter
    design::Chunk base_, chunk_;
    std::vector<std::vector<std::vector<Layer>>> operators_;  ///< [block][option]
    std::vector<std::vector<Layer>> fixed_;
};

}  // namespace

std::unique_ptr<search::HardwareSide> makeHardwareSide(const network::NetworkSpace& space, const design::Target& target,
                                                       uint64_t seed) {
    return std::make_unique<DasHardwareSide>(space, target, seed);
}

}  // namespace dna::costmodel
