// What a model may not have: every problem is named by its node, all of them at once.
#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/network/trained_network.h"
#include "flows/onnx/import.h"
#include "flows/onnx_stages.h"
#include "tests/flows/onnx/models.h"
#include "tests/flows/program.h"
#include "tests/flows/temporary_folder.h"

using namespace dna;
namespace fs = std::filesystem;

namespace {

flows::onnx::Imported import(const std::string& bytes) {
    return flows::onnx::importModel(flows::onnx::parseModel(bytes, "m.onnx"), "m", {});
}
flows::onnx::Imported import(const ModelBuilder& model) { return import(model.bytes()); }

std::vector<std::string> problemsOf(const std::string& bytes) {
    try {
        import(bytes);
    } catch (const base::InputError& error) {
        std::vector<std::string> out;
        for (const base::Problem& problem : error.problems()) out.push_back(problem.text());
        return out;
    }
    return {};
}
std::vector<std::string> problemsOf(const ModelBuilder& model) { return problemsOf(model.bytes()); }

bool has(const std::vector<std::string>& problems, const std::string& part) {
    for (const std::string& problem : problems)
        if (problem.find(part) != std::string::npos) return true;
    for (const std::string& problem : problems) MESSAGE(problem);
    return false;
}

void checkOne(const ModelBuilder& model, const std::string& part) {
    const auto problems = problemsOf(model);
    CHECK(problems.size() == 1);
    CHECK(has(problems, part));
}

}  // namespace

TEST_CASE("onnx: a model by hand is read") {
    ModelBuilder model;
    model.conv("x", "c");
    model.node("Relu", {"c"}, "r");
    model.head("r");
    const auto imported = import(model);
    CHECK(imported.graph().nodes.size() == 4);
    CHECK(imported.graph().nodes[1].relu);
    CHECK(imported.graph().classes() == 5);
}

TEST_CASE("onnx: everything unsupported is listed at once, by node") {
    ModelBuilder model;
    model.conv("x", "a");
    model.node("HardSwish", {"a"}, "b");
    model.set(model.conv("b", "c"), "colour", 1);
    model.node("com.microsoft.Gelu", {"c"}, "d").set_domain("com.microsoft");
    model.set(model.node("Concat", {"a", "a"}, "e"), "axis", 2);
    model.node("Add", {"d", "e"}, "f");
    model.head("f");
    const auto problems = problemsOf(model);
    CHECK(problems.size() == 4);
    CHECK(has(problems, "m.onnx: node \"the b\" (HardSwish): operator HardSwish is not supported"));
    CHECK(has(problems, "node \"the c\" (Conv): attribute \"colour\" is not supported"));
    CHECK(has(problems, "node \"the d\" (com.microsoft.com.microsoft.Gelu)"));
    CHECK(has(problems, "node \"the e\" (Concat): of feature maps: expected axis 1 (channels), found 2"));
}

