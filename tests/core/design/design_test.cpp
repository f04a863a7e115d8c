#include "core/design/design_space.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "core/base/file.h"
#include "core/base/rng.h"

using namespace dna;

namespace {

/// Reads a design from text; returns the message of what is wrong, empty when nothing is.
std::string complaint(const std::string& text) {
    const auto file = std::filesystem::temp_directory_path() / "dna-design-test.json";
    base::writeFileAtomic(file, text);
    try {
        design::readDesign(file);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return {};
}

std::string chunkText(const std::string& fields) {
    return R"({"format": "dna.design", "version": 1, "chunks": [{)" + fields + "}]}";
}

/// Fields that a file has only where they differ from the default, as in `design`: designs of before keep their hash.
void checkKept(const design::Design& design, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) CHECK(!design::toJson(design::Design{}).at("chunks").at(0).contains(key));
    CHECK(designHash(design) != designHash(design::Design{}));
    const auto file = std::filesystem::temp_directory_path() / "dna-design-test.json";
    base::writeJson(file, design::toJson(design));
    CHECK(design::readDesign(file) == design);
}

}  // namespace

TEST_CASE("a design survives writing and reading; its hash ignores the order of keys") {
    design::Design design;
    design.name = "round trip";
    design.chunks[0].rows = 32, design.chunks[0].cols = 16, design.chunks[0].weight_words = 2048;
    const auto file = std::filesystem::temp_directory_path() / "dna-design-test.json";
    base::writeJson(file, design::toJson(design));
    CHECK(design::readDesign(file) == design);
    const std::string a =
        complaint(chunkText(R"("rows": 8, "cols": 8, "input_words": 64, "weight_words": 256, "output_words": 256)"));
    CHECK(a == "");
    const design::Design first = design::readDesign(file);
    CHECK(complaint(
              chunkText(R"("output_words": 256, "cols": 8, "weight_words": 256, "rows": 8, "input_words": 64)")) == "");
    CHECK(designHash(design::readDesign(file)) == designHash(first));
}

TEST_CASE("designs that can't be built are refused with place and reason, all problems at once") {
    const std::string text =
        complaint(chunkText(R"("rows": 12, "cols": 10, "inputwords": 64, "weight_words": 2.5, "output_words": 16)"));
    CHECK(text.find("rows") != std::string::npos);
    CHECK(text.find("cols") != std::string::npos);
    CHECK(text.find("did you mean \"input_words\"") != std::string::npos);
    CHECK(text.find("weight_words") != std::string::npos);
    CHECK(text.find("output_words") != std::string::npos);
    CHECK(complaint("") != "");
    CHECK(complaint("{\"format\": \"dna.network\", \"version\": 1}") != "");
    CHECK(complaint(R"({"format": "dna.design", "version": 1, "chunks": []})") != "");
    CHECK(complaint(chunkText(R"("rows": 8, "rows": 8)")) != "");
}

TEST_CASE("packed weights: kept in the file, without them a design's hash is that of before; 4-bit operands have none") {
    design::Design design;
    design.chunks[0].packed_weights = true;
    checkKept(design, {"packed_weights"});
    const std::string rest = R"("rows": 8, "input_words": 64, "weight_words": 256, "output_words": 256, "packed_weights": )";
    CHECK(complaint(chunkText(rest + R"(true, "cols": 32, "operand_bits": 4)")).find("packed_weights") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"(1, "cols": 16)")).find("packed_weights") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"(true, "cols": 16)")) == "");
}

TEST_CASE("slots and lanes: kept in the file, without them a design's hash is that of before; what is illegal is refused") {
    design::Design design;
    design::Chunk& chunk = design.chunks[0];
    chunk.input_slots = 1, chunk.output_slots = 1, chunk.columns_per_lane = 2;
    checkKept(design, {"input_slots", "weight_slots", "output_slots", "columns_per_lane"});
    const std::string rest = R"("rows": 8, "cols": 16, "input_words": 64, "weight_words": 256, "output_words": 256, )";
    CHECK(complaint(chunkText(rest + R"("input_slots": 3)")).find("input_slots") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("output_slots": 0)")).find("output_slots") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("columns_per_lane": 4)")) == "");
    CHECK(complaint(chunkText(rest + R"("columns_per_lane": 3)")).find("columns_per_lane") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("columns_per_lane": 8)")).find("expected at most 4") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("template": "dot_lanes", "columns_per_lane": 2)")) == "");
    CHECK(complaint(chunkText(rest + R"("template": "row_stationary", "columns_per_lane": 2)")).find("row_stationary") != std::string::npos);
}

TEST_CASE("banks: kept in the file, with one a design's hash is that of before; no more than the memory has words for") {
    design::Design design;
    design::Chunk& chunk = design.chunks[0];
    chunk.input_banks = 2, chunk.weight_banks = 8, chunk.output_banks = 4;
    checkKept(design, {"input_banks", "weight_banks", "output_banks"});
    const std::string rest = R"("rows": 8, "cols": 16, "input_words": 64, "weight_words": 256, "output_words": 256, )";
    CHECK(complaint(chunkText(rest + R"("input_banks": 4)")) == "");
    CHECK(complaint(chunkText(rest + R"("input_banks": 8)")).find("expected at most 4") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("weight_banks": 3)")).find("expected one of 1, 2, 4, 8, found 3") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("output_banks": 0)")).find("output_banks") != std::string::npos);
}

