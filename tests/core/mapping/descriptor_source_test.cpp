// Programs of chips that have their descriptors in a memory of their own.
#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/mapping/cycles.h"
#include "core/mapping/program.h"
#include "verif/random_case.h"

using namespace dna;

namespace {

struct Made {
    nn::IntegerNetwork network;
    std::vector<mapping::LayerPlan> plans;
    mapping::Program program;
};

/// The same network and mappings on the default chunk with descriptors from `source`.
Made make(design::DescriptorSource source) {
    base::Rng rng(5, "descriptor source test");
    design::Design design;
    design::Chunk& chunk = design.chunks.front();
    chunk.input_words = 512, chunk.weight_words = 2048, chunk.max_pool = true, chunk.descriptors = source, chunk.descriptor_slots = 256;
    Made made;
    const network::Network graph = verif::everyOperator(rng, "case");
    made.network = nn::randomIntegerNetwork(graph, 5, {8, chunk.multiplier_bits});
    made.plans = verif::randomPlans(mapping::extractLayers(graph), chunk, rng);
    made.program = mapping::buildProgram(made.network, design, made.plans);
    return made;
}

}  // namespace

TEST_CASE("descriptors in the chip leave DRAM: weights begin at 0, every map moves by as much, nothing else changes") {
    const mapping::Program dram = make(design::DescriptorSource::Dram).program;
    REQUIRE(dram.regions.front().name == "descriptors");
    const uint32_t less = dram.regions.front().bytes;
    CHECK(std::equal(dram.image.begin(), dram.image.begin() + 256, mapping::descriptorBytes({dram.descriptors.front()}).begin()));
    for (const design::DescriptorSource source : {design::DescriptorSource::Ram, design::DescriptorSource::Rom}) {
        const mapping::Program local = make(source).program;
        REQUIRE(local.regions.size() + 1 == dram.regions.size());
        CHECK(local.regions.front().address == 0);
        for (size_t i = 0; i < local.regions.size(); ++i) {
            CHECK(local.regions[i].name == dram.regions[i + 1].name);
            CHECK(local.regions[i].address + less == dram.regions[i + 1].address);
            CHECK(local.regions[i].bytes == dram.regions[i + 1].bytes);
        }
        for (size_t i = 0; i < local.map_address.size(); ++i)
            CHECK(local.map_address[i] == (dram.map_address[i] == 0 ? 0 : dram.map_address[i] - less));
        CHECK(local.dram_bytes + less == dram.dram_bytes);
        CHECK(std::vector<uint8_t>(dram.image.begin() + less, dram.image.end()) == local.image);
        CHECK(local.descriptors.size() == dram.descriptors.size());
        CHECK(mapping::descriptorBytes(local.descriptors).size() == 256 * local.descriptors.size());
    }
}

TEST_CASE("a program with more descriptors than the RAM holds is refused with file, place, found and expected") {
    const Made made = make(design::DescriptorSource::Ram);
    design::Design design = made.program.design;
    design.name = "small.json";
    const int count = int(made.program.descriptors.size());
    design.chunks.front().descriptor_slots = count;
    CHECK_NOTHROW(mapping::buildProgram(made.network, design, made.plans));
    design.chunks.front().descriptor_slots = count - 1;
    try {
        mapping::buildProgram(made.network, design, made.plans);
        FAIL_CHECK("the program was accepted");
    } catch (const base::InputError& error) {
        CHECK(error.what() == "small.json: /chunks/0/descriptor_slots: expected at least the " + std::to_string(count) +
                                  " descriptors of the program, found " + std::to_string(count - 1));
    }
}

// The first layer waits for its descriptor alone. From the request of one in DRAM its last word of 16 comes after 40 cycles of
// latency and 16 beats (128 bits), from the chip after 3 cycles and 16 words: 1 + 40 + 15 cycles against 3 + 15.
TEST_CASE("a descriptor in the chip arrives 38 cycles earlier than one in DRAM") {
    Made dram = make(design::DescriptorSource::Dram), ram = make(design::DescriptorSource::Ram);
    const auto first = [](const Made& made) { return mapping::networkCycles({made.plans.front()}, design::MemoryModel{}); };
    CHECK(first(dram).front().done - first(ram).front().done == 38);
    CHECK(first(dram).front().read_beats - first(ram).front().read_beats == 16);
}
