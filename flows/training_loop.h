#pragma once

#include "core/base/log.h"
#include "flows/run_folder.h"
#include "flows/train.h"

namespace dna::flows {

/// Trains to the end inside a run folder: one record an epoch in search.jsonl, checkpoints ({"records": bytes} added to
/// `state`) every few seconds and before it throws Interrupted.
void runTraining(Trainer& trainer, RunFolder& run, const base::Json& state, base::Log& log);

}  // namespace dna::flows
