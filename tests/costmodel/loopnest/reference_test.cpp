#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "costmodel/loopnest/cases.h"
#include "tests/skip.h"

using namespace dna;
using namespace dna::costmodel::loopnest;
using base::Json;
namespace fs = std::filesystem;

namespace {

fs::path referenceFile() { return fs::path(DNA_SOURCE_DIR) / "../shared/reference/loopnest_cases.json"; }

/// A file that is gone at the end of the scope.
struct TemporaryFile {
    fs::path path;
    explicit TemporaryFile(const std::string& text) {
        static int serial = 0;
        path = fs::temp_directory_path() /
               ("dna-cases-" + std::to_string(::getpid()) + "-" + std::to_string(serial++) + ".json");
        std::ofstream(path) << text;
    }
    ~TemporaryFile() { fs::remove(path); }
};

/// Two levels, 4 PEs in between; DRAM steps 2 channels, the array has 4 output channels, each PE 3 rows.
/// MACs 24; DRAM reads 8 weights (each once), inputs 2 x 3 (multicast), and no output.
Json smallFile() {
    return Json::parse(R"({
      "format": "heldout-loopnest-cost/1",
      "architectures": {"two": {
        "levels_outer_to_inner": [
          {"name": "DRAM", "kind": "dram", "instances": 1, "mesh_x": 1, "mesh_y": 1, "word_bits": 16,
           "capacity_words_per_instance": null, "read_words_per_cycle_per_instance": 2,
           "write_words_per_cycle_per_instance": 2, "energy_pJ_per_word": {"read": 10, "fill": 10, "update": 10}},
          {"name": "RF", "kind": "scratchpad", "instances": 4, "mesh_x": 4, "mesh_y": 1, "word_bits": 16,
           "capacity_words_per_instance": 16, "read_words_per_cycle_per_instance": null,
           "write_words_per_cycle_per_instance": null, "energy_pJ_per_word": {"read": 1, "fill": 1, "update": 1}}],
        "mac": {"instances": 4, "mesh_x": 4, "mesh_y": 1, "energy_per_mac_pJ": 0.5}}},
      "cases": [{
        "id": "a", "arch": "two",
        "layer": {"C": 2, "M": 4, "P": 3, "Q": 1, "R": 1, "S": 1, "N": 1, "G": 1,
                  "Wstride": 1, "Hstride": 1, "Wdilation": 1, "Hdilation": 1},
        "keeps": {"DRAM": ["Weights", "Inputs", "Outputs"], "RF": ["Weights", "Inputs", "Outputs"]},
        "loop_nest": [
          {"level": "DRAM", "loops_outer_to_inner": [{"dim": "C", "bound": 2, "kind": "temporal"},
                                                     {"dim": "M", "bound": 4, "kind": "spatial_X"}]},
          {"level": "RF", "loops_outer_to_inner": [{"dim": "P", "bound": 3, "kind": "temporal"}]}],
        "expected": {"macs": 24, "compute_cycles": 6, "cycles": 7, "pes_used": 4, "levels": [
          {"level": "mac", "computes": 24, "note": "a text is no count"},
          {"level": "DRAM", "cycles_if_alone": 7, "tensors": {
            "Weights": {"reads_total": 8}, "Inputs": {"reads_total": 6, "tile_words": 6},
            "Outputs": {"reads_total": 0, "updates_total": 12}}}]}}]})");
}

/// What the reader says about `text`, all problems in lines; empty when it takes it. Anything but InputError escapes.
std::string complaint(const std::string& text) {
    const TemporaryFile file(text);
    try {
        readReferenceCases(file.path);
        return "";
    } catch (const base::InputError& error) {
        std::string out;
        for (const base::Problem& problem : error.problems()) {
            CHECK(problem.file == file.path.string());
            out += problem.pointer + ": " + problem.message + "\n";
        }
        return out;
    }
}
/// The same for the small file with the value at a JSON pointer replaced.
std::string complaint(const char* pointer, const Json& value) {
    Json json = smallFile();
    json[Json::json_pointer(pointer)] = value;
    return complaint(json.dump());
}
std::string complaintWithout(const char* object, const char* key) {
    Json json = smallFile();
    REQUIRE(json[Json::json_pointer(object)].erase(key) == 1);
    return complaint(json.dump());
}
bool contains(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE("complaint: " << text.substr(0, 1000));
    return found;
}

}  // namespace

