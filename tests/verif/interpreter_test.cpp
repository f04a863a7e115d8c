#include "verif/interpreter.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/mapping/program.h"
#include "verif/random_case.h"
#include "verif/reference.h"

using namespace dna;

namespace {

/// Differences between the stored maps of a finished image and the reference, layer by layer; maps that were
/// overwritten later (memory is reused) are compared by running the program once per layer would be needed, so only the
/// last is here.
int64_t logitDifferences(const mapping::Program& program, const std::vector<uint8_t>& dram,
                         const std::vector<int64_t>& logits) {
    const mapping::Layer& last = program.plans.back().layer;
    const mapping::StoredMap map = mapping::layoutLogits(last, logits);
    const uint32_t base = program.map_address[size_t(last.output_node)];
    int64_t differences = 0;
    for (size_t i = 0; i < map.bytes.size(); ++i)
        if (((dram[base + i] ^ map.bytes[i]) & map.care[i]) != 0) ++differences;
    return differences;
}

}  // namespace

TEST_CASE("descriptors of random designs and mappings compute what the network's definition says") {
    for (uint64_t seed = 0; seed < 30; ++seed) {
        CAPTURE(seed);
        base::Rng rng(seed, "interpreter test");
        design::Design design;
        design.chunks = {verif::randomChunk(rng, {.rom = true})};
        const network::Network graph = verif::everyOperator(rng, "case", design.chunk().max_pool);
        const nn::IntegerNetwork network = nn::randomIntegerNetwork(
            graph, seed, {design.chunk().operand_bits, design.chunk().multiplier_bits});
        const auto plans =
            verif::randomPlans(mapping::extractLayers(graph, design.chunk().operand_bits), design.chunk(), rng);
        const mapping::Program program = mapping::buildProgram(network, design, plans);
        const std::vector<uint8_t> picture = verif::randomPicture(graph, rng);

        std::vector<uint8_t> dram(program.dram_bytes);
        std::memcpy(dram.data(), program.image.data(), program.image.size());
        const std::vector<uint8_t> input = mapping::layoutInput(network, plans.front().layer, picture.data());
        std::memcpy(dram.data() + program.map_address[size_t(plans.front().layer.input.node)], input.data(),
                    input.size());
        if (design.chunk().localDescriptors())
            verif::interpret(dram, mapping::descriptorBytes(program.descriptors), 0, design.chunk());
        else
            verif::interpret(dram, dram, 0, design.chunk());

        const verif::ReferenceOutputs reference = verif::runReference(network, picture.data());
        CHECK(logitDifferences(program, dram, reference.logits) == 0);
        CHECK(nn::runInteger(network, picture.data()).logits == reference.logits);
        // The check itself sees a wrong logit.
        std::vector<int64_t> wrong = reference.logits;
        wrong[0] ^= 1;
        CHECK(logitDifferences(program, dram, wrong) == 1);
    }
}
