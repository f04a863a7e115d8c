// Quantised models by hand: both ways of writing a convolution mean the same integers, and halves are refused.
#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/nn/integer/integer_network.h"
#include "flows/onnx/import.h"
#include "tests/flows/onnx/models.h"

using namespace dna;
using ::onnx::TensorProto;

namespace {

nn::IntegerNetwork integers(const ModelBuilder& model) {
    const auto imported = flows::onnx::importModel(flows::onnx::parseModel(model.bytes(), "m.onnx"), "m", {});
    return std::get<nn::IntegerNetwork>(imported.network);
}

std::string problems(const ModelBuilder& model) {
    try {
        integers(model);
    } catch (const base::InputError& error) {
        return error.what();
    }
    return {};
}

/// "in_codes" from "x", scales and zero points of three maps, codes of weights and bias.
ModelBuilder start(int type = TensorProto::UINT8) {
    ModelBuilder model;
    const int shift = type == TensorProto::UINT8 ? 128 : 0;
    for (const auto& [name, scale, zero] : {std::tuple{"in", 0.0625f, -3}, {"mid", 0.5f, 7}, {"pool", 0.25f, 0}}) {
        model.value(name + std::string("_scale"), scale);
        model.code(name + std::string("_zero"), zero + shift, type);
    }
    model.codes("w", {3, 3, 3, 3}, TensorProto::INT8);
    auto& scales = model.floats("w_scale", {3});
    for (int k = 0; k < 3; ++k) scales.set_float_data(k, 0.01f * static_cast<float>(k + 1));
    model.codes("w_zero", {3}, TensorProto::INT8, 50);
    for (int k = 0; k < 3; ++k)
        model.graph().mutable_initializer(model.graph().initializer_size() - 1)->set_int32_data(k, 0);
    model.codes("b", {3}, TensorProto::INT32);
    model.node("QuantizeLinear", {"x", "in_scale", "in_zero"}, "in_codes");
    return model;
}

void finish(ModelBuilder& model) {
    model.node("DequantizeLinear", {"mid_codes", "mid_scale", "mid_zero"}, "mid");
    model.node("GlobalAveragePool", {"mid"}, "mean");
    model.node("QuantizeLinear", {"mean", "pool_scale", "pool_zero"}, "pool_codes");
    model.node("DequantizeLinear", {"pool_codes", "pool_scale", "pool_zero"}, "pool");
    model.node("Flatten", {"pool"}, "flat");
    model.codes("fc", {5, 3}, TensorProto::INT8);
    model.value("fc_scale", 0.125f);
    model.node("DequantizeLinear", {"fc", "fc_scale"}, "fc_real");
    model.set(model.node("Gemm", {"flat", "fc_real"}, "y"), "transB", 1);
}

ModelBuilder withQLinearConv(int type = TensorProto::UINT8) {
    ModelBuilder model = start(type);
    auto& conv = model.node("QLinearConv",
                            {"in_codes", "in_scale", "in_zero", "w", "w_scale", "w_zero", "mid_scale", "mid_zero", "b"},
                            "mid_codes");
    model.set(conv, "pads", {1, 1, 1, 1});
    finish(model);
    return model;
}

/// Up to the real "sums".
ModelBuilder conv() {
    ModelBuilder model = start();
    model.node("DequantizeLinear", {"in_codes", "in_scale", "in_zero"}, "in");
    model.set(model.node("DequantizeLinear", {"w", "w_scale", "w_zero"}, "w_real"), "axis", 0);
    auto& scales = model.floats("b_scale", {3});
    for (int k = 0; k < 3; ++k) scales.set_float_data(k, 0.0625f * 0.01f * static_cast<float>(k + 1));
    model.set(model.node("DequantizeLinear", {"b", "b_scale"}, "b_real"), "axis", 0);
    model.set(model.node("Conv", {"in", "w_real", "b_real"}, "sums"), "pads", {1, 1, 1, 1});
    return model;
}

ModelBuilder withConv() {
    ModelBuilder model = conv();
    model.node("QuantizeLinear", {"sums", "mid_scale", "mid_zero"}, "mid_codes");
    finish(model);
    return model;
}

void checkSame(const nn::IntegerNetwork& a, const nn::IntegerNetwork& b) {
    REQUIRE(a.nodes.size() == b.nodes.size());
    for (size_t i = 0; i < a.nodes.size(); ++i) {
        CHECK(a.nodes[i].weight_q == b.nodes[i].weight_q);
        CHECK(a.nodes[i].bias_q == b.nodes[i].bias_q);
        CHECK(a.nodes[i].multiplier == b.nodes[i].multiplier);
        CHECK(a.nodes[i].shift == b.nodes[i].shift);
        CHECK(*a.graph.nodes[i].quantization == *b.graph.nodes[i].quantization);
    }
}

}  // namespace

