#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/design/design_space.h"
#include "core/search/cost_oracle.h"
#include "costmodel/mapper.h"

namespace dna::costmodel {

/// The generated hardware as a search problem for one network: hardware parameters of the design space, and for every
/// layer shape the caps of its tiles and its loop orders. Points are legalised by mapping::legalize, the function that
/// `estimate` and `emit` rely on, so that what a search returns always emits.
class DesignOracle : public search::CostOracle {
public:
    /// `layers` of the network; `base` holds the fields that are not searched.
    DesignOracle(const std::vector<mapping::Layer>& layers, const design::DesignSpace& space, const design::Chunk& base,
                 const Technology& technology, const design::Target& target);

    const std::vector<search::SearchParameter>& parameters() const override { return parameters_; }
    int groups() const override { return int(shapes_.size()); }
    search::OracleCost evaluate(const std::vector<int>& choice) override;
    int64_t mappingEvaluations() const override { return mapping_evaluations_; }

    /// The part of a choice that chooses the hardware: an index per parameter of the design space.
    std::vector<int> hardwareOf(const std::vector<int>& choice) const {
        return {choice.begin(), choice.begin() + int64_t(space_.parameters.size())};
    }
    design::Chunk chunkOf(const std::vector<int>& choice) const { return space_.chunk(choice, base_); }

private:
    struct Shape {
        mapping::Layer layer;
        int count = 0;     ///< layers of the network that have it
        size_t first = 0;  ///< index of its first parameter
    };
    mapping::LayerMapping wanted(const Shape& shape, const std::vector<int>& choice, const design::Chunk& chunk) const;
    double logObjective(double energy, double latency) const;

    design::DesignSpace space_;
    design::Chunk base_;
    const Technology& technology_;
    const design::Target& target_;
    std::vector<Shape> shapes_;
    std::vector<search::SearchParameter> parameters_;
    int64_t mapping_evaluations_ = 0;
};

}  // namespace dna::costmodel
