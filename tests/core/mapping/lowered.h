#pragma once

#include <doctest/doctest.h>

#include <string>

#include "core/mapping/plan.h"

/// The plan of a layer with a mapping that its chunk can do.
inline dna::mapping::LayerPlan planOf(const dna::mapping::Layer& layer, const dna::design::Chunk& chunk,
                                      const dna::mapping::LayerMapping& mapping) {
    const auto lowered = dna::mapping::lower(layer, chunk, mapping);
    REQUIRE(std::holds_alternative<dna::mapping::LayerPlan>(lowered));
    return std::get<dna::mapping::LayerPlan>(lowered);
}

/// Why a chunk can't do it with the mapping.
inline std::string refusalOf(const dna::mapping::Layer& layer, const dna::design::Chunk& chunk,
                             const dna::mapping::LayerMapping& mapping) {
    const auto lowered = dna::mapping::lower(layer, chunk, mapping);
    REQUIRE(std::holds_alternative<dna::mapping::Refusal>(lowered));
    return std::get<dna::mapping::Refusal>(lowered).reason;
}
