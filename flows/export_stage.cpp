#include "core/base/error.h"
#include "core/base/file.h"
#include "core/network/trained_network.h"
#include "core/nn/integer/integer_network.h"
#include "flows/onnx/export.h"
#include "flows/onnx_stages.h"

namespace dna::flows {

base::Json exportStage(const ExportStage& options, base::Log&) {
    if (options.onnx.extension() != ".onnx")
        throw base::InputError("--onnx", "", "expected a path that ends in .onnx, found " + options.onnx.string());
    const network::Network graph = network::readNetwork(options.network_json);
    const std::string file = options.network_json.string();
    if (graph.nodes.size() < 2) throw base::InputError(file, "/nodes", "the network has no layer");
    base::writeFileAtomic(options.onnx, graph.quantized()
                                            ? onnx::exportModel(nn::readIntegerNetwork(options.network_json), file)
                                            : onnx::exportModel(network::readTrainedNetwork(options.network_json)));
    base::Json result = base::makeDocument("export");
    result["onnx"] = options.onnx.string();
    result["layers"] = graph.nodes.size() - 1;
    result["quantized"] = graph.quantized();
    return result;
}

}  // namespace dna::flows
