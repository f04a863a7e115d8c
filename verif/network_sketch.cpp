#include "verif/network_sketch.h"

namespace dna::verif {

using network::Node;
using network::Op;

void NetworkSketch::node(const std::string& name, Op op, std::vector<std::string> inputs, Node rest) {
    rest.name = name;
    rest.op = op;
    nodes_.push_back(rest);
    inputs_.push_back(std::move(inputs));
}

void NetworkSketch::conv(const std::string& name, const std::string& from, int out, int kernel, int stride, int groups,
                         bool relu) {
    Node n;
    n.out_channels = out, n.kernel = kernel, n.stride = stride, n.pad = kernel / 2, n.groups = groups;
    n.batch_norm = true, n.relu = relu;
    node(name, Op::Conv2d, {from}, n);
}

void NetworkSketch::dilate(int dilation) {
    nodes_.back().dilation = dilation;
    nodes_.back().pad = dilation * (nodes_.back().kernel - 1) / 2;
}

void NetworkSketch::pool(const std::string& name, const std::string& from, Op op, int kernel, int stride, int pad) {
    Node n;
    n.kernel = kernel, n.stride = stride, n.pad = pad;
    node(name, op, {from}, n);
}

void NetworkSketch::append(Op op, Node rest) { appendOf(op, {last()}, std::move(rest)); }

void NetworkSketch::appendOf(Op op, std::vector<std::string> inputs, Node rest) {
    node("n" + std::to_string(nodes_.size()), op, std::move(inputs), std::move(rest));
}

void NetworkSketch::appendAdd(const std::string& other, bool other_first) {
    std::vector<std::string> inputs{last(), other};
    if (other_first) std::swap(inputs[0], inputs[1]);
    appendOf(Op::Add, std::move(inputs));
}

}  // namespace dna::verif