TEST_CASE("reference cases: every count, energy and cycle of the hand-written ones") {
    if (!fs::exists(referenceFile())) DNA_SKIP("no ../shared/reference/loopnest_cases.json beside the sources");
    const ReferenceCases all = readReferenceCases(referenceFile());
    CHECK(all.cases.size() == 20);
    for (const ReferenceCase& one : all.cases) {
        CAPTURE(one.id);
        for (const Difference& d : compare(all, one))
            FAIL_CHECK(d.case_id << " " << d.level << " " << d.tensor << " " << d.field << ": found " << d.found
                                 << ", expected " << d.expected);
        const Nest nest = flatten(one.mapping);
        CHECK_FALSE(capacityExcess(all.architectures[one.architecture], nest, one.problem, kTimeloop).has_value());
    }
}

TEST_CASE("reference cases: one wrong number is one difference, with its place") {
    const TemporaryFile right(smallFile().dump());
    const ReferenceCases all = readReferenceCases(right.path);
    REQUIRE(all.cases.size() == 1);
    CHECK(compare(all, all.cases[0]).empty());

    Json json = smallFile();
    json["/cases/0/expected/levels/1/tensors/Inputs/reads_total"_json_pointer] = 7;
    json["/cases/0/expected_without_neighbour_forwarding"_json_pointer] = {{"macs", 25}};
    const TemporaryFile wrong(json.dump());
    const ReferenceCases read = readReferenceCases(wrong.path);
    const std::vector<Difference> differences = compare(read, read.cases[0]);
    REQUIRE(differences.size() == 2);
    CHECK(differences[0].level == "DRAM");
    CHECK(differences[0].tensor == "Inputs");
    CHECK(differences[0].field == "reads_total");
    CHECK(differences[0].found == 6);
    CHECK(differences[0].expected == 7);
    CHECK(differences[1].field == "macs");
    CHECK(contains(differences[1].case_id, "without neighbour forwarding"));
}

TEST_CASE("reference cases: a tensor that is listed but not kept, or kept but not listed, is a difference") {
    Json json = smallFile();
    json["/cases/0/keeps/RF"_json_pointer] = {"Weights", "Inputs"};
    json["/cases/0/expected/levels/1/level"_json_pointer] = "RF";
    json["/cases/0/expected/levels/1/tensors"_json_pointer] = {{"Weights", Json::object()},
                                                               {"Outputs", Json::object()}};
    json["/cases/0/expected/levels/1"_json_pointer].erase("cycles_if_alone");
    json["/cases/0/expected"_json_pointer].erase("cycles");  // more traffic at DRAM
    const TemporaryFile file(json.dump());
    const ReferenceCases all = readReferenceCases(file.path);
    const std::vector<Difference> differences = compare(all, all.cases[0]);
    REQUIRE(differences.size() == 2);
    CHECK(differences[0].tensor == "Inputs");
    CHECK(differences[1].tensor == "Outputs");
    CHECK(differences[1].field == "kept");
}

TEST_CASE("reference cases: layers that make no sense") {
    CHECK(complaint("/cases/0/layer/P", 3) == "");
    CHECK(complaint("/cases/0/layer/P", 0) == "/cases/0/layer/P: expected an integer of at least 1, found 0\n");
    CHECK(complaint("/cases/0/layer/Wstride", -1) ==
          "/cases/0/layer/Wstride: expected an integer of at least 1, found -1\n");
    CHECK(
        contains(complaint("/cases/0/layer/C", 2.5), "/cases/0/layer/C: expected an integer of at least 1, found 2.5"));
    CHECK(contains(complaint("/cases/0/layer/C", "2"), "/cases/0/layer/C: expected an integer"));
    CHECK(contains(complaint("/cases/0/layer/Hdilation", 18446744073709551615u), "/cases/0/layer/Hdilation: expected"));
    CHECK(contains(complaint("/cases/0/layer/K", 1), "/cases/0/layer/K: unknown key"));
    CHECK(complaintWithout("/cases/0/layer", "M") == "/cases/0/layer/M: is missing\n");
    CHECK(contains(complaintWithout("/cases/0", "layer"), "/cases/0/layer: is missing"));
    CHECK(contains(complaint("/cases/0/layer", 7), "/cases/0/layer: expected an object, found 7"));
}

