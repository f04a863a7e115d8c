#include "flows/training_loop.h"

#include <fmt/format.h>

namespace dna::flows {
namespace {

void save(const Trainer& trainer, RunFolder& run, const base::Json& state) {
    if (!trainer.healthy()) return;  // what was saved before is better to go on from
    CheckpointContent content{state, {}};
    content.state["records"] = run.recordedBytes();
    trainer.save(content.tensors);
    run.checkpoint().write(std::move(content));
}

void takeStep(Trainer& trainer, RunFolder& run) {
    try {
        trainer.advance();
    } catch (const base::InputError& error) {
        throw withLastState(error, run);
    }
    if (trainer.epochEnded())
        run.record({{"phase", "training"},
                    {"epoch", trainer.step() / trainer.stepsPerEpoch()},
                    {"loss", trainer.epochLoss()},
                    {"accuracy", trainer.epochAccuracy()}});
}

}  // namespace

base::InputError withLastState(const base::InputError& error, const RunFolder& run) {
    std::vector<base::Problem> problems = error.problems();
    if (std::filesystem::exists(run.checkpoint().file()))
        problems.front().message += "; the last good state stays in " + run.checkpoint().file().string();
    return base::InputError(std::move(problems));
}

std::optional<base::Json> runTraining(Trainer& trainer, RunFolder& run, const base::Json& state, StepBudget& budget,
                                      base::Log& log) {
    RateMeter rate;
    const long pictures = trainer.steps() * trainer.batch();
    while (!trainer.finished()) {
        takeStep(trainer, run);
        budget.take();
        rate.add(trainer.batch());
        log.progress("training", static_cast<double>(trainer.step()), static_cast<double>(trainer.steps()),
                     fmt::format("epoch {}, loss {:.3f}, accuracy {:.1f} %, {:.0f} pictures/s",
                                 (trainer.step() - 1) / trainer.stepsPerEpoch() + 1, trainer.recentLoss(),
                                 100 * trainer.accuracySoFar(), rate.picturesPerSecond()));
        if (base::stopRequested() || budget.spent()) {
            save(trainer, run, state);
            noteRate(run, "final training", rate, pictures);
            if (base::stopRequested()) throw base::Interrupted("stopped in training; continue with --resume");
            return stoppedBySteps("training", rate, trainer.step(), trainer.steps(), pictures, log);
        }
        if (run.checkpoint().due()) save(trainer, run, state);
    }
    noteRate(run, "final training", rate, pictures);
    return {};
}

void noteRate(const RunFolder& run, const std::string& phase, const RateMeter& rate, long pictures,
              base::Json details) {
    details["pictures_per_second"] = rate.picturesPerSecond();
    details["projected_hours"] = rate.hoursOf(pictures);
    appendTiming(run.path(), phase, rate.seconds(), std::move(details));
}

base::Json stoppedBySteps(const std::string& phase, const RateMeter& rate, long step, long steps, long pictures,
                          base::Log& log) {
    log.info(fmt::format("stopped as asked in {} at step {} of {}: {:.1f} pictures/s, {:.2f} h for all of them; "
                         "continue with --resume",
                         phase, step, steps, rate.picturesPerSecond(), rate.hoursOf(pictures)));
    return {{"stopped_by", "iterations"}, {"phase", phase}, {"iteration", step}, {"iterations", steps}};
}

}  // namespace dna::flows
