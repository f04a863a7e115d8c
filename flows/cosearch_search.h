#pragma once

#include "core/autodiff/workers.h"
#include "core/base/log.h"
#include "core/data/picture_set.h"
#include "core/network/space.h"
#include "flows/cosearch.h"
#include "flows/loop_control.h"
#include "flows/run_folder.h"

namespace dna::flows {

/// The learning phases of a co-search. Each reads and writes the run folder and returns what later phases and the
/// result need to know.

/// What they read: the network space, with as many classes as the pictures have, and the training pictures.
struct LearningInputs {
    network::NetworkSpace space;
    std::unique_ptr<data::PictureSet> training;
};

/// A result with "stopped_by" says that the budget of steps ended the phase early.

/// Searches network and accelerator together; returns {"choices": [...], "operators": [names], "feasible", ...}, with
/// "bits" and "bit_probabilities" where the space states widths.
/// `saved` is the checkpoint of an interrupted search, or null.
base::Json searchPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run, const CheckpointContent* saved,
                       autodiff::Workers& workers, StepBudget& budget, base::Log& log);

/// Trains the derived network on all training pictures into RUN/trained.
base::Json trainingPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run,
                         const base::Json& derived, const base::Json& results, const CheckpointContent* saved,
                         autodiff::Workers& workers, StepBudget& budget, base::Log& log);

/// Quantises it into RUN, then reads the test set once: accuracy as float and as quantised on the same pictures.
base::Json quantizationPhase(const CosearchStage& options, const LearningInputs& inputs, RunFolder& run, autodiff::Workers& workers, base::Log& log);

}  // namespace dna::flows