TEST_CASE("reference cases: layers too large to count") {
    Json json = smallFile();
    for (const char* dim : {"C", "M", "P", "Q"}) json["cases"][0]["layer"][dim] = 1000000;
    const std::string large = complaint(json.dump());
    CHECK(contains(large, "/cases/0/layer: 1e+24 multiply-accumulates exceed 2^53"));
    CHECK(contains(large, "/cases/0/layer: 1e+18 words of Inputs exceed 2^53"));
    CHECK(contains(large, "/cases/0/layer: 1e+18 words of Outputs exceed 2^53"));
    CHECK(large.find("factors") == std::string::npos);
    for (const char* dim : {"C", "M", "P", "Q"}) json["cases"][0]["layer"][dim] = base::kMaxInteger;
    CHECK(contains(complaint(json.dump()), "multiply-accumulates exceed 2^53"));
    // Few MACs, but a stride that spreads them.
    CHECK(contains(complaint("/cases/0/layer/Wstride", base::kMaxInteger), "words of Inputs exceed 2^53"));
}

TEST_CASE("reference cases: nests that do not fit the layer or the architecture") {
    const char* loop = "/cases/0/loop_nest/0/loops_outer_to_inner/0";
    CHECK(contains(complaint((std::string(loop) + "/bound").c_str(), 3),
                   "/cases/0/loop_nest: factors of C multiply to 3, the layer has 2"));
    CHECK(contains(complaint((std::string(loop) + "/bound").c_str(), 0), std::string(loop) + "/bound: expected"));
    CHECK(contains(complaint((std::string(loop) + "/bound").c_str(), -2), std::string(loop) + "/bound: expected"));
    const std::string letter = complaint((std::string(loop) + "/dim").c_str(), "K");
    CHECK(contains(letter, std::string(loop) + "/dim: expected one of C, M, P, Q, R, S, N, G, found \"K\""));
    CHECK(letter.find("factors") == std::string::npos);
    CHECK(contains(complaint((std::string(loop) + "/dim").c_str(), "CM"), "/dim: expected one of"));
    CHECK(contains(complaint((std::string(loop) + "/dim").c_str(), ""), "/dim: expected one of"));
    CHECK(contains(complaint((std::string(loop) + "/kind").c_str(), "spatial"), "/kind: expected one of"));
    CHECK(complaintWithout(loop, "dim") == std::string(loop) + "/dim: is missing\n");
    CHECK(contains(complaint((std::string(loop) + "/bonud").c_str(), 2), "/bonud: unknown key"));
    CHECK(contains(complaint("/cases/0/loop_nest/0/loops_outer_to_inner/1/kind", "spatial_Y"),
                   "spatial loops along Y need 4, the fan-out is 1"));
    CHECK(contains(complaint("/cases/0/loop_nest/1/level", "GLB"),
                   "/cases/0/loop_nest/1/level: no level GLB in architecture two"));
    CHECK(contains(complaint("/cases/0/loop_nest/1/level", "DRAM"), "level DRAM is listed twice"));
    CHECK(contains(complaint("/cases/0/loop_nest", Json::object()), "/cases/0/loop_nest: expected an array"));
    CHECK(complaintWithout("/cases/0", "loop_nest") == "/cases/0/loop_nest: is missing\n");
    CHECK(contains(complaint("/cases/0/keeps/GLB", {"Weights"}), "/cases/0/keeps/GLB: no such level"));
    CHECK(contains(complaint("/cases/0/keeps/RF", {"weights"}), "expected Weights, Inputs or Outputs, found weights"));
    CHECK(contains(complaint("/cases/0/keeps/DRAM", {"Weights"}), "the outermost level must keep Inputs"));
    CHECK(contains(complaint("/cases/0/arch", "three"), "/cases/0/arch: no architecture three in this file"));
    Json many = smallFile();
    Json& loops = many["cases"][0]["loop_nest"][0]["loops_outer_to_inner"];
    const Json step = loops[0];
    for (int i = 0; i < 70; ++i) loops.insert(loops.begin(), step);
    CHECK(contains(complaint(many.dump()), "73 loops, at most 64 are supported"));
}

