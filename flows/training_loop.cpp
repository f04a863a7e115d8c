#include "flows/training_loop.h"

#include <fmt/format.h>

namespace dna::flows {
namespace {

void save(const Trainer& trainer, RunFolder& run, base::Json state) {
    CheckpointContent content{std::move(state), {}};
    content.state["records"] = run.recordedBytes();
    trainer.save(content.tensors);
    run.checkpoint().write(std::move(content));
}

}  // namespace

void runTraining(Trainer& trainer, RunFolder& run, const base::Json& state, base::Log& log) {
    while (!trainer.finished()) {
        trainer.advance();
        if (trainer.epochEnded())
            run.record({{"phase", "training"},
                        {"epoch", trainer.step() / trainer.stepsPerEpoch()},
                        {"loss", trainer.epochLoss()},
                        {"accuracy", trainer.epochAccuracy()}});
        log.progress("training", static_cast<double>(trainer.step()), static_cast<double>(trainer.steps()),
                     trainer.epochEnded() ? fmt::format("loss {:.3f}, accuracy {:.1f} %", trainer.epochLoss(),
                                                        100 * trainer.epochAccuracy())
                                          : "");
        if (base::stopRequested()) {
            save(trainer, run, state);
            throw base::Interrupted("stopped in training; continue with --resume");
        }
        if (run.checkpoint().due()) save(trainer, run, state);
    }
}

void checkFits(const network::Network& graph, const data::Pictures& pictures, const std::string& file) {
    std::vector<base::Problem> problems;
    const network::Shape picture{pictures.channels, pictures.height, pictures.width};
    if (!(graph.inputShape() == picture))
        problems.push_back({file, "/nodes/0/shape",
                            fmt::format("expected [{}, {}, {}] as the pictures have, found [{}, {}, {}]",
                                        picture.channels, picture.height, picture.width, graph.inputShape().channels,
                                        graph.inputShape().height, graph.inputShape().width)});
    if (graph.nodes.back().op != network::Op::Linear || graph.classes() != pictures.classes)
        problems.push_back({file, fmt::format("/nodes/{}", graph.nodes.size() - 1),
                            fmt::format("expected a linear layer with {} outputs at the end", pictures.classes)});
    if (!problems.empty()) throw base::InputError(std::move(problems));
}

base::Json toJson(const data::Source& source) {
    base::Json json{{"name", source.name}};
    if (source.name == "shapes")
        json["seed"] = source.seed;
    else
        json["folder"] = source.folder.string();
    json["training"] = source.training;
    json["test"] = source.test;
    return json;
}

}  // namespace dna::flows
