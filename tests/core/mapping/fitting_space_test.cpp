// Built-in sizes of buffers go on where a network needs it; what a target lists stays as it is.
#include "core/mapping/fitting_space.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/mapping/plan.h"

using namespace dna;
using mapping::Layer;

namespace {

/// 3x3 convolution over `channels` on an 8x8 map: a unit of 16 channels takes 9 x channels words of weights, and parameters.
Layer wide(int channels) {
    Layer layer;
    layer.name = "wide";
    layer.in_channels = layer.out_channels = channels;
    layer.in_height = layer.in_width = layer.out_height = layer.out_width = 8;
    layer.kernel = layer.kernel_width = 3, layer.pad = 1;
    layer.subs = {{0, channels, 0, channels, 1, 0}};
    return layer;
}

std::vector<int> valuesOf(const design::DesignSpace& space, const std::string& name) {
    for (const design::ParameterChoices& p : space.parameters)
        if (p.name == name) return p.values;
    return {};
}

}  // namespace

TEST_CASE("a design space that fits: nothing is added to one that holds the network") {
    const design::DesignSpace plain = design::designSpace({}, "t"), space = mapping::fittingSpace({}, "t", {wide(128)}, {});
    for (const design::ParameterChoices& p : plain.parameters) CHECK(valuesOf(space, p.name) == p.values);
}

TEST_CASE("a design space that fits: sizes go on in doublings up to the one that holds the network, and no other does") {
    // 9 x 512 words of weights and the parameters: 4096 are too few.
    const std::vector<Layer> layers{wide(128), wide(512)};
    const design::DesignSpace space = mapping::fittingSpace({}, "t", layers, {});
    CHECK(valuesOf(space, "weight_words") == std::vector<int>{256, 512, 1024, 2048, 4096, 8192});
    std::vector<int> choice;
    for (const design::ParameterChoices& p : space.parameters) choice.push_back(int(p.values.size()) - 1);
    const design::Chunk chunk = space.chunk(choice, {});
    for (const Layer& layer : layers) CHECK(std::holds_alternative<mapping::LayerMapping>(mapping::legalize(layer, chunk, {})));
    CHECK(valuesOf(space, "input_words").back() <= 1024);
}

TEST_CASE("a design space that fits: a target's own list is not changed, and what no hardware holds ends") {
    const design::DesignSpace listed = mapping::fittingSpace(base::Json{{"weight_words", {1024}}}, "t", {wide(512)}, {});
    CHECK(valuesOf(listed, "weight_words") == std::vector<int>{1024});
    const design::DesignSpace endless = mapping::fittingSpace({}, "t", {wide(8192)}, {});
    CHECK(valuesOf(endless, "weight_words").back() <= 16384);
    CHECK(design::nextLegal("weight_words", 2048) == 4096);
    CHECK(!design::nextLegal("weight_words", 16384).has_value());
    CHECK_THROWS_AS(mapping::fittingSpace(base::Json{{"weight_wordz", {1024}}}, "t", {wide(16)}, {}), base::InputError);
}
