#include <fmt/format.h>

#include <memory>

#include "flows/cli/verb.h"
#include "flows/data_source.h"
#include "flows/train.h"

namespace dna::flows {

void register_train(VerbRegistry& verbs) {
    verbs.add({.name = "train",
               .summary = "train a network on labelled pictures",
               .example = "dna train --network network.json --data shapes --out RUN",
               .declare = [](CLI::App& app) {
                   auto options = std::make_shared<TrainStage>();
                   auto data = std::make_shared<DataArguments>();
                   app.add_option("--network", options->network_json, "network file (dna.network)")->required();
                   auto pictures = std::make_shared<int>(0);
                   data->declare(app, "pictures to train on", true);
                   app.add_option("--warmup-epochs", options->recipe.warmup_epochs, "epochs in which the rate rises")
                       ->check(CLI::Range(0.0, 1000.0))
                       ->capture_default_str();
                   app.add_option("--label-smoothing", options->recipe.label_smoothing,
                                  "share of the wanted answer that goes to all classes alike")
                       ->check(CLI::Range(0.0, 0.9))
                       ->capture_default_str();
                   app.add_option("--ema-decay", options->recipe.ema_decay,
                                  "the result is the exponential mean of the weights (0: the last weights)")
                       ->check(CLI::Range(0.0, 0.999999))
                       ->capture_default_str();
                   app.add_option("--stop-after-iterations", options->stop_after,
                                  "stop with a checkpoint after so many steps of this call (0: train to the end)")
                       ->check(CLI::Range(0L, 1000000000L));
                   app.add_option("--pictures", *pictures, "training pictures to use (0: all)")
                       ->check(CLI::Range(0, 100000000));
                   app.add_option("--out", options->out, "run folder to make")->required();
                   app.add_option("--epochs", options->recipe.epochs, "passes over the pictures")
                       ->check(CLI::Range(1, 10000))
                       ->capture_default_str();
                   app.add_option("--batch", options->recipe.batch, "pictures a step")
                       ->check(CLI::Range(2, 4096))
                       ->capture_default_str();
                   app.add_option("--rate", options->recipe.rate, "peak learning rate")
                       ->check(CLI::Range(1e-8, 100.0))
                       ->capture_default_str();
                   app.add_option("--seed", options->seed, "seed of all random draws")->capture_default_str();
                   app.add_option("--threads", options->threads, "threads (0: all cores)")->check(CLI::Range(0, 256));
                   app.add_flag("--resume", options->resume, "continue a stopped run");
                   app.add_flag("--allow-drift", options->allow_drift,
                                "continue although this machine's kernels round differently");
                   return [options, data, pictures](VerbContext& context) {
                       options->source = data->source();
                       if (*pictures > 0) options->source.training = *pictures;
                       const base::Json result = trainStage(*options, context.log);
                       if (result.contains("stopped_by")) {
                           context.print(result, "stopped as asked; continue with --resume");
                           return int{kDone};
                       }
                       context.print(result, fmt::format("accuracy {:.2f} % on {} test pictures; the network is in {}",
                                                         100 * result.at("accuracy").get<double>(),
                                                         result.at("test_pictures").get<int>(), options->out.string()));
                       return int{kDone};
                   };
               }});
}

}  // namespace dna::flows