TEST_CASE("reference cases: expectations that would be passed over are refused") {
    CHECK(complaintWithout("/cases/0", "expected") == "/cases/0/expected: is missing\n");
    CHECK(contains(complaint("/cases/0/expected", nullptr), "/cases/0/expected: expected an object, found null"));
    CHECK(contains(complaint("/cases/0/expected", Json::object()), "/cases/0/expected: no number to compare"));
    CHECK(contains(complaint("/cases/0/expected/energy_pj", 3),
                   "/cases/0/expected/energy_pj: no such count in the analysis; did you mean \"energy_pJ\"?"));
    CHECK(
        contains(complaint("/cases/0/expected/macs", "24"), "/cases/0/expected/macs: expected a number, found \"24\""));
    CHECK(
        contains(complaint("/cases/0/expected/levels", Json::object()), "/cases/0/expected/levels: expected an array"));
    CHECK(contains(complaint("/cases/0/expected/levels/1/level", "L2"),
                   "/cases/0/expected/levels/1/level: no level L2 in architecture two"));
    CHECK(contains(complaint("/cases/0/expected/levels/1/level", 5),
                   "/cases/0/expected/levels/1/level: expected a text"));
    CHECK(contains(complaint("/cases/0/expected/levels/1/level", "mac"), "level mac is listed twice"));
    CHECK(complaintWithout("/cases/0/expected/levels/1", "level").starts_with("/cases/0/expected/levels/1/level: is"));
    CHECK(contains(complaint("/cases/0/expected/levels/1/tensors/Psums", Json::object()),
                   "/cases/0/expected/levels/1/tensors/Psums: expected Weights, Inputs or Outputs"));
    CHECK(contains(complaint("/cases/0/expected/levels/1/tensors/Inputs/read_total", 6),
                   "/cases/0/expected/levels/1/tensors/Inputs/read_total: no such count in the analysis"));
    CHECK(contains(complaint("/cases/0/expected/levels/1/tensors/Inputs", 6), "tensors/Inputs: expected an object"));
    CHECK(contains(complaint("/cases/0/expected_without_neighbour_forwarding", 6),
                   "/cases/0/expected_without_neighbour_forwarding: expected an object, found 6"));
    CHECK(complaint("/cases/0/expected_without_neighbour_forwarding", nullptr) == "");
}

TEST_CASE("reference cases: architectures that cannot be") {
    const std::string level = "/architectures/two/levels_outer_to_inner/";
    const auto refused = [&](const std::string& key, const Json& value, const std::string& part) {
        CAPTURE(key);
        CHECK(contains(complaint(("/architectures/two/" + key).c_str(), value), part));
    };
    refused("levels_outer_to_inner/1/mesh_x", 0, level + "1/mesh_x: expected an integer in [1, 32768], found 0");
    refused("levels_outer_to_inner/1/mesh_x", 3, "RF: mesh 3 x 1 does not divide that of the level below, 4 x 1");
    refused("levels_outer_to_inner/1/instances", 5, level + "1/instances: expected mesh_x * mesh_y = 4, found 5");
    refused("mac/instances", 5, "/architectures/two/mac/instances: expected mesh_x * mesh_y = 4, found 5");
    refused("mac/mesh_y", 1 << 19, "/architectures/two/mac/mesh_y: expected an integer in [1, 32768]");
    refused("mac", {{"mesh_x", 32768}, {"mesh_y", 32768}, {"energy_per_mac_pJ", 1}}, "at most 1048576 instances");
    refused("mac/energy_per_mac_pJ", -1, "/architectures/two/mac/energy_per_mac_pJ: expected a number");
    refused("levels_outer_to_inner/0/read_words_per_cycle_per_instance", 0,
            level + "0/read_words_per_cycle_per_instance: expected a number in [1e-06,");
    refused("levels_outer_to_inner/0/read_words_per_cycle_per_instance", "fast", "expected a number");
    refused("levels_outer_to_inner/1/capacity_words_per_instance", 0, "expected a number above 0");
    refused("levels_outer_to_inner/1/energy_pJ_per_word/read", nullptr, "/energy_pJ_per_word/read: expected a number");
    refused("levels_outer_to_inner/1/kind", "cache", level + "1/kind: expected one of");
    refused("levels_outer_to_inner/0/kind", "fanout_only", "the outermost level must store");
    refused("levels_outer_to_inner/1/name", "DRAM", "two levels are called DRAM");
    refused("levels_outer_to_inner/1/name", "mac", "a level cannot be called mac");
    refused("levels_outer_to_inner", Json::array(), "expected at least one level");
    refused("levels_outer_to_inner", nullptr, "expected an array of objects, found null");
    Json deep = smallFile();
    Json& levels = deep["architectures"]["two"]["levels_outer_to_inner"];
    for (int i = 0; i < 8; ++i) levels.push_back(levels[1]), levels.back()["name"] = "RF" + std::to_string(i);
    CHECK(contains(complaint(deep.dump()), "10 levels, at most 8 are supported"));
}