TEST_CASE("onnx: QLinearConv and Conv between DequantizeLinear and QuantizeLinear are the same integers") {
    const nn::IntegerNetwork a = integers(withQLinearConv());
    checkSame(a, integers(withConv()));
    checkSame(a, integers(withQLinearConv(TensorProto::INT8)));  // int8 maps are uint8 ones minus 128
    CHECK(a.graph.nodes[0].quantization->zero_point == -3);
    // Weights of channel 0: codes i * 37 % 101 - 50 for i < 27; bias -50, minus zero point * sum of the codes.
    int sum = 0;
    for (int i = 0; i < 27; ++i) sum += i * 37 % 101 - 50;
    CHECK(a.nodes[1].bias_q[0] == -50 + 3 * sum);
    // 1/16 * 0.01 / 0.5 = 0.00125 = 20972 / 2^24
    CHECK(a.nodes[1].multiplier[0] == 20972);
    CHECK(a.nodes[1].shift[0] == 24);
}

TEST_CASE("onnx: a model that is quantised in parts is refused by node") {
    SUBCASE("an output without QuantizeLinear") {
        ModelBuilder model = withConv();
        for (auto& node : *model.graph().mutable_node())
            if (node.output(0) == "flat") node.set_input(0, "mean");
        CHECK(problems(model) ==
              "m.onnx: node \"the mean\" (GlobalAveragePool): its output is not quantised, but others are (expected "
              "QuantizeLinear, DequantizeLinear)");
    }
    SUBCASE("real weights") {
        ModelBuilder model = withConv();
        model.floats("real", {5, 3});
        model.graph().mutable_node(model.graph().node_size() - 1)->set_input(1, "real");
        CHECK(problems(model) == "m.onnx: node \"the y\" (Gemm): its weights are not quantised, but other layers are");
    }
    SUBCASE("a map that is read before and behind") {
        ModelBuilder model = conv();
        model.node("QuantizeLinear", {"sums", "mid_scale", "mid_zero"}, "codes");
        model.node("DequantizeLinear", {"codes", "mid_scale", "mid_zero"}, "restored");
        model.node("Add", {"restored", "sums"}, "both");
        model.node("QuantizeLinear", {"both", "mid_scale", "mid_zero"}, "mid_codes");
        finish(model);
        CHECK(problems(model) ==
              "m.onnx: node \"the sums\" (Conv): its output is read both before and behind QuantizeLinear");
    }
    SUBCASE("another scale") {
        ModelBuilder model = withConv();
        for (auto& node : *model.graph().mutable_node())
            if (node.output(0) == "mid") node.set_input(1, "in_scale");
        CHECK(problems(model).find("expected the integers of a QuantizeLinear with the same scale and zero point") !=
              std::string::npos);
    }
    SUBCASE("a table of other integers") {
        for (const std::string last : {"128", "-129", "0.5", "0,0"}) {
            ModelBuilder model = withConv();
            std::string table;
            for (int i = 0; i < 3 * 256 - 1; ++i) table += "-128,";
            model.metadata("dna.input.table", table + last);
            CHECK(problems(model) == "m.onnx: metadata \"dna.input.table\": expected 3 x 256 integers from -128 to 127");
        }
    }
    SUBCASE("sums that overflow") {
        ModelBuilder model = withQLinearConv();
        for (auto& tensor : *model.graph().mutable_initializer())
            if (tensor.name() == "b") tensor.set_int32_data(1, INT32_MAX);
        CHECK(problems(model) ==
              "m.onnx: node \"the mid_codes\" (QLinearConv): the sum of output channel 1 can overflow 32 bits");
    }
}

TEST_CASE("onnx: stated widths of quantised weights are those that hold them") {
    const auto stating = [](const std::string& widths) {
        ModelBuilder model = withConv();
        model.metadata("dna.weight_bits", widths);
        return model;
    };
    const nn::IntegerNetwork narrow = integers(stating("7,8"));  // codes from -50 to 50, both layers
    checkSame(narrow, integers(withConv()));
    CHECK(narrow.graph.nodes[1].weight_bits == 7);
    CHECK(narrow.graph.nodes.back().weight_bits == 8);
    CHECK(problems(stating("6,8")) ==
          "m.onnx: metadata \"dna.weight_bits\": node \"the sums\" (Conv): 6 bits can't hold its weight -50");
    for (const std::string widths : {"8,16", "8,0"})
        CHECK(problems(stating(widths)).find("node \"the y\" (Gemm): expected 2 to 8, found") != std::string::npos);
}
