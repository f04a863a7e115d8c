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

}  // namespace dna::flows
