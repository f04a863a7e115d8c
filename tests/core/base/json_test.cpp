#include <doctest/doctest.h>

#include "core/base/json.h"

using namespace dna::base;

namespace {

/// The text of the InputError that `read` throws; empty when it throws none.
template <class Function>
std::string errorOf(Function read) {
    try {
        read();
    } catch (const InputError& error) {
        return error.what();
    }
    return {};
}

std::string syntaxErrorOf(const std::string& text) {
    return errorOf([&] { JsonDocument::parse(text, "f.json"); });
}

}  // namespace

TEST_CASE("json: all problems are reported at once, each with its pointer") {
    const std::string error = errorOf([] {
        auto document = JsonDocument::parse(
            R"({"format":"dna.design","version":1,"pe_array":{"rows":96,"colums":3,"ratio":"x"},"name":7})",
            "design.json", "design");
        JsonObject array = document.root().object("pe_array");
        array.integer("rows", 1, 64);
        array.integer("cols", 1, 64, 8);
        array.number("ratio", 0, 1);
        array.close();
        document.root().text("name");
        document.finish();
    });
    CHECK(error ==
          "design.json: /pe_array/rows: expected an integer in [1, 64], found 96\n"
          "design.json: /pe_array/ratio: expected a number in [0, 1], found \"x\"\n"
          "design.json: /pe_array/colums: unknown key; did you mean \"cols\"?\n"
          "design.json: /name: expected a text, found 7");
}

TEST_CASE("json: fractional, huge and absent integers are refused") {
    auto document = JsonDocument::parse(R"({"a":1.5,"b":18446744073709551615,"c":1e3,"d":3})", "f.json");
    document.root().integer("a", 0, 10);
    document.root().integer("b", 0, kMaxInteger);
    document.root().integer("c", 0, 2000);
    CHECK(document.root().integer("d", 0, 10) == 3);
    document.root().integer("e", 0, 10);
    const std::string error = errorOf([&] { document.finish(); });
    CHECK(error.find("/a: expected an integer in [0, 10], found 1.5") != std::string::npos);
    CHECK(error.find("/b: expected an integer of at least 0") != std::string::npos);
    CHECK(error.find("/c: expected") != std::string::npos);
    CHECK(error.find("/e: is missing") != std::string::npos);
    CHECK(error.find("/d") == std::string::npos);
}

TEST_CASE("json: broken text names the place") {
    CHECK(syntaxErrorOf("") == "f.json: is empty, expected JSON");
    CHECK(syntaxErrorOf(" \n ") == "f.json: is empty, expected JSON");
    CHECK(syntaxErrorOf("{\"a\": [1, 2").find("ends in the middle") != std::string::npos);
    CHECK(syntaxErrorOf("{\"a\": 1,\n \"b\": }").find("line 2") != std::string::npos);
    CHECK(syntaxErrorOf("{\"a\": {\"b\": 1, \"b\": 2}}") == "f.json: /a/b: duplicate key");
    CHECK(syntaxErrorOf("[1]") == "f.json: expected a JSON object");
    CHECK(syntaxErrorOf("{\"a\": 1e999}").find("out of range") != std::string::npos);
    CHECK(syntaxErrorOf("{\"a\": " + std::string(100000, '[')).find("nested deeper") != std::string::npos);
    CHECK(syntaxErrorOf("{\"a\": \"\xff\"}").find("not valid JSON") != std::string::npos);
    CHECK(syntaxErrorOf("{\"a\": 1} x").find("not valid JSON") != std::string::npos);
}

TEST_CASE("json: the kind of a file is checked") {
    CHECK(errorOf([] { JsonDocument::parse(R"({"format":"dna.cost","version":1})", "f.json", "design"); }) ==
          "f.json: /format: expected \"dna.design\", found \"dna.cost\"");
    auto document = JsonDocument::parse(R"({"format":"dna.design","version":2})", "f.json", "design");
    CHECK(errorOf([&] { document.finish(); }) == "f.json: /version: expected an integer in [1, 1], found 2");
}

TEST_CASE("json: objects of a wrong type report once, not once per field") {
    auto document = JsonDocument::parse(R"({"chunk": 3})", "f.json");
    JsonObject chunk = document.root().object("chunk");
    chunk.integer("rows", 1, 4);
    chunk.text("name");
    chunk.close();
    CHECK(errorOf([&] { document.finish(); }) == "f.json: /chunk: expected an object, found 3");
}

TEST_CASE("json: choices suggest the nearest option") {
    auto document = JsonDocument::parse(R"({"objective": "ebp"})", "f.json");
    CHECK(document.root().choice("objective", {"edp", "energy", "latency"}) == "edp");
    CHECK(errorOf([&] { document.finish(); }) ==
          "f.json: /objective: expected one of edp, energy, latency, found \"ebp\"; did you mean \"edp\"?");
}

TEST_CASE("json: arrays report every wrong element") {
    auto document = JsonDocument::parse(R"({"a/b": [1, 2.5, "x"], "t": ["y", 1], "o": [{}, 2]})", "f.json");
    CHECK(document.root().integers("a/b", 0, 9) == std::vector<int64_t>{1});
    CHECK(document.root().texts("t") == std::vector<std::string>{"y"});
    CHECK(document.root().objects("o").size() == 1);
    const std::string error = errorOf([&] { document.finish(); });
    for (const char* place : {"/a~1b/1:", "/a~1b/2:", "/t/1:", "/o/1:"}) CHECK(error.find(place) != std::string::npos);
}

TEST_CASE("json: nearest finds typing errors and nothing far away") {
    CHECK(nearest("colums", {"rows", "cols"}) == "cols");
    CHECK(nearest("imput_words", {"input_words", "output_words"}) == "input_words");
    CHECK(nearest("zzz", {"rows", "cols"}).empty());
}