TEST_CASE("sources of descriptors: kept in the file, in DRAM a design's hash is that of before; what is illegal is refused") {
    design::Design design;
    for (const design::DescriptorSource source : {design::DescriptorSource::Ram, design::DescriptorSource::Rom}) {
        design.chunks[0].descriptors = source;
        checkKept(design, {"descriptors", "descriptor_slots"});
    }
    design.chunks[0].descriptors = design::DescriptorSource::Ram, design.chunks[0].descriptor_slots = 5;
    checkKept(design, {});
    CHECK(design.chunk().descriptorRamWords() == 5 * 16);

    const std::string rest = R"("rows": 8, "cols": 16, "input_words": 64, "weight_words": 256, "output_words": 256, )";
    CHECK(complaint(chunkText(rest + R"("descriptors": "dram")")) == "");
    CHECK(complaint(chunkText(rest + R"("descriptors": "ram")")) == "");
    CHECK(complaint(chunkText(rest + R"("descriptors": "ram", "descriptor_slots": 256)")) == "");
    CHECK(complaint(chunkText(rest + R"("descriptors": "flash")")).find("/chunks/0/descriptors: ") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("descriptors": "ram", "descriptor_slots": 0)")).find("descriptor_slots") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("descriptors": "ram", "descriptor_slots": 257)")).find("257") != std::string::npos);
    for (const char* source : {R"("descriptor_slots": 64)", R"("descriptors": "rom", "descriptor_slots": 64)"})
        CHECK(complaint(chunkText(rest + source)).find("/chunks/0/descriptor_slots: expected only where \"descriptors\" is \"ram\"") !=
              std::string::npos);
}

TEST_CASE("a row-stationary design survives writing and reading; depths of register files are checked") {
    design::Design design;
    design::Chunk& chunk = design.chunks[0];
    chunk.array = design::Template::RowStationary;
    chunk.rows = 32, chunk.rf_words = 64, chunk.psum_words = 256;
    const auto file = std::filesystem::temp_directory_path() / "dna-design-test.json";
    base::writeJson(file, design::toJson(design));
    CHECK(design::readDesign(file) == design);
    chunk.rf_words = 24;
    CHECK(complaint(design::toJson(design).dump()).find("rf_words") != std::string::npos);
    chunk.rf_words = 16, chunk.max_pool = true;
    CHECK(complaint(design::toJson(design).dump()).find("max_pool") != std::string::npos);
    chunk.array = design::Template::OutputArray;
    CHECK(complaint(design::toJson(design).dump()) == "");
}

TEST_CASE("arrays whose weights stay have at most 16 rows, and no more than a word has channels") {
    const std::string rest = R"("input_words": 64, "weight_words": 256, "output_words": 256, "template": "dot_lanes", )";
    CHECK(complaint(chunkText(rest + R"("cols": 16, "rows": 16)")) == "");
    CHECK(complaint(chunkText(rest + R"("cols": 16, "rows": 32)")).find("rows: expected at most 16") != std::string::npos);
    CHECK(complaint(chunkText(rest + R"("cols": 8, "operand_bits": 16, "rows": 16)")).find("rows: expected at most 8") != std::string::npos);
}

TEST_CASE("a field that is missing is told once") {
    const std::string text = complaint(chunkText(R"("rows": 8, "input_words": 64, "weight_words": 256, "output_words": 256)"));
    CHECK(text.find("cols: is missing") != std::string::npos);
    CHECK(text.find("cols: expected") == std::string::npos);
}

TEST_CASE("a chunk of a design space") {
    const design::DesignSpace space = design::designSpace(base::Json{{"rows", {8, 16}}}, "test");
    const design::Chunk chunk = space.chunk({1, 1, 2, 0, 3}, {});
    CHECK(chunk.rows == 16);
    CHECK(chunk.cols == 16);
    CHECK(chunk.input_words == 128);
    CHECK(chunk.weight_words == 256);
    CHECK(chunk.output_words == 1024);
    CHECK(chunk.array == design::Template::OutputArray);
    CHECK(space.size() == 2 * 2 * 4 * 4 * 4);
}

TEST_CASE("every choice of a space with all templates is a design that the reader takes") {
    const base::Json lists{{"template", {"dot_lanes", "weight_stationary", "output_array", "row_stationary"}},
                           {"psum_words", {8, 1024}}, {"rf_words", {8, 64}}, {"columns_per_lane", {1, 2, 4}}, {"input_words", {16, 4096}},
                           {"input_banks", {1, 8}}, {"weight_banks", {1, 2, 8}}, {"output_banks", {4, 8}}};
    const design::DesignSpace space = design::designSpace(lists, "test");
    design::Design design;
    design::Chunk base;
    base.max_pool = base.split_reduction = true;
    base::Rng rng(5, "every choice");
    std::set<design::Template> met;
    for (int i = 0; i < 500; ++i) {
        std::vector<int> choice;
        for (const design::ParameterChoices& p : space.parameters) choice.push_back(int(rng.below(p.values.size())));
        design.chunks = {space.chunk(choice, base)};
        met.insert(design.chunk().array);
        CAPTURE(design::toJson(design).dump());
        CHECK(complaint(design::toJson(design).dump()) == "");
    }
    CHECK(met.size() == 4);
    CHECK_THROWS_WITH_AS(design::designSpace(base::Json{{"template", {"dot_lane"}}}, "t.json"),
                         doctest::Contains("expected a list of values out of dot_lanes, weight_stationary, output_array, row_stationary, found [\"dot_lane\"]"),
                         base::InputError);
    CHECK_THROWS_AS(design::designSpace(base::Json{{"template", {3}}}, "t.json"), base::InputError);
}
