#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "flows/onnx/import.h"
#include "flows/onnx_stages.h"

namespace dna::flows {
namespace {

/// A folder has the weights of one network.
void checkFree(const std::filesystem::path& out) {
    if (out.extension() != ".json")
        throw base::InputError("--out", "", "expected a path that ends in .json, found " + out.string());
    const std::filesystem::path weights = out.parent_path() / "weights.safetensors";
    if (std::filesystem::exists(weights) && !std::filesystem::exists(out))
        throw base::InputError(
            "--out", "",
            fmt::format(
                "{} holds the weights of another network, and every network has its own beside it; name another folder",
                weights.string()));
}

}  // namespace

base::Json importStage(const ImportStage& options, base::Log& log) {
    checkFree(options.out);
    const onnx::Imported imported = onnx::importModel(onnx::readModel(options.model), options.model.stem().string(),
                                                      {options.mean, options.deviation});
    for (const std::string& note : imported.notes) log.info(note);
    const std::filesystem::path folder =
        options.out.has_parent_path() ? options.out.parent_path() : std::filesystem::path(".");
    const std::string name = options.out.filename().string();
    base::makeFolder(folder);
    if (const auto* trained = std::get_if<network::TrainedNetwork>(&imported.network))
        network::writeTrainedNetwork(*trained, folder, name);
    else
        nn::writeIntegerNetwork(std::get<nn::IntegerNetwork>(imported.network), folder, name);
    const network::Network& graph = imported.graph();
    base::Json result = base::makeDocument("import");
    result["network"] = options.out.string();
    result["layers"] = graph.nodes.size() - 1;
    result["input"] = {graph.inputShape().channels, graph.inputShape().height, graph.inputShape().width};
    result["classes"] = graph.classes();
    result["macs"] = network::macs(graph);
    result["quantized"] = graph.quantized();
    result["notes"] = imported.notes;
    return result;
}

}  // namespace dna::flows
