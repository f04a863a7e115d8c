#include "core/nn/integer/rescale.h"

#include "core/nn/integer/fixed_point.h"

namespace dna::nn {

IntegerNode averageIntegers(const network::Quantization& in, const network::Quantization& out, int count,
                            int multiplier_bits) {
    const FixedPoint factor = toFixedPoint(in.scale / (out.scale * count), multiplier_bits);
    return {{}, {-in.zero_point * count}, {factor.multiplier}, {factor.shift}};
}

IntegerNode addIntegers(const network::Quantization& a, const network::Quantization& b,
                        const network::Quantization& out, int multiplier_bits) {
    const FixedPointPair pair = toFixedPoints(a.scale / out.scale, b.scale / out.scale, multiplier_bits);
    return {{}, {}, {pair.multiplier_a, pair.multiplier_b}, {pair.shift}};
}

int averagedValues(const network::Network& graph, int node) {
    const network::Node& pool = graph.nodes[static_cast<size_t>(node)];
    const network::Shape& in = graph.inputShapeOf(node);
    return pool.op == network::Op::GlobalAveragePool ? in.height * in.width : pool.kernel * pool.kernel;
}

}  // namespace dna::nn