TEST_CASE("onnx: the file itself") {
    ModelBuilder good;
    good.conv("x", "c");
    good.head("c");
    const std::string bytes = good.bytes();
    CHECK(problemsOf(bytes).empty());
    CHECK(has(problemsOf(std::string()), "is empty"));
    CHECK(has(problemsOf(bytes.substr(0, bytes.size() - 3)), "cut off"));
    CHECK(has(problemsOf("{\"format\": \"dna.network\"}"), "no ONNX model"));
    CHECK(has(problemsOf(std::string("\x08\x07")), "holds no graph"));
    SUBCASE("opset") {
        good.proto().mutable_opset_import(0)->set_version(6);
        CHECK(has(problemsOf(good), "opset_import: expected standard operators of version 7 to 21, found 6"));
        good.proto().clear_opset_import();
        CHECK(has(problemsOf(good), "names no version"));
    }
    SUBCASE("external data") {
        good.graph().mutable_initializer(0)->set_data_location(::onnx::TensorProto::EXTERNAL);
        CHECK(has(problemsOf(good), "tensor \"c.weight\": its values stand in another file"));
    }
    SUBCASE("too few values, a number that is none, a type") {
        good.graph().mutable_initializer(0)->add_float_data(1);
        good.graph().mutable_initializer(1)->set_float_data(0, NAN);
        good.graph().mutable_initializer(2)->set_data_type(::onnx::TensorProto::DOUBLE);
        const auto problems = problemsOf(good);
        CHECK(problems.size() == 3);
        CHECK(has(problems, "shape [3, 3, 3, 3] needs 81 values, found 82"));
        CHECK(has(problems, "no finite number"));
        CHECK(has(problems, "found DOUBLE"));
    }
    SUBCASE("a shape that is too large for any machine") {
        auto* weight = good.graph().mutable_initializer(0);
        weight->set_dims(0, int64_t{1} << 40);
        CHECK(has(problemsOf(good), "larger than"));
        weight->set_dims(0, -3);
        CHECK(has(problemsOf(good), "is negative"));
    }
    SUBCASE("inputs and outputs") {
        good.graph().add_output()->set_name("c");
        good.graph()
            .mutable_input(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(2)
            ->set_dim_param("height");
        const auto problems = problemsOf(good);
        CHECK(problems.size() == 2);
        CHECK(has(problems, "expected one output (the logits), found 2: y, c"));
        CHECK(has(problems, "input \"x\": height must be a number (only the batch may stay open), found \"height\""));
    }
}

TEST_CASE("onnx: what layers can't say is refused by node") {
    ModelBuilder model;
    SUBCASE("pads") {
        auto& conv = model.conv("x", "c");
        conv.mutable_attribute(0)->set_ints(3, 2);
        model.head("c");
        checkOne(
            model,
            "node \"the c\" (Conv): pads: expected the same number in [0, 62] on all four sides, found [1, 1, 1, 2]");
    }
    SUBCASE("strides") {
        model.set(model.conv("x", "c"), "strides", {1, 2});
        model.head("c");
        checkOne(model, "strides: expected two equal numbers in [1, 16], found [1, 2]");
    }
    SUBCASE("weights of another shape") {
        model.floats("w", {4, 2, 3, 3});
        model.node("Conv", {"x", "w"}, "c");
        model.head("c");
        checkOne(model, "found [4, 2, 3, 3]");
    }
    SUBCASE("weights that are computed") {
        model.conv("x", "w");
        model.node("Conv", {"x", "w"}, "c");
        model.head("c");
        checkOne(model, "input 1: expected a constant, found values that depend on the picture");
    }
    SUBCASE("a ReLU whose input is read by others") {
        model.conv("x", "c");
        model.node("Relu", {"c"}, "r");
        model.node("Add", {"c", "r"}, "s");
        model.head("s");
        checkOne(model,
                 "node \"the r\" (Relu): can't be joined to node \"the c\" (Conv), whose output is read by others too");
    }
    SUBCASE("a Clip that is no ReLU6") {
        model.conv("x", "c");
        model.value("low", -1);
        model.value("high", 1);
        model.node("Clip", {"c", "low", "high"}, "r");
        model.head("r");
        checkOne(model, "Clip to [-1, 1] behind it: expected [0, 6]");
    }
    SUBCASE("a Clip of real pictures") {
        model.value("low", -1);
        model.value("high", 1);
        model.node("Clip", {"x", "low", "high"}, "r");
        model.conv("r", "c");
        model.head("c");
        checkOne(model, "m.onnx: input \"x\": Clip to [-1, 1] behind it: expected [0, 6]");
    }
    SUBCASE("an average without its zeros") {
        auto& pool = model.node("AveragePool", {"x"}, "p");
        model.set(pool, "kernel_shape", {3, 3});
        model.set(pool, "pads", {1, 1, 1, 1});
        model.head("p");
        checkOne(model, "count_include_pad: expected 1, found 0");
    }
    SUBCASE("no logits") {
        model.conv("x", "y");
        checkOne(model, "output \"y\": comes from node \"the y\" (Conv); expected a linear layer");
    }
    SUBCASE("Softmax at the end") {
        model.conv("x", "c");
        model.head("c");
        model.graph().mutable_node(3)->set_output(0, "logits");
        model.node("Softmax", {"logits"}, "y");
        checkOne(model, "node \"the y\" (Softmax): operator Softmax is not supported");
    }
    SUBCASE("behind an activation that is not supported") {
        model.conv("x", "c");
        model.node("Sigmoid", {"c"}, "s");
        model.node("Mul", {"c", "s"}, "swish");
        model.set(model.conv("swish", "d"), "strides", {1, 2});
        model.head("d");
        const auto problems = problemsOf(model);
        CHECK(problems.size() == 3);
        CHECK(has(problems, "node \"the swish\" (Mul): of feature maps is not supported"));
        CHECK(has(problems, "node \"the d\" (Conv): strides"));
    }
    SUBCASE("a tensor that nothing makes, and a circle") {
        model.conv("z", "c");
        model.node("Add", {"c", "s"}, "s");
        model.head("s");
        const auto problems = problemsOf(model);
        CHECK(has(problems, "reads \"z\", which nothing before it makes"));
        CHECK(has(problems, "reads \"s\", which nothing before it makes"));
    }
    SUBCASE("a shape that can't be") {
        model.integers("to", {0, 5, -1});
        model.node("Reshape", {"x", "to"}, "r");
        model.head("r");
        checkOne(model, "[1, 3, 8, 8] can't become [0, 5, -1]");
    }
    SUBCASE("a name with control characters") {
        model.node("Sig\x1b[31moid", {"x"}, "y");
        checkOne(model, "operator Sig?[31moid");
    }
}

TEST_CASE("onnx: widths of weights that a file states") {
    const auto stating = [](const std::string& widths) {
        ModelBuilder model;
        model.conv("x", "c");
        model.head("c");
        model.metadata("dna.weight_bits", widths);
        return model;
    };
    for (const auto& [widths, conv, linear] : {std::tuple{"4,8", 4, 8}, {"0,16", 0, 16}, {"2,0", 2, 0}}) {
        const auto imported = import(stating(widths));
        CHECK(imported.graph().nodes[1].weight_bits == conv);
        CHECK(imported.graph().nodes.back().weight_bits == linear);
    }
    for (const std::string widths : {"", "4", "4,8,8", "4,", "4,wide", "4;8", "nan,8", "1e999,8"})
        checkOne(stating(widths),
                 "m.onnx: metadata \"dna.weight_bits\": expected 2 numbers, one for each convolution and linear layer");
    for (const std::string widths : {"1", "9", "15", "17", "-4", "4.5", "1e300"})
        checkOne(stating(widths + ",8"), "m.onnx: metadata \"dna.weight_bits\": node \"the c\" (Conv): expected 2 to 8, 16, "
                                         "or 0 (not stated), found " + (widths == "1e300" ? "1e+300" : widths));
    CHECK(problemsOf(stating("1,9")).size() == 2);
}

TEST_CASE("onnx: names that would collide are told apart") {
    ModelBuilder model;
    for (const char* name : {"input.weight", "a.weight", "a.bn.weight", "a..weight"}) model.floats(name, {3, 3, 1, 1});
    std::string from = "x";
    for (const char* name : {"input", "a", "a.bn", "a."}) {
        model.node("Conv", {from, name + std::string(".weight")}, name + std::string("'"));
        from = name + std::string("'");
    }
    model.node("Conv", {from, "a.weight"}, "again");
    model.head("again");
    const network::Network graph = import(model).graph();
    std::vector<std::string> names;
    for (const auto& node : graph.nodes) names.push_back(node.name);
    CHECK(names == std::vector<std::string>{"input", "input_1", "a", "a.bn_", "a.", "a_1", "the_pool", "fc"});
}

TEST_CASE("cli: import refuses with code 2 and leaves nothing behind") {
    const TemporaryFolder folder;
    const fs::path out = folder.path / "net/network.json";
    base::writeFileAtomic(folder.path / "broken.onnx", "no protobuf");
    const ProgramRun broken = runDna({"import", (folder.path / "broken.onnx").string(), "--out", out.string()});
    CHECK(broken.exit_code == 2);
    CHECK(broken.err.find("broken.onnx: is no ONNX model") != std::string::npos);
    CHECK_FALSE(fs::exists(folder.path / "net"));

    ModelBuilder model;
    model.conv("x", "c");
    model.head("c");
    base::writeFileAtomic(folder.path / "m.onnx", model.bytes());
    const std::string file = (folder.path / "m.onnx").string();
    CHECK(runDna({"import", file, "--out", out.string(), "--mean", "0.5", "--std", "0"}).exit_code == 2);
    CHECK(runDna({"import", file, "--out", out.string(), "--mean", "0.5,0.4"}).exit_code == 2);
    CHECK(runDna({"import", file, "--out", out.string(), "--mean", "0.5", "--std", "0.25,0.5,1", "--json"}).exit_code ==
          0);
    const network::TrainedNetwork trained = network::readTrainedNetwork(out);
    CHECK(trained.mean == std::array<float, 3>{127.5f, 127.5f, 127.5f});
    CHECK(trained.deviation == std::array<float, 3>{63.75f, 127.5f, 255.0f});
    CHECK(runDna({"import", file, "--out", out.string()}).exit_code == 0);  // the same network again
    const ProgramRun second = runDna({"import", file, "--out", (folder.path / "net/other.json").string()});
    CHECK(second.exit_code == 2);
    CHECK(second.err.find("holds the weights of another network") != std::string::npos);
}

TEST_CASE("cli: export and infer refuse what would be lost or can't be") {
    const TemporaryFolder folder;
    ModelBuilder model;
    model.conv("x", "c");
    model.head("c");
    base::writeFileAtomic(folder.path / "m.onnx", model.bytes());
    const std::string network = (folder.path / "net/network.json").string(),
                      weights = (folder.path / "net/weights.safetensors").string(),
                      inputs = (folder.path / "inputs.safetensors").string(),
                      out = (folder.path / "out.safetensors").string();
    REQUIRE(runDna({"import", (folder.path / "m.onnx").string(), "--out", network}).exit_code == 0);
    const std::string before = base::readFile(network);
    CHECK(runDna({"export", network, "--onnx", network}).exit_code == 2);
    CHECK(base::readFile(network) == before);
    CHECK(runDna({"export", network, "--onnx", (folder.path / "again.onnx").string()}).exit_code == 0);

    const auto infer = [&](const nn::TensorMap& tensors, const std::string& to) {
        nn::writeSafetensors(inputs, tensors);
        return runDna({"infer", "--network", network, "--inputs", inputs, "--out", to, "--json"});
    };
    const auto pictures = nn::fromValues(std::vector<float>(2 * 3 * 8 * 8, 0.5f), {2, 3, 8, 8});
    CHECK(infer({{"input", pictures}}, out).exit_code == 0);
    CHECK(infer({{"input", pictures}}, weights).exit_code == 2);
    CHECK(infer({{"input", pictures}}, inputs).exit_code == 2);
    CHECK(infer({{"image", pictures}}, out).err.find("expected a tensor \"pictures\" (U8) or \"input\" (F32)") !=
          std::string::npos);
    CHECK(infer({{"pictures", pictures}}, out).err.find("expected U8 [2, 3, 8, 8], found F32 [2, 3, 8, 8]") !=
          std::string::npos);
    CHECK(infer({{"input", nn::fromValues(std::vector<float>(3 * 8 * 7), {1, 3, 8, 7})}}, out).exit_code == 2);
    CHECK(infer({{"input", nn::fromValues(std::vector<float>(), {0, 3, 8, 8})}}, out).exit_code == 2);
    CHECK(infer({{"input", nn::fromValues(std::vector<float>(1), {})}}, out).exit_code == 2);
}