TEST_CASE("reference cases: files that are none") {
    const std::string text = smallFile().dump(1);
    for (const size_t length : {size_t(0), size_t(1), text.size() / 2, text.size() - 2})
        CHECK_FALSE(complaint(text.substr(0, length)).empty());
    CHECK_FALSE(complaint(text + "}").empty());
    CHECK_FALSE(complaint("[]").empty());
    CHECK_FALSE(complaint("null").empty());
    CHECK_FALSE(complaint(std::string("\x00\xff\xfe{}", 5)).empty());
    CHECK_FALSE(complaint(std::string(100000, '[')).empty());
    CHECK(contains(complaint("{}"), "/cases: is missing"));
    CHECK(contains(complaint("/format", "dna.cases"), "/format: expected \"heldout-loopnest-cost/1\""));
    CHECK(contains(complaint("/cases", Json::array()), "/cases: expected at least one case"));
    CHECK(contains(complaint("/cases", {1, 2}), "/cases/0: expected an object, found 1"));
    CHECK(contains(complaint("/architectures", Json::array()), "/architectures: expected an object"));
    Json twice = smallFile();
    twice["cases"].push_back(twice["cases"][0]);
    CHECK(complaint(twice.dump()) == "/cases/1/id: two cases are called a\n");
    std::string overflow = text;
    overflow.replace(overflow.find("0.5"), 3, "1e999");
    CHECK_FALSE(complaint(overflow).empty());
    std::string doubled = text;
    doubled.replace(doubled.find("\"macs\""), 6, "\"macs\": 1, \"macs\"");
    CHECK_FALSE(complaint(doubled).empty());
    CHECK_THROWS_AS(readReferenceCases("/nowhere/cases.json"), base::InputError);
    CHECK_THROWS_AS(readReferenceCases(fs::temp_directory_path()), base::InputError);
}

TEST_CASE("reference cases: all problems are reported at once") {
    Json json = smallFile();
    json["cases"][0]["layer"]["P"] = -3;
    json["cases"][0]["expected"]["cylces"] = 3;
    json["architectures"]["two"]["mac"]["mesh_x"] = "4";
    const std::string all = complaint(json.dump());
    CHECK(contains(all, "/cases/0/layer/P: "));
    CHECK(contains(all, "/cases/0/expected/cylces: "));
    CHECK(contains(all, "/architectures/two/mac/mesh_x: "));
}

TEST_CASE("architectures: written and read back unchanged") {
    const TemporaryFile file(smallFile().dump());
    const Architecture two = readArchitecture(file.path.string() + "#two");
    Architecture three = two;
    MemoryLevel columns;
    columns.name = "columns", columns.kind = "fanout_only", columns.capacity_words = 0, columns.mesh_x = 2;
    three.levels.insert(three.levels.begin() + 1, columns);
    LevelConstraint fan;
    fan.keeps.fill(false), fan.temporal.fill(false);
    fan.spatial_x = {true, false, true};
    three.constraints.insert(three.constraints.begin() + 1, fan);
    three.constraints[2].keeps = {true, false, true};
    three.constraints[2].temporal = {false, true, false};
    for (const Architecture& architecture : {two, three}) {
        const TemporaryFile written(toJson(architecture).dump());
        CHECK(readArchitecture(written.path.string()) == architecture);
    }
    CHECK_THROWS_WITH_AS(
        readArchitecture(file.path.string() + "#tow"),
        (file.path.string() + ": /architectures: no architecture \"tow\"; did you mean \"two\"?").c_str(),
        base::InputError);
    CHECK_THROWS_AS(readArchitecture(file.path.string()), base::InputError);
}
