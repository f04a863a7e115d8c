#pragma once

#include <optional>

#include "core/base/log.h"
#include "flows/loop_control.h"
#include "flows/run_folder.h"
#include "flows/train.h"

namespace dna::flows {

/// Trains to the end inside a run folder: one record an epoch in search.jsonl, checkpoints ({"records": bytes} added to
/// `state`) every few seconds and before it throws Interrupted. When the budget of steps is spent it writes a checkpoint
/// and returns where it stopped. A training that diverges leaves the last checkpoint whose loss was sound.
std::optional<base::Json> runTraining(Trainer& trainer, RunFolder& run, const base::Json& state, StepBudget& budget,
                                      base::Log& log);

/// The same message with the place of the last good state, if there is one.
base::InputError withLastState(const base::InputError& error, const RunFolder& run);

/// A line of timing.jsonl: wall time, pictures/s, hours that all `pictures` of the phase take at this speed.
void noteRate(const RunFolder& run, const std::string& phase, const RateMeter& rate, long pictures,
              base::Json details = base::Json::object());

/// Result of a phase that stopped because its budget was spent: {"stopped_by": "iterations", "phase", "iteration",
/// "iterations"}.
base::Json stoppedBySteps(const std::string& phase, const RateMeter& rate, long step, long steps, long pictures,
                          base::Log& log);

}  // namespace dna::flows
